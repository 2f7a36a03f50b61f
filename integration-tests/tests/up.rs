//! `iractl up`: a cluster comes up, is found without flags, and leaves nothing behind, however it ends.

use std::path::Path;
use std::process::{Output, Stdio};

use anyhow::{Context, ensure};
use cluster_runner::{Command, KeySet, Process, Signal, WorkDir, service_binary};
use integration_tests::live;
use integration_tests::world::LIMIT;
use serde_json::Value;

/// A running `iractl up`, with a runtime directory of its own.
struct Up {
    process: Process,
    directory: WorkDir,
    /// What the command line of each of its processes holds, one or the other.
    signs: [String; 2],
}

impl Up {
    async fn start() -> anyhow::Result<Self> {
        let directory = WorkDir::temporary()?;
        let root = directory.path();
        // As if an earlier cluster had been here: making new keys takes seconds.
        copy_keys(KeySet::for_tests().await?.root(), &root.join("cluster/keys"))?;
        let command = Command::new("iractl-up", service_binary("iractl")?)
            .arg("up")
            .flag("--dir", root.join("cluster").display())
            .env("XDG_RUNTIME_DIR", root);
        let process = Process::start(&command, root.join("up.log"))?;
        let state = root.join("botstream/up.json");
        live::until("the cluster is up", || {
            ensure!(process.exit_status().is_none(), "{}", process.log_tail());
            Ok(state.exists())
        })
        .await?;
        let running: Value = serde_json::from_slice(&std::fs::read(&state)?)?;
        let nats_url = running["nats_url"].as_str().context("a URL")?.to_owned();
        let signs = [nats_url, root.join("cluster").display().to_string()];
        let up = Self { process, directory, signs };
        // iractl, nats-server and six services.
        ensure!(up.processes().len() == 8, "{:?}", up.processes());
        Ok(up)
    }

    fn state_exists(&self) -> bool {
        self.directory.path().join("botstream/up.json").exists()
    }

    /// The processes of this cluster.
    fn processes(&self) -> Vec<String> {
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let command_lines = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        command_lines
            .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
            .filter(|line| self.signs.iter().any(|sign| line.contains(sign)))
            .collect()
    }
}

fn copy_keys(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_keys(&entry.path(), &copy)?;
        } else {
            std::fs::copy(entry.path(), copy)?;
        }
    }
    Ok(())
}

async fn iractl(runtime: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    let output = tokio::process::Command::new(service_binary("iractl")?)
        .args(arguments)
        .env("XDG_RUNTIME_DIR", runtime)
        .env_remove("BOTSTREAM_NATS_URL")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    Ok(tokio::time::timeout(LIMIT, output).await.context("iractl does not end")??)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_found_and_ends_cleanly() -> anyhow::Result<()> {
    let up = Up::start().await?;
    let root = up.directory.path().to_owned();

    let nodes = iractl(&root, &["nodes", "--json"]).await?;
    let nodes: Vec<Value> = serde_json::from_slice(&nodes.stdout)?;
    assert_eq!(nodes.len(), 6, "{nodes:?}");
    // It finds the keys, too.
    let load = iractl(&root, &["sql", "load", "SELECT node FROM switches ORDER BY node", "--csv"]).await?;
    assert_eq!(String::from_utf8_lossy(&load.stdout).trim_end(), "node\nswitch1\nswitch2", "{load:?}");
    let second = iractl(&root, &["up"]).await?;
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("runs already"), "{second:?}");

    let told = std::fs::read_to_string(root.join("up.log"))?;
    for needed in
        ["nats://127.0.0.1:", "switch1", "switch2", "proxy1", "dialer1", "iractl phone call sip:", "iractl call "]
    {
        assert!(told.contains(needed), "{needed:?} is not in {told}");
    }

    up.process.signal(Signal::INT);
    let status = tokio::time::timeout(LIMIT, up.process.wait()).await.context("iractl up does not end")?;
    assert!(status.success(), "{status}: {}", up.process.log_tail());
    assert_eq!(up.processes(), Vec::<String>::new());
    assert!(!up.state_exists());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_it_takes_everything_with_it() -> anyhow::Result<()> {
    let up = Up::start().await?;
    up.process.kill().await;
    live::until("nothing of it is left", || Ok(up.processes().is_empty())).await?;

    // What it left is no obstacle to the next one, nor mistaken for a running cluster.
    let calls = iractl(up.directory.path(), &["calls"]).await?;
    assert_eq!(calls.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&calls.stderr).contains("nats://127.0.0.1:4222"), "{calls:?}");
    Ok(())
}
