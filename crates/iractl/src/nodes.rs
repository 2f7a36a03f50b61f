//! `iractl nodes`: running instances and the load of the switches.

use botstream_api::NodeListRequest;
use botstream_state::{cluster, load};
use serde_json::{Value, json};

use crate::context::Target;
use crate::out;
use crate::table::{Style, Table};
use crate::time;

/// Lists the running services of the cluster, with the load of its switches
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl nodes
  iractl nodes --json")]
pub(crate) struct Args {
    /// Prints a JSON array of objects
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args, target: &Target) -> anyhow::Result<()> {
    let nats = target.nats().await?;
    let (instances, switches) =
        tokio::try_join!(target.replica(nats.clone(), cluster::options()), target.replica(nats, load::options()),)?;
    let nodes = instances.read(|connection| cluster::list(connection, &NodeListRequest::default()));
    let loads = switches.read(load::switches);
    tokio::try_join!(instances.close(), switches.close())?;
    let (nodes, loads) = (nodes?, loads?);

    let mut table = Table::new(["node", "service", "state", "calls", "capacity", "sip", "admin", "version", "up"]);
    let now_ms = time::unix_ms();
    for node in nodes {
        let load = loads.iter().find(|load| load.node == node.node && node.service == "media-switch");
        let number = |value: Option<u32>| value.map_or(Value::Null, |value| json!(value));
        table.push([
            json!(node.node),
            json!(node.service),
            json!(node.state.as_str_name()),
            number(load.map(|load| load.calls)),
            number(load.map(|load| load.capacity)),
            load.map_or(Value::Null, |load| json!(load.sip_udp)),
            json!(node.admin_addr),
            json!(node.version),
            if args.json {
                json!(node.started_ms)
            } else {
                json!(time::seconds(now_ms.saturating_sub(node.started_ms)))
            },
        ]);
    }
    out::line(table.render(if args.json { Style::Json } else { Style::Text }))?;
    if table.len() == 0 && !args.json {
        out::note(format!("no service of the cluster {} runs on {}", target.cluster, target.nats_url));
    }
    Ok(())
}
