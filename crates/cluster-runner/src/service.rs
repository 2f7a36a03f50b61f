//! One service of a cluster.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use botstream_api::node::State;
use rustix::process::Signal;

use crate::error::Error;
use crate::ports::Port;
use crate::process::{Command, Process};

const READY_LIMIT: Duration = Duration::from_secs(30);
const READY_POLL: Duration = Duration::from_millis(10);

/// One service of a cluster: its process can be killed and started again, with the same name, ports and log.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    node: String,
    client: botstream_api::Client,
    command: Command,
    log: PathBuf,
    process: Mutex<Arc<Process>>,
    /// When the last process was started, to tell what it says from what its dead predecessor said.
    started: Mutex<SystemTime>,
    /// Ended because it was told to: no failure.
    told_to_end: AtomicBool,
    sip: Option<Port>,
    admin: Port,
}

/// What a service is made of, before it runs.
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) node: String,
    pub(crate) command: Command,
    pub(crate) log: PathBuf,
    pub(crate) sip: Option<Port>,
    pub(crate) admin: Port,
}

impl Service {
    pub(crate) fn start(plan: Plan, client: botstream_api::Client) -> Result<Self, Error> {
        let Plan { name, node, command, log, sip, admin } = plan;
        let started = SystemTime::now();
        let process = Arc::new(Process::start(&command, &log)?);
        Ok(Self {
            name,
            node,
            client: client.with_timeout(Duration::from_secs(1)),
            command,
            log,
            process: Mutex::new(process),
            started: Mutex::new(started),
            told_to_end: AtomicBool::new(false),
            sip,
            admin,
        })
    }

    /// The service's name, e.g. `media-switch`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its node name in the cluster, e.g. `switch1`.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Where it takes SIP, over UDP and TCP; `None` for a service that takes none.
    #[must_use]
    pub fn sip_addr(&self) -> Option<SocketAddr> {
        self.sip.as_ref().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port.number())))
    }

    /// Where its health and metrics are.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.admin.number()))
    }

    /// Its log file; one for all of its lives.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Its process, the last one if it has been started again.
    #[must_use]
    pub fn process(&self) -> Arc<Process> {
        Arc::clone(&self.process.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether it ended without having been told to.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.process().exit_status().is_some() && !self.told_to_end.load(Ordering::Acquire)
    }

    /// Kills it (SIGKILL) and returns when it is gone: it has no chance to say goodbye to anybody.
    pub async fn kill9(&self) {
        self.told_to_end.store(true, Ordering::Release);
        self.process().kill().await;
    }

    /// Tells it to drain and end (SIGTERM); does not wait for it.
    pub fn terminate(&self) {
        self.told_to_end.store(true, Ordering::Release);
        self.process().signal(Signal::TERM);
    }

    /// Freezes it (SIGSTOP), as a machine that hangs does.
    pub fn freeze(&self) {
        self.process().signal(Signal::STOP);
    }

    /// Lets it run on (SIGCONT).
    pub fn thaw(&self) {
        self.process().signal(Signal::CONT);
    }

    /// Drains and ends it; kills it when it has not ended within `limit`.
    ///
    /// # Errors
    /// It had to be killed, had ended by itself, or ended badly.
    pub async fn stop(&self, limit: Duration) -> Result<(), Error> {
        let process = self.process();
        if process.exit_status().is_some() && self.told_to_end.load(Ordering::Acquire) {
            return Ok(());
        }
        self.told_to_end.store(true, Ordering::Release);
        process.stop(limit).await
    }

    /// Starts it again, killing it first if it runs, and waits until it is ready.
    ///
    /// # Errors
    /// It does not become ready.
    pub async fn restart(&self) -> Result<(), Error> {
        self.kill9().await;
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = SystemTime::now();
        let process = Arc::new(Process::start(&self.command, &self.log)?);
        self.told_to_end.store(false, Ordering::Release);
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = process;
        self.until_ready().await
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// It ended, or took too long.
    pub async fn until_ready(&self) -> Result<(), Error> {
        let process = self.process();
        let ready = async {
            while !self.says_ready().await {
                tokio::time::sleep(READY_POLL).await;
            }
        };
        process.until_ready(READY_LIMIT, ready).await
    }

    /// Asks the cluster, over the public API.
    async fn says_ready(&self) -> bool {
        let Ok(node) = self.client.get_node(&self.node).await else {
            return false;
        };
        let started = *self.started.lock().unwrap_or_else(PoisonError::into_inner);
        let since_epoch = started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let its_start = node.started_at.unwrap_or_default();
        let its_ms = i128::from(its_start.seconds) * 1_000 + i128::from(its_start.nanos) / 1_000_000;
        let our_ms = i128::try_from(since_epoch.as_millis()).unwrap_or(i128::MAX);
        node.state() == State::Ready && its_ms >= our_ms
    }
}
