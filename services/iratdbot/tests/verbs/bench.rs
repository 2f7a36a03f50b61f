//! A nats-server, iratdbots, and a client that speaks NATS and JSON as any application would.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use async_nats::Client;
use cluster_runner::{Command, KeySet, NatsServer, Process, WorkDir};
use serde_json::{Value, json};

pub(crate) const CLUSTER: &str = "test";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A refusal: its name and its field.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) name: String,
    pub(crate) field: String,
    pub(crate) message: String,
}

pub(crate) struct Bench {
    directory: WorkDir,
    nats: NatsServer,
    pub(crate) client: Client,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let nats = NatsServer::start().await.unwrap();
        let client = async_nats::connect(nats.url()).await.unwrap();
        let bench = Self { directory: WorkDir::temporary().unwrap(), client, nats };
        bench.keys().await;
        bench
    }

    /// A service's keys, and those of the tests' databases.
    async fn keys(&self) {
        let set = KeySet::for_tests().await.unwrap();
        std::fs::create_dir(self.keys_dir()).unwrap();
        for entry in std::fs::read_dir(set.directory("iratdbot")).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), self.keys_dir().join(entry.file_name())).unwrap();
        }
        let dialer = set.directory("dialer");
        for name in ["things", "x", "sums", "names"] {
            for kind in ["write", "read"] {
                let copy = self.keys_dir().join(format!("{name}.{kind}.pem"));
                std::fs::copy(dialer.join(format!("dialing.{kind}.pem")), copy).unwrap();
            }
        }
    }

    pub(crate) fn log(&self, node: &str) -> PathBuf {
        self.directory.path().join(format!("{node}.log"))
    }

    pub(crate) fn keys_dir(&self) -> PathBuf {
        self.directory.path().join("keys")
    }

    /// Starts an instance and waits until it answers.
    pub(crate) async fn start(&self, node: &str, flags: &[(&str, &str)]) -> Process {
        let command = Command::new(node, env!("CARGO_BIN_EXE_iratdbot"))
            .flag("--cluster", CLUSTER)
            .flag("--node", node)
            .flag("--nats-url", self.nats.url());
        let command = match flags {
            [("--no-keys", "")] => command.arg("--no-keys"),
            _ => {
                let command = command.flag("--keys-dir", self.keys_dir().display());
                flags.iter().fold(command, |command, (flag, value)| command.flag(flag, value))
            }
        };
        let process = Process::start(&command, self.log(node)).unwrap();
        eventually(&format!("{node} answers"), async || self.at(node, "list", json!({})).await.ok()).await;
        process
    }

    /// Asks whichever instance.
    pub(crate) async fn ask(&self, verb: &str, request: Value) -> Result<Value, Refusal> {
        self.request(format!("ira.v1.{CLUSTER}.db.{verb}"), request.to_string()).await
    }

    /// Asks one instance.
    pub(crate) async fn at(&self, node: &str, verb: &str, request: Value) -> Result<Value, Refusal> {
        self.request(format!("ira.v1.{CLUSTER}.at.{node}.db.{verb}"), request.to_string()).await
    }

    pub(crate) async fn request(&self, subject: String, body: String) -> Result<Value, Refusal> {
        let refusal = |name: &str| Refusal { name: name.to_owned(), field: String::new(), message: String::new() };
        let asked = self.client.request(subject, body.into());
        let reply = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) => return Err(refusal(&error.to_string())),
            Err(_) => return Err(refusal("no reply in time")),
        };
        let body: Value = serde_json::from_slice(&reply.payload).unwrap();
        let code = reply.headers.as_ref().and_then(|map| map.get("Nats-Service-Error-Code"));
        let Some(code) = code else { return Ok(body) };
        assert_eq!(code.as_str(), body["code"].to_string());
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Err(Refusal { name: text("name"), field: text("field"), message: text("message") })
    }

    /// Opens a database with one table, `t (id, v)`.
    pub(crate) async fn open(&self, node: &str, extra: Value) -> String {
        let mut request = json!({"db": "things", "schema": ["CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, v)"]});
        request.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let reply = self.at(node, "open", request).await.unwrap();
        assert_eq!(reply["ready"], true);
        reply["handle"].as_str().unwrap().to_owned()
    }

    /// All rows of `t`, as a handle sees them.
    pub(crate) async fn rows(&self, handle: &str) -> Value {
        self.try_rows(handle).await.unwrap()
    }

    async fn try_rows(&self, handle: &str) -> Result<Value, Refusal> {
        let reply = self.ask("query", json!({"handle": handle, "sql": "SELECT id, v FROM t ORDER BY id"})).await;
        reply.map(|mut reply| reply["rows"].take())
    }

    /// An instance that has just been killed may have got the question.
    pub(crate) async fn rows_become(&self, handle: &str, rows: Value) {
        let become_so = async || (self.try_rows(handle).await.ok()? == rows).then_some(());
        eventually(&format!("the rows are {rows}"), become_so).await;
    }

    /// The name of a refusal that must come.
    pub(crate) async fn refused(&self, verb: &str, request: Value) -> Refusal {
        let text = request.to_string();
        match self.ask(verb, request).await {
            Err(refusal) => refusal,
            Ok(reply) => panic!("{verb} {text} is answered by {reply}"),
        }
    }
}

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
