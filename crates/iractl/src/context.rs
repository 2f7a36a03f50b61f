//! Which cluster is meant, and connections to it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use botstream_api::Client;
use iratdb::{IraTdb, Keys, Options};

use crate::state_file;

const NATS_URL_DEFAULT: &str = "nats://127.0.0.1:4222";
const CLUSTER_DEFAULT: &str = "main";
/// A replica of a running cluster is there within milliseconds; what takes longer does not work.
const REPLICA_LIMIT: Duration = Duration::from_secs(10);

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Global {
    /// NATS of the cluster [default: that of a running `iractl up`, else nats://127.0.0.1:4222]
    #[arg(long, global = true, env = "BOTSTREAM_NATS_URL", value_name = "URL", help_heading = "Cluster")]
    nats: Option<String>,
    /// Name of the cluster [default: that of a running `iractl up`, else main]
    #[arg(long, global = true, env = "BOTSTREAM_CLUSTER", value_name = "NAME", help_heading = "Cluster")]
    cluster: Option<String>,
    /// Directory with the operator's keys of the shared databases [default: that of a running `iractl up`]
    #[arg(
        long,
        global = true,
        env = "BOTSTREAM_KEYS_DIR",
        value_name = "DIR",
        conflicts_with = "no_keys",
        help_heading = "Cluster"
    )]
    keys_dir: Option<PathBuf>,
    /// The cluster's databases have no keys
    #[arg(long, global = true, help_heading = "Cluster")]
    no_keys: bool,
    /// Tenant to act for
    #[arg(
        long,
        global = true,
        env = "BOTSTREAM_TENANT",
        default_value = "default",
        value_name = "NAME",
        help_heading = "Cluster"
    )]
    tenant: String,
}

/// The cluster that a command talks to.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) nats_url: String,
    pub(crate) cluster: String,
    pub(crate) tenant: String,
    keys: KeySource,
}

/// Where the keys of shared databases are.
#[derive(Debug, Clone)]
enum KeySource {
    Directory(PathBuf),
    /// The databases have none.
    None,
    Unknown,
}

impl Global {
    /// The name given for the cluster, for those that make one.
    pub(crate) fn cluster_to_make(&self) -> String {
        self.cluster.clone().unwrap_or_else(|| CLUSTER_DEFAULT.to_owned())
    }

    /// What was given, else what runs on this machine, else the defaults.
    pub(crate) fn target(&self) -> Target {
        // With a URL given it is somebody else's cluster that is meant.
        let running = if self.nats.is_some() { None } else { state_file::read() };
        let (nats_url, cluster, keys_dir) = match running {
            Some(running) => (running.nats_url, running.cluster, Some(running.keys_dir)),
            None => {
                (self.nats.clone().unwrap_or_else(|| NATS_URL_DEFAULT.to_owned()), CLUSTER_DEFAULT.to_owned(), None)
            }
        };
        let keys = match self.keys_dir.clone().or(keys_dir) {
            _ if self.no_keys => KeySource::None,
            Some(directory) => KeySource::Directory(directory),
            None => KeySource::Unknown,
        };
        Target { nats_url, cluster: self.cluster.clone().unwrap_or(cluster), tenant: self.tenant.clone(), keys }
    }
}

impl Target {
    /// Connects to NATS.
    pub(crate) async fn nats(&self) -> anyhow::Result<async_nats::Client> {
        async_nats::ConnectOptions::new()
            .name("iractl")
            .connection_timeout(Duration::from_secs(3))
            .connect(&self.nats_url)
            .await
            .with_context(|| {
                format!(
                    "no NATS at {}: start a cluster with `iractl up`, or say where it is with --nats",
                    self.nats_url
                )
            })
    }

    /// A typed client.
    pub(crate) async fn client(&self) -> anyhow::Result<Client> {
        Ok(Client::new(self.nats().await?, &self.cluster, &self.tenant))
    }

    fn keys(&self, database: &str) -> anyhow::Result<Keys> {
        match &self.keys {
            KeySource::Directory(directory) => {
                Keys::from_directory(directory, database).with_context(|| format!("no keys of the database {database}"))
            }
            KeySource::None => Ok(Keys::open()),
            KeySource::Unknown => bail!(
                "the keys of the database {database} are needed: say where the operator's are with --keys-dir (`iractl keys new` made \
                 them), or --no-keys if the cluster has none"
            ),
        }
    }

    /// A replica of one of the shared databases, with everything in it.
    pub(crate) async fn replica(&self, nats: async_nats::Client, options: Options) -> anyhow::Result<IraTdb> {
        let name = options.name().to_owned();
        let node = format!("iractl-{}", std::process::id());
        let options = options.cluster(&self.cluster).node(node).nats(nats).keys(self.keys(&name)?);
        let database = IraTdb::open(options).await.with_context(|| format!("cannot open the database {name}"))?;
        tokio::time::timeout(REPLICA_LIMIT, database.ready())
            .await
            .with_context(|| {
                format!(
                    "the database {name} was not there after {REPLICA_LIMIT:?}: is the cluster {} healthy, does a service run that \
                     writes it, and are these the cluster's keys?",
                    self.cluster
                )
            })?
            .with_context(|| format!("cannot copy the database {name}"))?;
        Ok(database)
    }
}
