//! `iractl doctor`: what is missing, and how to get it.

use std::net::{Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;
use serde_json::json;

use crate::context::Target;
use crate::out;
use crate::table::{Style, Table};

const SERVICES: [&str; 5] = ["media-switch", "botproxy", "dialer", "trunk-manager", "iratdbot"];

/// Says what this machine has and what it lacks to run BotStream
///
/// Ends with 1 when something is missing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl doctor
  iractl doctor --json")]
pub(crate) struct Args {
    /// Prints a JSON array of objects
    #[arg(long)]
    json: bool,
}

#[derive(Debug)]
struct Finding {
    what: String,
    /// `None`: not needed now.
    good: Option<bool>,
    detail: String,
}

impl Finding {
    fn new(what: impl Into<String>, good: impl Into<Option<bool>>, detail: impl Into<String>) -> Self {
        Self { what: what.into(), good: good.into(), detail: detail.into() }
    }
}

pub(crate) async fn run(args: Args, target: &Target) -> anyhow::Result<()> {
    let mut findings = tools();
    findings.extend(SERVICES.map(service));
    findings.push(sip_port());
    findings.push(nats(target).await);

    let missing = findings.iter().filter(|finding| finding.good == Some(false)).count();
    let mut table = Table::new(["check", "state", "detail"]);
    for finding in findings {
        let state = match finding.good {
            Some(true) => "ok",
            Some(false) => "missing",
            None => "note",
        };
        table.push([json!(finding.what), json!(state), json!(finding.detail)]);
    }
    out::line(table.render(if args.json { Style::Json } else { Style::Text }))?;
    if missing > 0 {
        bail!("{missing} of these are missing: the detail says how to get each");
    }
    Ok(())
}

/// The programs that the installing script knows: it is asked, so that what it would install and what is looked for here
/// are the same.
fn tools() -> Vec<Finding> {
    let Some(script) = script() else {
        return vec![match cluster_runner::nats_server() {
            Ok((path, version)) => Finding::new("nats-server", true, format!("{version}, {}", path.display())),
            Err(error) => Finding::new("nats-server", false, error.to_string()),
        }];
    };
    let output = match Command::new(&script).arg("--check").output() {
        Ok(output) => output,
        Err(error) => {
            return vec![Finding::new("tools", false, format!("{}: {error}", script.display()))];
        }
    };
    String::from_utf8_lossy(&output.stdout).lines().filter_map(finding).collect()
}

/// Reads a line of `install-tools.sh --check`: name, found or missing, version or hint, path.
fn finding(line: &str) -> Option<Finding> {
    let mut fields = line.split('\t');
    let (name, state, detail) = (fields.next()?, fields.next()?, fields.next()?);
    let path = fields.next().filter(|path| !path.is_empty());
    let detail = path.map_or_else(|| detail.to_owned(), |path| format!("{detail}, {path}"));
    Some(Finding::new(name, state == "found", detail))
}

fn script() -> Option<PathBuf> {
    let starts = [std::env::current_exe().ok(), std::env::current_dir().ok()];
    starts
        .iter()
        .flatten()
        .flat_map(|start| start.ancestors())
        .map(|directory| directory.join("scripts/install-tools.sh"))
        .find(|path| path.is_file())
}

fn service(name: &str) -> Finding {
    match cluster_runner::service_binary(name) {
        Ok(path) => Finding::new(name, true, path.display().to_string()),
        Err(error) => Finding::new(name, false, error.to_string()),
    }
}

fn sip_port() -> Finding {
    match UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 5060)) {
        Ok(_) => Finding::new("UDP port 5060", true, "free"),
        Err(error) => Finding::new("UDP port 5060", None, format!("{error}: `iractl up` uses other ports anyway")),
    }
}

async fn nats(target: &Target) -> Finding {
    match target.nats().await {
        Ok(client) => {
            let info = client.server_info();
            let jetstream = if info.jetstream { "with" } else { "without" };
            Finding::new("NATS", true, format!("{} is version {} {jetstream} JetStream", target.nats_url, info.version))
        }
        // Not an error: nobody has said that a cluster should run.
        Err(_) => Finding::new("NATS", None, format!("nothing at {}: `iractl up` starts a cluster", target.nats_url)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_lines_are_understood() {
        let found = finding("sipp\tfound\t3.6.1\t/usr/bin/sipp").unwrap();
        assert_eq!((found.good, found.detail.as_str()), (Some(true), "3.6.1, /usr/bin/sipp"));
        let missing = finding("sipp\tmissing\tapt-get install sip-tester\t").unwrap();
        assert_eq!((missing.good, missing.detail.as_str()), (Some(false), "apt-get install sip-tester"));
        assert!(finding("garbage").is_none());
    }
}
