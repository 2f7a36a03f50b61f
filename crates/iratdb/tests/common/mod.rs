//! Real nats-servers and databases on them.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "for tests, of which each uses a part")]

pub mod process;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use iratdb::{IraTdb, Keys, Options};

/// Nothing here takes this long unless it is broken.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A nats-server of one test; killed at its end.
pub struct NatsServer {
    child: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("NATS_SERVER_BIN") {
        return path.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or_else(|| Path::new("."));
    let cached = root.join(".cache/tools/bin/nats-server");
    if cached.exists() { cached } else { "nats-server".into() }
}

fn spawn(port: &str, directory: &Path) -> Child {
    Command::new(binary())
        .args(["-a", "127.0.0.1", "-p", port, "--ports_file_dir"])
        .arg(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("nats-server: set NATS_SERVER_BIN or run scripts/install-tools.sh")
}

impl NatsServer {
    /// Starts one on a free port.
    pub fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let child = spawn("-1", directory.path());
        let started = Instant::now();
        let port = loop {
            let ports = directory.path().join(format!("nats-server_{}.ports", child.id()));
            let text = std::fs::read_to_string(&ports).unwrap_or_default();
            let digits = text.split_once("nats://127.0.0.1:").map(|(_, rest)| rest);
            let digits = digits.and_then(|rest| rest.split_once('"')).map(|(digits, _)| digits);
            if let Some(port) = digits.and_then(|digits| digits.parse().ok()) {
                break port;
            }
            assert!(started.elapsed() < PATIENCE, "nats-server does not start");
            std::thread::sleep(Duration::from_millis(10));
        };
        Self { child, port, _directory: directory }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, on the same port.
    pub fn restart(&mut self) {
        self.child = spawn(&self.port.to_string(), self._directory.path());
    }

    /// A connection of its own.
    pub async fn connect(&self) -> async_nats::Client {
        connect(&self.url()).await
    }

    /// Opens a database without protection over a connection of its own.
    pub async fn open(&self, options: Options) -> IraTdb {
        self.open_with(options, Keys::open()).await
    }

    /// Opens a database with keys over a connection of its own.
    pub async fn open_with(&self, options: Options, keys: Keys) -> IraTdb {
        IraTdb::open(options.keys(keys).nats(self.connect().await)).await.unwrap()
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        // It may have been killed by the test.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

/// Connects, and reconnects quickly.
pub async fn connect(url: &str) -> async_nats::Client {
    async_nats::ConnectOptions::new()
        .reconnect_delay_callback(|_| Duration::from_millis(50))
        .connect(url)
        .await
        .unwrap()
}

/// Waits until it is so.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < PATIENCE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until all show the same.
pub async fn until_equal(databases: &[&IraTdb]) {
    until("equal digests", || {
        let digests: Vec<_> = databases.iter().map(|db| db.digests().unwrap()).collect();
        digests.windows(2).all(|pair| pair[0] == pair[1])
    })
    .await;
}

/// One number.
pub fn number(db: &IraTdb, sql: &str) -> i64 {
    db.read(|c| c.query_row(sql, (), |row| row.get(0))).unwrap()
}
