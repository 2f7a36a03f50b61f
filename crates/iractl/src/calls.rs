//! `iractl calls`: live calls.

use botstream_state::calls;
use serde_json::{Value, json};

use crate::context::Target;
use crate::out;
use crate::table::{Style, Table};
use crate::time;

/// Lists the live calls of the cluster
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl calls
  iractl calls --json | jq -r '.[].call_id'")]
pub(crate) struct Args {
    /// Prints a JSON array of objects
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args, target: &Target) -> anyhow::Result<()> {
    let database = target.replica(target.nats().await?, calls::options()).await?;
    let filter = |cursor| botstream_api::CallListRequest { limit: calls::LIMIT_MAX, cursor, ..Default::default() };
    let outcome = database.read(|connection| {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let (page, next) = calls::list(connection, &target.tenant, &filter(cursor))?;
            rows.extend(page);
            if next.is_empty() {
                return Ok(rows);
            }
            cursor = next;
        }
    });
    database.close().await?;

    let mut table = Table::new(["call_id", "state", "direction", "from", "to", "trunk", "bot", "age"]);
    let now_ms = time::unix_ms();
    for row in outcome? {
        let age = time::seconds(now_ms.saturating_sub(row.created_ms));
        table.push([
            json!(row.call_id),
            json!(row.state.as_str_name()),
            json!(row.direction.as_str_name()),
            json!(row.from_uri),
            json!(row.to_uri),
            json!(row.trunk),
            json!(row.bot_url),
            if args.json { json!(row.created_ms) } else { Value::String(age) },
        ]);
    }
    out::line(table.render(if args.json { Style::Json } else { Style::Text }))?;
    Ok(())
}
