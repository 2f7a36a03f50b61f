//! A whole cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;
use crate::keys::KeySet;
use crate::locate;
use crate::nats::NatsServer;
use crate::ports::Port;
use crate::process::Command;
use crate::service::{Plan, Service};
use crate::workdir::WorkDir;

const DRAIN_LIMIT_DEFAULT: Duration = Duration::from_secs(10);
/// Added to the drain limit: what a service needs to end after its drain.
const STOP_MARGIN: Duration = Duration::from_secs(5);

const KEYS_DIR: &str = "--keys-dir";
const TRUNK_MANAGER: &str = "trunk-manager";
const MEDIA_SWITCH: &str = "media-switch";
const BOTPROXY: &str = "botproxy";
const DIALER: &str = "dialer";
const IRATDBOT: &str = "iratdbot";

/// A running cluster. End it with [`Cluster::stop`]; dropped without that, it is killed and its directory is kept for whoever
/// wants to know why.
#[derive(Debug)]
pub struct Cluster {
    // In this order: services end before the NATS they talk to, and both before their files go.
    services: Vec<Service>,
    nats: NatsServer,
    client: botstream_api::Client,
    name: String,
    keys: KeySet,
    stop_limit: Duration,
    directory: WorkDir,
    stopped: bool,
}

/// How a cluster is to be made.
#[derive(Debug)]
pub struct ClusterBuilder {
    name: String,
    switches: usize,
    dialers: usize,
    proxies: usize,
    trunk_managers: usize,
    iratdbots: usize,
    config: String,
    flags: Vec<(String, String, String)>,
    drain_limit: Duration,
    directory: Option<WorkDir>,
    fresh_keys: bool,
    nats_port: Option<u16>,
}

impl Default for ClusterBuilder {
    fn default() -> Self {
        Self {
            name: "main".to_owned(),
            switches: 1,
            dialers: 1,
            proxies: 1,
            trunk_managers: 1,
            iratdbots: 0,
            config: String::new(),
            flags: Vec::new(),
            drain_limit: DRAIN_LIMIT_DEFAULT,
            directory: None,
            fresh_keys: false,
            nats_port: None,
        }
    }
}

impl ClusterBuilder {
    /// The cluster's name; `main` when not given.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Number of media switches; 1 when not given. Their nodes are `switch1`, `switch2` and so on.
    #[must_use]
    pub const fn switches(mut self, count: usize) -> Self {
        self.switches = count;
        self
    }

    /// Number of dialers; 1 when not given. Their nodes are `dialer1` and so on.
    #[must_use]
    pub const fn dialers(mut self, count: usize) -> Self {
        self.dialers = count;
        self
    }

    /// Number of botproxies; 1 when not given. Their nodes are `proxy1` and so on.
    #[must_use]
    pub const fn proxies(mut self, count: usize) -> Self {
        self.proxies = count;
        self
    }

    /// Number of iratdbots; none when not given. Their nodes are `db1` and so on.
    #[must_use]
    pub const fn iratdbots(mut self, count: usize) -> Self {
        self.iratdbots = count;
        self
    }

    /// Trunks, numbers, routes and bots, as in the trunk-manager's file.
    #[must_use]
    pub fn config(mut self, toml: impl Into<String>) -> Self {
        self.config = toml.into();
        self
    }

    /// Gives every instance of a service one more flag.
    #[must_use]
    pub fn flag(mut self, service: &str, flag: &str, value: impl ToString) -> Self {
        self.flags.push((service.to_owned(), flag.to_owned(), value.to_string()));
        self
    }

    /// How long the services may take to drain; 10 s when not given.
    #[must_use]
    pub const fn drain_limit(mut self, limit: Duration) -> Self {
        self.drain_limit = limit;
        self
    }

    /// Where logs and stores are kept; a temporary directory when not given.
    #[must_use]
    pub fn directory(mut self, directory: WorkDir) -> Self {
        self.directory = Some(directory);
        self
    }

    /// Gives it keys of its own, in the directory `keys` of its directory, where those of an earlier cluster are used again; when not
    /// asked for, those that all tests share.
    #[must_use]
    pub const fn fresh_keys(mut self) -> Self {
        self.fresh_keys = true;
        self
    }

    /// The port of NATS; a free one when not given.
    #[must_use]
    pub const fn nats_port(mut self, port: Option<u16>) -> Self {
        self.nats_port = port;
        self
    }

    /// Starts nats-server and the services, and waits until all are ready.
    ///
    /// # Errors
    /// A program is missing, or one does not become ready. What had been started is ended, its logs are kept.
    pub async fn start(self) -> Result<Cluster, Error> {
        // What is missing shows before anything runs.
        for service in [TRUNK_MANAGER, MEDIA_SWITCH, BOTPROXY, DIALER] {
            locate::service_binary(service)?;
        }
        if self.iratdbots > 0 {
            locate::service_binary(IRATDBOT)?;
        }
        let mut directory = self.directory.map_or_else(WorkDir::temporary, Ok)?;
        let root = directory.path().to_owned();
        // Removed at a good end; kept, because `stopped` is not set, at any other.
        let own_directory_is_temporary = directory.is_temporary();
        directory.keep(true);
        let config = root.join("telephony.toml");
        fs::write(&config, &self.config).map_err(Error::io(format!("writing {}", config.display())))?;

        let keys = if self.fresh_keys {
            let keys = KeySet::at(root.join("keys"));
            keys.complete().await?;
            keys
        } else {
            KeySet::for_tests().await?
        };

        let mut nats = NatsServer::builder().directory(WorkDir::at(root.join("nats"))?);
        if let Some(port) = self.nats_port {
            nats = nats.port(port);
        }
        let nats = nats.start().await?;
        let client = async_nats::connect(nats.url())
            .await
            .map_err(|error| Error::Nats { url: nats.url().to_owned(), detail: error.to_string() })?;
        let client = botstream_api::Client::new(client, &self.name, botstream_api::subjects::DEFAULT_TENANT);
        let mut cluster = Cluster {
            services: Vec::new(),
            nats,
            client,
            name: self.name,
            keys,
            stop_limit: self.drain_limit + STOP_MARGIN,
            directory,
            stopped: false,
        };

        let plans = Plans { config: &config, root: &root, flags: &self.flags, drain_limit: self.drain_limit };
        // In two waves: what chooses among switches joins when they are there, and has their rows when it is ready.
        let first_wave = [
            (TRUNK_MANAGER, "trunks", self.trunk_managers),
            (MEDIA_SWITCH, "switch", self.switches),
            (IRATDBOT, "db", self.iratdbots),
        ];
        let second_wave = [(BOTPROXY, "proxy", self.proxies), (DIALER, "dialer", self.dialers)];
        for wave in [&first_wave[..], &second_wave] {
            let first = cluster.services.len();
            for &(name, prefix, count) in wave {
                for number in 1..=count {
                    let plan = plans.plan(&cluster, name, format!("{prefix}{number}"))?;
                    let service = Service::start(plan, cluster.client.clone())?;
                    cluster.services.push(service);
                }
            }
            for service in cluster.services.iter().skip(first) {
                service.until_ready().await?;
            }
        }
        cluster.directory.keep(!own_directory_is_temporary);
        Ok(cluster)
    }
}

/// What all services of a cluster have in common.
struct Plans<'a> {
    config: &'a Path,
    root: &'a Path,
    flags: &'a [(String, String, String)],
    drain_limit: Duration,
}

impl Plans<'_> {
    fn plan(&self, cluster: &Cluster, name: &'static str, node: String) -> Result<Plan, Error> {
        let admin = Port::take()?;
        let mut command = Command::new(&node, locate::service_binary(name)?)
            // Its log is a file.
            .env("NO_COLOR", "1")
            .flag("--cluster", &cluster.name)
            .flag("--node", &node)
            .flag("--nats-url", cluster.nats.url())
            .flag("--admin-listen", format_args!("127.0.0.1:{}", admin.number()))
            .flag("--drain-limit", format_args!("{}ms", self.drain_limit.as_millis()));
        let mut sip = None;
        match name {
            TRUNK_MANAGER => command = command.flag("--telephony-file", self.config.display()),
            MEDIA_SWITCH | BOTPROXY => {
                let port = Port::take()?;
                let address = format!("127.0.0.1:{}", port.number());
                command = command.flag("--sip-udp", &address).flag("--sip-tcp", &address);
                if name == MEDIA_SWITCH {
                    // From the kernel: switches of several clusters never look for the same ones.
                    command = command.flag("--rtp-ports", 0);
                }
                sip = Some(port);
            }
            _ => {}
        }
        let flags = || self.flags.iter().filter(|(service, ..)| service == name);
        if !flags().any(|(_, flag, _)| flag == KEYS_DIR) {
            command = command.flag(KEYS_DIR, cluster.keys.directory(name).display());
        }
        for (_, flag, value) in flags() {
            command = command.flag(flag, value);
        }
        let log = self.root.join(format!("{node}.log"));
        Ok(Plan { name, node, command, log, sip, admin })
    }
}

impl Cluster {
    /// To make one.
    #[must_use]
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder::default()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its NATS is.
    #[must_use]
    pub fn nats_url(&self) -> &str {
        self.nats.url()
    }

    /// The keys of its shared databases.
    #[must_use]
    pub const fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// Its nats-server.
    #[must_use]
    pub const fn nats(&self) -> &NatsServer {
        &self.nats
    }

    /// A client of its API, for the default tenant; it has a connection to its NATS too.
    #[must_use]
    pub const fn client(&self) -> &botstream_api::Client {
        &self.client
    }

    /// The services of one name, in the order of their numbers.
    pub fn services_named(&self, name: &str) -> impl Iterator<Item = &Service> {
        self.services.iter().filter(move |service| service.name() == name)
    }

    /// All services.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The service of this name with this number, counted from 0.
    ///
    /// # Panics
    /// There is none: the cluster was built without it.
    #[must_use]
    pub fn service(&self, name: &str, number: usize) -> &Service {
        match self.services_named(name).nth(number) {
            Some(service) => service,
            None => panic!("the cluster has no {name} number {number}"),
        }
    }

    /// The service with this node name.
    #[must_use]
    pub fn node(&self, node: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.node() == node)
    }

    /// Where its logs are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Name and file of every log.
    pub fn logs(&self) -> impl Iterator<Item = (&str, PathBuf)> {
        let nats = ("nats-server", self.nats.process().log().to_owned());
        std::iter::once(nats).chain(self.services.iter().map(|service| (service.node(), service.log().to_owned())))
    }

    /// Waits until a service ends that was not told to.
    pub async fn failed(&self) -> &Service {
        loop {
            if let Some(service) = self.services.iter().find(|service| service.has_failed()) {
                return service;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Drains and ends all services, then NATS.
    ///
    /// # Errors
    /// One had ended by itself, ended badly, or had to be killed. The first such failure is told, and the logs are kept.
    pub async fn stop(mut self) -> Result<(), Error> {
        let mut outcome = Ok(());
        // Who serves others first, then who brings calls, then who carries them: nobody is sent to a switch that is gone.
        for name in [IRATDBOT, DIALER, BOTPROXY, MEDIA_SWITCH, TRUNK_MANAGER] {
            let stops = self.services_named(name).map(|service| service.stop(self.stop_limit));
            let results = futures_util::future::join_all(stops).await;
            outcome = results.into_iter().fold(outcome, |first, next| first.and(next));
        }
        outcome = outcome.and(self.nats.process().stop_with(rustix::process::Signal::INT, STOP_MARGIN).await);
        self.stopped = outcome.is_ok();
        outcome
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !self.stopped {
            self.directory.keep(true);
            use std::io::Write;
            // For whoever reads a test's output; when it cannot be written there is nobody to tell.
            let place = self.directory.path().display();
            writeln!(std::io::stderr(), "cluster {}: not stopped in good order; logs are in {place}", self.name)
                .unwrap_or_default();
        }
    }
}
