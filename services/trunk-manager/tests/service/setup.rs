//! A real service, a real nats-server, and a copy of the databases.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use botstream_api::node::State;
use botstream_api::{Client, Error, ErrorDetail, Trunk, subjects};
use botstream_state::{config, secrets};
use cluster_runner::{Command, KeySet, NatsServer, Process, WorkDir};
use iratdb::IraTdb;
use serde_json::{Value, json};

pub(crate) const CLUSTER: &str = "test";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const NEVER: &str = "1h";
pub(crate) const OFTEN: &str = "20ms";

pub(crate) const FIRST: &str = r#"
    trunks = [{ name = "a", peer = "192.0.2.1:5060" }]
    numbers = [{ number = "*", route = "r" }]
    routes = [{ name = "r", bot = "echo" }]
    bots = [{ name = "echo", url = "ws://127.0.0.1:1/" }]
"#;

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

pub(crate) struct Bench {
    pub(crate) directory: WorkDir,
    pub(crate) nats: NatsServer,
    pub(crate) client: Client,
    pub(crate) keys: KeySet,
    pub(crate) db: IraTdb,
    pub(crate) secrets: IraTdb,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with_nats(NatsServer::start().await.unwrap()).await
    }

    pub(crate) async fn with_nats(nats: NatsServer) -> Self {
        let keys = KeySet::for_tests().await.unwrap();
        let (client, db, secrets) = Self::copies(&nats, &keys).await;
        Self { directory: WorkDir::temporary().unwrap(), client, nats, keys, db, secrets }
    }

    async fn copies(nats: &NatsServer, keys: &KeySet) -> (Client, IraTdb, IraTdb) {
        let connection = async_nats::connect(nats.url()).await.unwrap();
        let open = async |options: iratdb::Options| {
            let writer = keys.writer(options.name()).unwrap();
            let db = IraTdb::open(options.cluster(CLUSTER).nats(connection.clone()).keys(writer)).await.unwrap();
            db.ready().await.unwrap();
            db
        };
        let (db, secrets) = (open(config::options()).await, open(secrets::options()).await);
        let client = Client::new(connection.clone(), CLUSTER, "default");
        (client, db, secrets)
    }

    /// NATS and all copies of the databases: what is in no store is gone.
    pub(crate) async fn restart_all(&mut self) {
        self.db.close().await.unwrap();
        self.secrets.close().await.unwrap();
        self.nats.restart().await.unwrap();
        (self.client, self.db, self.secrets) = Self::copies(&self.nats, &self.keys).await;
    }

    /// Creates a trunk with an idempotency key.
    pub(crate) async fn create_with_key(&self, key: &str, body: &Value) -> Value {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert(botstream_api::headers::IDEMPOTENCY_KEY, key);
        let subject = subjects::request(CLUSTER, "default", "trunk", "create");
        let reply = self.client.nats().request_with_headers(subject, headers, body.to_string().into()).await.unwrap();
        serde_json::from_slice(&reply.payload).unwrap()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("telephony.toml")
    }

    pub(crate) fn write(&self, text: &str) {
        // As editors and ConfigMaps do it: whole files replace each other.
        let fresh = self.directory.path().join("fresh");
        std::fs::write(&fresh, text).unwrap();
        std::fs::rename(fresh, self.file()).unwrap();
    }

    /// With the telephony file, looked at every so often; or without.
    pub(crate) fn start(&self, node: &str, poll: Option<&str>) -> Process {
        let mut command = Command::new(node, env!("CARGO_BIN_EXE_trunk-manager"))
            .flag("--cluster", CLUSTER)
            .flag("--node", node)
            .flag("--nats-url", self.nats.url())
            .flag("--keys-dir", self.keys.directory("trunk-manager").display());
        if let Some(poll) = poll {
            command = command.flag("--telephony-file", self.file().display()).flag("--telephony-poll", poll);
        }
        Process::start(&command, self.directory.path().join(format!("{node}.log"))).unwrap()
    }

    pub(crate) async fn ready(&self, node: &str) {
        eventually(&format!("{node} is ready"), async || {
            let row = self.client.get_node(node).await.ok()?;
            (row.state() == State::Ready).then_some(())
        })
        .await;
    }

    pub(crate) fn trunks(&self) -> Vec<String> {
        let trunks: Vec<Trunk> = self.db.read(config::all).unwrap();
        trunks.into_iter().map(|trunk| trunk.peer).collect()
    }

    pub(crate) async fn trunks_become(&self, peers: &[&str]) {
        eventually(&format!("the trunks are {peers:?}"), async || (self.trunks() == peers).then_some(())).await;
    }

    pub(crate) fn log(&self, node: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(format!("{node}.log"))).unwrap()
    }

    /// A request as a person types it.
    pub(crate) async fn ask(&self, subject: &str, body: Value) -> Result<Value, Error> {
        let subject = subject.split_once('.').map(|(noun, verb)| subjects::request(CLUSTER, "default", noun, verb));
        let reply = self.client.nats().request(subject.unwrap(), body.to_string().into()).await.unwrap();
        let is_error = reply.headers.is_some_and(|headers| headers.get("Nats-Service-Error-Code").is_some());
        if is_error {
            let detail: ErrorDetail = botstream_api::from_json(&reply.payload).unwrap();
            return Err(Error::from_detail(detail));
        }
        Ok(serde_json::from_slice(&reply.payload).unwrap())
    }

    pub(crate) async fn create(&self, noun: &str, body: &Value) -> Result<Value, Error> {
        self.ask(&format!("{noun}.create"), body.clone()).await
    }

    /// The URL that calls of a number are streamed to, by this copy of `config`.
    pub(crate) fn url_of(&self, number: &str) -> Option<String> {
        let stream = self.db.read(|conn| match config::route_of_number(conn, "default", "a", number)? {
            Some(route) => config::stream_of_route(conn, &route),
            None => Ok(None),
        });
        stream.unwrap().map(|stream| stream.url)
    }
}

pub(crate) fn trunk(name: &str) -> Value {
    json!({"name": name, "peer": format!("{name}.example:5060")})
}
