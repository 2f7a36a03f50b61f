//! kamailio as a carrier with a registrar.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use cluster_runner::{Command, Port, Process};

const LIMIT: Duration = Duration::from_secs(20);

/// A running kamailio.
#[derive(Debug)]
pub struct Kamailio {
    process: Process,
    log: PathBuf,
    port: Port,
}

/// `$KAMAILIO_BIN`, else what `scripts/install-tools.sh --test` has installed, else that of the system.
fn program() -> anyhow::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the project's folder")?;
    let given = std::env::var_os("KAMAILIO_BIN").filter(|path| !path.is_empty()).map(PathBuf::from);
    let places = given.into_iter().chain([root.join(".cache/tools/bin/kamailio"), "/usr/sbin/kamailio".into()]);
    places.into_iter().find(|path| path.is_file()).context("kamailio is missing: run scripts/install-tools.sh --test")
}

impl Drop for Kamailio {
    /// It has processes of its own, which it ends when it is asked to.
    fn drop(&mut self) {
        self.process.signal(rustix::process::Signal::TERM);
        let begin = Instant::now();
        while self.process.exit_status().is_none() && begin.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Kamailio {
    /// Starts it with `integration-tests/kamailio/carrier.cfg`.
    pub async fn start(directory: &Path) -> anyhow::Result<Self> {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("kamailio/carrier.cfg");
        let (port, log) = (Port::take()?, directory.join("kamailio.log"));
        let command = Command::new("kamailio", program()?)
            .flag("-f", config.display())
            .flag("-l", format!("udp:127.0.0.1:{}", port.number()))
            .flag("-Y", directory.display())
            .flag("-P", directory.join("kamailio.pid").display())
            // In the foreground, with little memory.
            .arg("-DD")
            .arg("-E")
            .flag("-m", 32);
        let kamailio = Self { process: Process::start(&command, log.clone())?, log, port };
        kamailio.until_listening().await?;
        Ok(kamailio)
    }

    /// Where it takes SIP.
    pub fn addr(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port.number()))
    }

    async fn until_listening(&self) -> anyhow::Result<()> {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
        let own = socket.local_addr()?;
        let options = format!(
            "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKup\r\nFrom: <sip:t@{own}>;tag=t\r\n\
             To: <sip:k@h>\r\nCall-ID: up@{own}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
        );
        let begin = Instant::now();
        let mut answer = [0; 2_048];
        loop {
            // Refused as long as nobody listens.
            socket.send_to(options.as_bytes(), self.addr()).await.ok();
            let answered = tokio::time::timeout(Duration::from_millis(100), socket.recv(&mut answer)).await;
            if matches!(answered, Ok(Ok(_))) {
                return Ok(());
            }
            ensure!(begin.elapsed() < LIMIT, "kamailio does not answer: {}", self.process.log_tail());
        }
    }

    /// The REGISTERs with right credentials so far: contact, Expires and Call-ID of each.
    pub fn registers(&self) -> anyhow::Result<Vec<Register>> {
        let log = std::fs::read_to_string(&self.log)?;
        let lines = log.lines().filter_map(|line| line.split_once("REGISTERED ").map(|(_, rest)| rest));
        let registers = lines.map(|line| {
            let mut words = line.split_whitespace().skip(1);
            let mut next = || words.next().unwrap_or_default().to_owned();
            Register { contact: next(), expires: next(), call_id: next() }
        });
        Ok(registers.collect())
    }
}

/// A REGISTER that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// The Contact as it came.
    pub contact: String,
    /// Expires; 0 takes the registration back.
    pub expires: String,
    /// Tells who sent it.
    pub call_id: String,
}
