//! SIPp as a carrier.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use cluster_runner::{Command, Port, Process};
use testphone::{Clip, Law};

const CALLS: u32 = 10;
const LIMIT: Duration = Duration::from_secs(60);

/// Calls `number` ten times, two a second, with speech; how many calls went as they should, which must be all.
pub(super) async fn calls_in(dir: &Path, clip: &Clip, number: &str, proxy: SocketAddr) -> anyhow::Result<u32> {
    let write = |name: &str, bytes: &[u8]| {
        fs::write(dir.join(name), bytes).with_context(|| format!("cannot write {}", dir.join(name).display()))
    };
    write("sipp-caller.xml", include_bytes!("caller.xml"))?;
    // The scenario plays it by this name.
    write("speech.ulaw", &clip.codes(Law::Mu))?;
    let (sip, media) = (Port::take()?, Port::take()?);
    let command = Command::new("sipp", "/usr/bin/env")
        .flag("-C", dir.display())
        .arg("sipp")
        .flag("-sf", "sipp-caller.xml")
        .flag("-s", number)
        .flag("-i", "127.0.0.1")
        .flag("-p", sip.number())
        .flag("-mi", "127.0.0.1")
        .flag("-mp", media.number())
        .flag("-m", CALLS)
        .flag("-r", 2)
        .arg("-nostdin")
        .arg("-trace_err")
        .flag("-error_file", "sipp.errors")
        .arg(proxy.to_string());
    let process = Process::start(&command, dir.join("sipp.log"))?;
    let status = tokio::time::timeout(LIMIT, process.wait()).await.context("SIPp does not end")?;
    ensure!(
        status.success(),
        "SIPp ended with {status}: see sipp.errors and sipp.log in {} (if it is not installed: scripts/install-tools.sh)",
        dir.display(),
    );
    Ok(CALLS)
}
