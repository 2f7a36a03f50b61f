//! nats-server and Redis, on free ports, with their files in a directory that goes away.

use std::env;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::sides;

const READY_LIMIT: Duration = Duration::from_secs(10);
/// How often Redis is started on another port, if somebody was faster.
const PORTS_TRIED: u32 = 5;

/// Both. They end with this value, and when this process ends in whatever way.
#[derive(Debug)]
pub(crate) struct Servers {
    nats: Server,
    _redis: Server,
    /// Where nats-server is.
    pub(crate) nats_url: String,
    /// Version of nats-server.
    pub(crate) nats_version: String,
    /// Where Redis is.
    pub(crate) redis_url: String,
    /// Version of Redis.
    pub(crate) redis_version: String,
    _directory: TempDir,
}

impl Servers {
    /// Starts them and waits until they take connections.
    pub(crate) fn start() -> Result<Self> {
        let (nats_program, redis_program) = (program("nats-server")?, program("redis-server")?);
        let nats_version = nats_version(&nats_program)?;
        let directory = tempfile::Builder::new().prefix("iratdb-bench-").tempdir()?;
        let (nats, nats_url) = start_nats(&nats_program, directory.path())?;
        let (redis, redis_url, redis_version) = start_redis(&redis_program, directory.path())?;
        Ok(Self { nats, _redis: redis, nats_url, nats_version, redis_url, redis_version, _directory: directory })
    }

    /// nats-server's process id.
    pub(crate) fn nats_id(&self) -> u32 {
        self.nats.child.id()
    }
}

#[derive(Debug)]
struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// The kernel kills it when the starting thread, which is the main one, ends without having done so.
    fn start(program: &Path, arguments: &[&str], log: PathBuf) -> Result<Self> {
        let output = File::create(&log)?;
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output)
            .spawn()
            .with_context(|| format!("starting {} by setpriv (package util-linux)", program.display()))?;
        Ok(Self { child, log })
    }

    /// Waits until it can be used; fails early if it has ended.
    fn until_ready<T>(&mut self, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
        let started = Instant::now();
        loop {
            if let Some(value) = ready() {
                return Ok(value);
            }
            let ended = self.child.try_wait()?.is_some();
            if ended || started.elapsed() > READY_LIMIT {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                bail!("it {}:\n{log}", if ended { "has ended" } else { "does not become ready" });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

fn start_nats(program: &Path, directory: &Path) -> Result<(Server, String)> {
    let here = text(directory)?;
    let arguments = ["-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", here, "-js", "-sd", here];
    let mut server = Server::start(program, &arguments, directory.join("nats-server.log"))?;
    let ports = directory.join(format!("nats-server_{}.ports", server.child.id()));
    let url = server.until_ready(|| {
        let ports = std::fs::read_to_string(&ports).ok()?;
        let (_, rest) = ports.split_once("nats://127.0.0.1:")?;
        let (port, _) = rest.split_once('"')?;
        Some(format!("nats://127.0.0.1:{port}"))
    });
    url.context("starting nats-server").map(|url| (server, url))
}

fn start_redis(program: &Path, directory: &Path) -> Result<(Server, String, String)> {
    let mut tries = 0;
    loop {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port().to_string();
        let arguments =
            ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", text(directory)?];
        let mut server = Server::start(program, &arguments, directory.join("redis-server.log"))?;
        let url = format!("redis://127.0.0.1:{port}");
        let version = server.until_ready(|| {
            let mut connection = sides::redis(&url).ok()?;
            let info: String = redis::cmd("INFO").arg("server").query(&mut connection).ok()?;
            let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"))?;
            Some(version.trim().to_owned())
        });
        tries += 1;
        match version {
            Ok(version) => return Ok((server, url, version)),
            Err(error) if tries == PORTS_TRIED => return Err(error).context("starting redis-server"),
            Err(_) => {}
        }
    }
}

/// `$NATS_SERVER_BIN` or `$REDIS_SERVER_BIN`, else the one in `.cache/tools/bin` above the executable or the current directory,
/// else the one on `PATH`.
fn program(name: &str) -> Result<PathBuf> {
    let variable = format!("{}_BIN", name.to_uppercase().replace('-', "_"));
    if let Some(path) = env::var_os(&variable).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let starts = [env::current_exe().ok(), env::current_dir().ok()];
    let above = starts.iter().flatten().flat_map(|start| start.ancestors());
    let path = env::var_os("PATH").unwrap_or_default();
    above
        .map(|directory| directory.join(".cache/tools/bin"))
        .chain(env::split_paths(&path))
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
        .with_context(|| format!("{name} is missing: run scripts/install-tools.sh --bench, or set {variable}"))
}

fn nats_version(program: &Path) -> Result<String> {
    let output = Command::new(program).arg("--version").output().context("running nats-server --version")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.trim().trim_start_matches("nats-server: ").trim_start_matches('v').to_owned();
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let new_enough = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (2, 10);
    ensure!(new_enough, "nats-server {version} is too old for JetStream clients of today: 2.10 or newer is needed");
    Ok(version)
}
