//! `iractl apply`, `diff`, `export`, and `trunk`, `number`, `route`, `bot`: the cluster's telephony, from and to YAML.

mod change;
mod document;
mod kind;
mod show;

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use botstream_api::Client;

use crate::context::Target;
use crate::out;
use change::Plan;
use document::Document;
pub(crate) use show::{NumberArgs, RouteArgs, ShowCommand, TrunkArgs, bot, number, route, trunk};

const SHAPE: &str = "\
The file has lists trunks, numbers, routes and bots, whose fields are those of the trunk-manager's file, without auth and tenant:

  trunks:
    - name: carrier
      addresses: [192.0.2.0/24]
      peer: sip.carrier.example:5060
  numbers:
    - number: \"+493012345\"      # in quotes: it is no quantity
      route: sales
  routes:
    - name: sales
      bot: agent
  bots:
    - name: agent
      url: wss://bots.example/agent
";

/// Brings trunks, numbers, routes and bots to what a YAML file says
///
/// Prints each change. What the file does not have stays, unless --prune. What the trunk-manager's own file declares is left alone when it
/// is the same, else nothing is done.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{SHAPE}
Examples:
  iractl apply -f telephony.yaml
  iractl export | sed s/agent-6/agent-7/ | iractl apply -f -"))]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    source: Source,
}

/// Shows what `iractl apply` would change; ends with 1 when that is something
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{SHAPE}
Examples:
  iractl diff -f telephony.yaml --prune"))]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, clap::Args)]
struct Source {
    /// YAML file; - is standard input
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Deletes what the file does not have, too
    #[arg(long)]
    prune: bool,
}

/// Prints trunks, numbers, routes and bots as YAML, for `iractl apply`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Credentials are not part of it: nobody but who shows them can read them.

Examples:
  iractl export > telephony.yaml")]
pub(crate) struct ExportArgs {}

/// Largest file that is read: some 100,000 numbers.
const FILE_BYTES_MAX: u64 = 16 << 20;

impl Source {
    async fn plan(&self, client: &Client) -> anyhow::Result<Plan> {
        let text = read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let wanted = Document::parse(&text).with_context(|| self.file.display().to_string())?;
        let present = Document::of_cluster(client).await?;
        Plan::make(wanted, present, self.prune)
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    }
    if text.len() as u64 > FILE_BYTES_MAX {
        bail!("it is larger than {FILE_BYTES_MAX} bytes");
    }
    Ok(text)
}

pub(crate) async fn apply(args: ApplyArgs, target: &Target) -> anyhow::Result<()> {
    let client = target.client().await?;
    let plan = args.source.plan(&client).await?;
    let outcome = plan.carry_out(&client).await?;
    out::note(outcome.to_string());
    if outcome.failed > 0 {
        bail!("{} of {} changes were refused", outcome.failed, outcome.changes());
    }
    Ok(())
}

pub(crate) async fn diff(args: DiffArgs, target: &Target) -> anyhow::Result<()> {
    let client = target.client().await?;
    let plan = args.source.plan(&client).await?;
    plan.print()?;
    match plan.len() {
        0 => Ok(()),
        1 => bail!("1 difference"),
        count => bail!("{count} differences"),
    }
}

pub(crate) async fn export(_args: ExportArgs, target: &Target) -> anyhow::Result<()> {
    let document = Document::of_cluster(&target.client().await?).await?;
    out::line(document.to_yaml()?.trim_end())?;
    Ok(())
}
