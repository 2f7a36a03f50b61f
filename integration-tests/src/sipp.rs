//! SIPp as a peer.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use cluster_runner::{Command, Port, Process};

/// Longest run of a scenario.
const LIMIT: Duration = Duration::from_secs(120);

/// How SIPp is to run a scenario.
#[derive(Debug)]
pub struct SippBuilder {
    scenario: String,
    flags: Vec<(String, String)>,
    switches: Vec<String>,
    port: Port,
    media: [Port; 3],
}

/// A SIPp run.
#[derive(Debug)]
pub struct Sipp {
    process: Process,
    errors: PathBuf,
    // Held until SIPp has ended.
    _ports: (Port, [Port; 3]),
}

impl Sipp {
    /// A run of `integration-tests/sipp/<scenario>.xml`.
    pub fn scenario(scenario: &str) -> anyhow::Result<SippBuilder> {
        Ok(SippBuilder {
            scenario: scenario.to_owned(),
            flags: Vec::new(),
            switches: Vec::new(),
            port: Port::take()?,
            media: media_ports()?,
        })
    }

    /// Waits for its end; every call must have gone as the scenario says.
    pub async fn passes(self) -> anyhow::Result<()> {
        let status = tokio::time::timeout(LIMIT, self.process.wait()).await.context("SIPp does not end")?;
        let errors = std::fs::read_to_string(&self.errors).unwrap_or_default();
        ensure!(
            status.code() == Some(0),
            "{} ended with {status}: {}\n{}",
            self.process.name(),
            errors.lines().take(40).collect::<Vec<_>>().join("\n"),
            self.process.log_tail(),
        );
        Ok(())
    }
}

/// Ports in a row: SIPp takes audio on the one that it is told, and video on the second after it.
fn media_ports() -> anyhow::Result<[Port; 3]> {
    loop {
        let ports = [Port::take()?, Port::take()?, Port::take()?];
        let [audio, _, video] = &ports;
        if video.number() == audio.number() + 2 {
            return Ok(ports);
        }
    }
}

impl SippBuilder {
    /// Where it will take SIP.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port.number()))
    }

    /// Adds a flag with a value.
    #[must_use]
    pub fn flag(mut self, name: &str, value: impl Display) -> Self {
        self.flags.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a flag without a value.
    #[must_use]
    pub fn switch(mut self, name: &str) -> Self {
        self.switches.push(name.to_owned());
        self
    }

    /// Runs `calls` calls at `rate` a second, to `remote` where SIPp calls. Files that the scenario plays, and those that
    /// SIPp writes, are in `directory`.
    pub fn start(self, directory: &Path, calls: u32, rate: u32, remote: Option<SocketAddr>) -> anyhow::Result<Sipp> {
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("sipp").join(&self.scenario).with_extension("xml");
        let errors = directory.join(format!("sipp-{}.errors", self.scenario));
        // Scenarios name the files they play without a directory: `env -C` sets the working directory.
        let mut command = Command::new(format!("sipp-{}", self.scenario), "/usr/bin/env")
            .flag("-C", directory.display())
            .arg("sipp")
            .flag("-sf", scenario.display())
            .flag("-i", "127.0.0.1")
            .flag("-p", self.port.number())
            .flag("-mi", "127.0.0.1")
            .flag("-mp", self.media[0].number())
            .flag("-m", calls)
            .flag("-r", rate)
            // Far below any limit on open files.
            .flag("-max_socket", 1_000)
            .arg("-nostdin")
            .arg("-trace_err")
            .flag("-error_file", errors.display());
        for (name, value) in &self.flags {
            command = command.flag(name, value);
        }
        for name in &self.switches {
            command = command.arg(name);
        }
        if let Some(remote) = remote {
            command = command.arg(remote.to_string());
        }
        let process = Process::start(&command, directory.join(format!("sipp-{}.log", self.scenario)))?;
        Ok(Sipp { process, errors, _ports: (self.port, self.media) })
    }
}
