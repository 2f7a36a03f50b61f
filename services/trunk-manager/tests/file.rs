//! The `config` database follows the telephony file: a real service, a real nats-server, and a copy of the database.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use botstream_api::node::State;
use botstream_api::{Client, Trunk};
use botstream_state::{config, secrets};
use cluster_runner::{Command, KeySet, NatsServer, Process, Signal, WorkDir};
use iratdb::IraTdb;

const CLUSTER: &str = "test";
const PATIENCE: Duration = Duration::from_secs(30);
const NEVER: &str = "1h";
const OFTEN: &str = "20ms";

const FIRST: &str = r#"
    trunks = [{ name = "a", peer = "192.0.2.1:5060" }]
    numbers = [{ number = "*", route = "r" }]
    routes = [{ name = "r", bot = "echo" }]
    bots = [{ name = "echo", url = "ws://127.0.0.1:1/" }]
"#;

async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

struct Bench {
    directory: WorkDir,
    nats: NatsServer,
    client: Client,
    keys: KeySet,
    db: IraTdb,
    secrets: IraTdb,
}

impl Bench {
    async fn new() -> Self {
        let nats = NatsServer::start().await.unwrap();
        let connection = async_nats::connect(nats.url()).await.unwrap();
        let keys = KeySet::for_tests().await.unwrap();
        let open = async |options: iratdb::Options| {
            let writer = keys.writer(options.name()).unwrap();
            let db = IraTdb::open(options.cluster(CLUSTER).nats(connection.clone()).keys(writer)).await.unwrap();
            db.ready().await.unwrap();
            db
        };
        let (db, secrets) = (open(config::options()).await, open(secrets::options()).await);
        let client = Client::new(connection.clone(), CLUSTER, "default");
        Self { directory: WorkDir::temporary().unwrap(), client, nats, keys, db, secrets }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("telephony.toml")
    }

    fn write(&self, text: &str) {
        // As editors and ConfigMaps do it: whole files replace each other.
        let fresh = self.directory.path().join("fresh");
        std::fs::write(&fresh, text).unwrap();
        std::fs::rename(fresh, self.file()).unwrap();
    }

    fn start(&self, node: &str, poll: &str) -> Process {
        let command = Command::new(node, env!("CARGO_BIN_EXE_trunk-manager"))
            .flag("--cluster", CLUSTER)
            .flag("--node", node)
            .flag("--nats-url", self.nats.url())
            .flag("--keys-dir", self.keys.directory("trunk-manager").display())
            .flag("--telephony-file", self.file().display())
            .flag("--telephony-poll", poll);
        Process::start(&command, self.directory.path().join(format!("{node}.log"))).unwrap()
    }

    async fn ready(&self, node: &str) {
        eventually(&format!("{node} is ready"), async || {
            let row = self.client.get_node(node).await.ok()?;
            (row.state() == State::Ready).then_some(())
        })
        .await;
    }

    fn trunks(&self) -> Vec<String> {
        let trunks: Vec<Trunk> = self.db.read(config::all).unwrap();
        trunks.into_iter().map(|trunk| trunk.peer).collect()
    }

    async fn trunks_become(&self, peers: &[&str]) {
        eventually(&format!("the trunks are {peers:?}"), async || (self.trunks() == peers).then_some(())).await;
    }

    fn log(&self, node: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(format!("{node}.log"))).unwrap()
    }
}

#[tokio::test]
async fn the_database_follows_the_file() {
    let bench = Bench::new().await;
    bench.write(FIRST);
    let _process = bench.start("t1", OFTEN);
    bench.ready("t1").await;
    bench.trunks_become(&["192.0.2.1:5060"]).await;
    let route = bench.db.read(|conn| config::route_of_number(conn, "default", "a", "+49301234")).unwrap().unwrap();
    let stream = bench.db.read(|conn| config::stream_of_route(conn, &route)).unwrap();
    assert_eq!(stream.unwrap().url, "ws://127.0.0.1:1/");

    bench.write(&FIRST.replace("192.0.2.1", "192.0.2.2"));
    bench.trunks_become(&["192.0.2.2:5060"]).await;
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_says_why() {
    let bench = Bench::new().await;
    bench.write(FIRST);
    let process = bench.start("t1", OFTEN);
    bench.ready("t1").await;
    bench.trunks_become(&["192.0.2.1:5060"]).await;

    bench.write(&FIRST.replace("peer", "pear"));
    eventually("it says so", async || {
        let log = bench.log("t1");
        let says_why = log.contains(r#"trunks[1] "a": unknown field "pear"; did you mean "peer"?"#);
        (says_why && log.contains("what was in force stays in force")).then_some(())
    })
    .await;
    assert_eq!(bench.trunks(), ["192.0.2.1:5060"]);
    assert_eq!(process.exit_status(), None);

    std::fs::remove_file(bench.file()).unwrap();
    eventually("a missing file is told too", async || bench.log("t1").contains("cannot be read").then_some(())).await;
    assert_eq!(bench.trunks(), ["192.0.2.1:5060"]);

    bench.write(&FIRST.replace("192.0.2.1", "192.0.2.3"));
    bench.trunks_become(&["192.0.2.3:5060"]).await;
}

#[tokio::test]
async fn credentials_go_where_the_configuration_does_not() {
    let bench = Bench::new().await;
    let with = |url: &str, token: &str| {
        FIRST.replace("ws://127.0.0.1:1/\"", &format!("{url}\", auth = {{ bearer = \"{token}\" }}"))
    };
    bench.write(&with("ws://127.0.0.1:1/", "first-token"));
    let _process = bench.start("t1", OFTEN);
    bench.ready("t1").await;
    let bearer = |url: &str| {
        bench.secrets.read(|conn| secrets::credential(conn, "default", url)).unwrap().map(|found| found.bearer)
    };
    let is =
        |url: &'static str, token: &'static str| async move || (bearer(url).as_deref() == Some(token)).then_some(());
    eventually("the token is there", is("ws://127.0.0.1:1/", "first-token")).await;
    bench.write(&with("ws://127.0.0.1:1/", "second-token"));
    eventually("another token takes its place", is("ws://127.0.0.1:1/", "second-token")).await;
    bench.write(&with("ws://127.0.0.1:2/", "third-token"));
    eventually("another bot has its own", is("ws://127.0.0.1:2/", "third-token")).await;
    eventually("the old one is removed", async || bearer("ws://127.0.0.1:1/").is_none().then_some(())).await;

    let everything = bench.db.read(|conn| {
        conn.query_row(
            "SELECT group_concat(document) FROM (SELECT document FROM bots UNION ALL SELECT document FROM routes)",
            (),
            |row| row.get::<_, String>(0),
        )
    });
    let everything = everything.unwrap();
    assert!(everything.contains("ws://127.0.0.1:2/") && !everything.contains("token"), "{everything}");
    assert!(!bench.log("t1").contains("-token"), "{}", bench.log("t1"));
}

#[tokio::test]
async fn sighup_reads_at_once() {
    let bench = Bench::new().await;
    bench.write(FIRST);
    let process = bench.start("t1", NEVER);
    bench.ready("t1").await;
    bench.trunks_become(&["192.0.2.1:5060"]).await;
    bench.write("");
    process.signal(Signal::HUP);
    bench.trunks_become(&[]).await;
}

#[tokio::test]
async fn several_agree_and_the_last_leaves_the_configuration_behind() {
    let bench = Bench::new().await;
    bench.write(FIRST);
    let first = bench.start("t1", OFTEN);
    let second = bench.start("t2", OFTEN);
    bench.ready("t1").await;
    bench.ready("t2").await;
    bench.trunks_become(&["192.0.2.1:5060"]).await;
    first.kill().await;
    bench.write(&FIRST.replace("192.0.2.1", "192.0.2.9"));
    bench.trunks_become(&["192.0.2.9:5060"]).await;
    second.stop(PATIENCE).await.unwrap();
    assert_eq!(bench.trunks(), ["192.0.2.9:5060"]);
}

#[test]
fn a_start_without_a_file_ends_with_64() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_trunk-manager")).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "trunk-manager: telephony-file is missing: give --telephony-file, BOTSTREAM_TELEPHONY_FILE, or telephony-file in \
         the configuration file\n"
    );
}

#[tokio::test]
async fn a_start_with_a_bad_file_ends_with_64() {
    let bench = Bench::new().await;
    bench.write("trunks = [{ name = \"a\", peer = \"h\" }]");
    let process = bench.start("t1", NEVER);
    let end = tokio::time::timeout(PATIENCE, process.wait()).await.unwrap();
    assert_eq!(end.code(), Some(64), "{}", bench.log("t1"));
    let log = bench.log("t1");
    assert!(log.contains(r#"trunks "a": peer = "h" is not allowed; use host:port"#), "{log}");
}
