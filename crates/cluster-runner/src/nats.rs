//! A nats-server of one's own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;

use crate::error::Error;
use crate::locate;
use crate::ports::Port;
use crate::process::{Command, Process};
use crate::workdir::WorkDir;

const READY_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A running nats-server with JetStream, its store in a directory of its own. Dropped, it ends and its files are removed
/// (kept when a panic is the reason).
#[derive(Debug)]
pub struct NatsServer {
    process: Process,
    command: Command,
    url: String,
    ports_file_dir: PathBuf,
    _port: Option<Port>,
    directory: WorkDir,
}

/// How a nats-server is to be started.
#[derive(Debug, Default)]
pub struct NatsServerBuilder {
    directory: Option<WorkDir>,
    port: Option<u16>,
    config: String,
}

impl NatsServerBuilder {
    /// Keeps its files there instead of in a temporary directory.
    #[must_use]
    pub fn directory(mut self, directory: WorkDir) -> Self {
        self.directory = Some(directory);
        self
    }

    /// Listens on this port of 127.0.0.1 instead of on a free one.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Adds lines to its configuration file (accounts, TLS, limits).
    #[must_use]
    pub fn config(mut self, lines: &str) -> Self {
        self.config.push_str(lines);
        self.config.push('\n');
        self
    }

    /// Starts it and waits until it takes connections.
    ///
    /// # Errors
    /// There is no nats-server, or it does not become ready.
    pub async fn start(self) -> Result<NatsServer, Error> {
        let (program, _) = locate::nats_server()?;
        let directory = self.directory.map_or_else(WorkDir::temporary, Ok)?;
        let (number, port) = match self.port {
            Some(number) => (number, None),
            None => {
                let port = Port::take()?;
                (port.number(), Some(port))
            }
        };
        let root = directory.path();
        let config = root.join("nats-server.conf");
        let store = root.join("jetstream");
        let ports_file_dir = root.join("nats-ports");
        fs::create_dir_all(&ports_file_dir).map_err(Error::io(format!("creating {}", ports_file_dir.display())))?;
        let text = format!(
            "listen: \"127.0.0.1:{number}\"\nports_file_dir: {ports_file_dir:?}\njetstream {{ store_dir: {store:?} }}\n{}",
            self.config,
        );
        fs::write(&config, text).map_err(Error::io(format!("writing {}", config.display())))?;
        let command = Command::new("nats-server", program).arg("--config").arg(config);
        let process = Process::start(&command, root.join("nats-server.log"))?;
        let mut server = NatsServer {
            process,
            command,
            url: format!("nats://127.0.0.1:{number}"),
            ports_file_dir,
            _port: port,
            directory,
        };
        server.until_ready().await.inspect_err(|_| server.directory.keep(true))?;
        Ok(server)
    }
}

impl NatsServer {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// There is no nats-server, or it does not become ready.
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// To start one with choices.
    #[must_use]
    pub fn builder() -> NatsServerBuilder {
        NatsServerBuilder::default()
    }

    /// `nats://127.0.0.1:port`; the same after a restart.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process.
    #[must_use]
    pub const fn process(&self) -> &Process {
        &self.process
    }

    /// Where its files are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Kills it (SIGKILL); [`restart`](Self::restart) brings it back with what its store holds.
    pub async fn kill(&self) {
        self.process.kill().await;
    }

    /// Starts it again on the same port with the same store. If it still runs it is killed first.
    ///
    /// # Errors
    /// It does not become ready.
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.process.kill().await;
        self.process = Process::start(&self.command, self.process.log().to_owned())?;
        self.until_ready().await
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// It had ended already, or would not.
    pub async fn stop(mut self) -> Result<(), Error> {
        // On SIGTERM it ends just as well, but with 1.
        self.process.stop_with(Signal::INT, STOP_LIMIT).await.inspect_err(|_| self.directory.keep(true))
    }

    /// Ready is when its ports file is there, which it writes when it listens. Each start has a file of its own, named by
    /// the process id.
    async fn until_ready(&self) -> Result<(), Error> {
        let file = self.ports_file_dir.join(format!("nats-server_{}.ports", self.process.id()));
        let listening = async {
            loop {
                match fs::read(&file) {
                    // It is written in one go, but not renamed into place: half of it is no JSON.
                    Ok(bytes) if serde_json::from_slice::<serde_json::Value>(&bytes).is_ok() => {
                        return Ok(());
                    }
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(source) => {
                        return Err(Error::Io { action: format!("reading {}", file.display()), source });
                    }
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        self.process.until_ready(READY_LIMIT, listening).await?
    }
}
