//! One service, one nats-server.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use botstream_api::node::State;
use botstream_api::{Client, Node};
use cluster_runner::{Command, NatsServer, Process, WorkDir};

pub(crate) const CLUSTER: &str = "test";
const PATIENCE: Duration = Duration::from_secs(30);

/// The example is built with the tests, beside them.
pub(crate) fn program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let program = path.join("examples/echo-service");
    let how = "build it first: cargo build -p iracluster --example echo-service";
    assert!(program.exists(), "{} is missing; {how}", program.display());
    program
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) struct Instance {
    pub(crate) node: String,
    pub(crate) process: Process,
    _directory: WorkDir,
}

impl Instance {
    pub(crate) fn start(nats_url: &str, node: &str, flags: &[(&str, &str)]) -> Self {
        let flags: Vec<_> = flags.iter().map(|(name, value)| (*name, Some(*value))).collect();
        Self::start_with(nats_url, node, &flags)
    }

    /// A flag without a value is a switch.
    pub(crate) fn start_with(nats_url: &str, node: &str, flags: &[(&str, Option<&str>)]) -> Self {
        let mut command = Command::new(node, program())
            .flag("--cluster", CLUSTER)
            .flag("--node", node)
            .flag("--zone", "z1")
            .flag("--nats-url", nats_url);
        if !flags.iter().any(|(name, _)| *name == "--keys-dir") {
            command = command.arg("--no-keys");
        }
        for (name, value) in flags {
            command = match value {
                Some(value) => command.flag(name, value),
                None => command.arg(name),
            };
        }
        let directory = WorkDir::temporary().unwrap();
        let process = Process::start(&command, directory.path().join("log")).unwrap();
        Self { node: node.to_owned(), process, _directory: directory }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.process.log()).unwrap()
    }

    pub(crate) async fn ended(&self) -> ExitStatus {
        let end = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        end.unwrap_or_else(|_| panic!("does not end:\n{}", self.log()))
    }

    /// Its row, once it is in this state.
    pub(crate) async fn in_state(&self, client: &Client, state: State) -> Node {
        let what = format!("{} is {state:?}", self.node);
        eventually(&what, async || {
            assert_eq!(self.process.exit_status(), None, "{}", self.log());
            let node = client.get_node(&self.node).await.ok()?;
            (node.state() == state).then_some(node)
        })
        .await
    }
}

pub(crate) async fn client(nats: &NatsServer) -> Client {
    let nats = async_nats::connect(nats.url()).await.unwrap();
    Client::new(nats, CLUSTER, "default").with_timeout(Duration::from_secs(10))
}

/// A nats-server, a client, and one instance that is ready.
pub(crate) async fn ready() -> (NatsServer, Client, Instance, Node) {
    let nats = NatsServer::start().await.unwrap();
    let client = client(&nats).await;
    let instance = Instance::start(nats.url(), "n1", &[]);
    let node = instance.in_state(&client, State::Ready).await;
    (nats, client, instance, node)
}
