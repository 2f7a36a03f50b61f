//! Every example of docs/iratdbot.md, run as it stands there.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, ensure};
use cluster_runner::{Cluster, KeySet, WorkDir, service_binary};
use integration_tests::config::Telephony;
use integration_tests::world::{LIMIT, World};
use serde_json::Value;
use tokio::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The page's code blocks of one language, in order.
fn blocks(language: &str) -> anyhow::Result<Vec<String>> {
    let page = std::fs::read_to_string(root().join("docs/iratdbot.md"))?;
    let opening = format!("```{language}\n");
    let mut blocks = Vec::new();
    let mut rest = page.as_str();
    while let Some((_, after)) = rest.split_once(&opening) {
        let (block, after) = after.split_once("```").context("a block without an end")?;
        blocks.push(block.to_owned());
        rest = after;
    }
    ensure!(!blocks.is_empty(), "the page has no examples in {language}");
    Ok(blocks)
}

/// A cluster whose iratdbots have the keys of their service and those that the page makes.
async fn world() -> anyhow::Result<(World, WorkDir)> {
    let (keys, set) = (WorkDir::temporary()?, KeySet::for_tests().await?);
    for entry in std::fs::read_dir(set.directory("iratdbot"))? {
        let entry = entry?;
        std::fs::copy(entry.path(), keys.path().join(entry.file_name()))?;
    }
    let place = keys.path().display().to_string();
    for line in blocks("sh")?.iter().flat_map(|block| block.lines()) {
        let Some(arguments) = line.strip_prefix("iractl ") else { continue };
        let arguments = arguments.replace("$KEYS", &place);
        let output = Command::new(service_binary("iractl")?).args(arguments.split(' ')).kill_on_drop(true).output();
        let output = tokio::time::timeout(LIMIT, output).await.with_context(|| format!("{line} does not end"))??;
        ensure!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let builder = Cluster::builder().iratdbots(2).flag("iratdbot", "--keys-dir", place);
    Ok((World::start(builder, &Telephony::new()).await?, keys))
}

/// `nats req SUBJECT 'BODY'`, as the `nats` command does it.
async fn request(nats: &async_nats::Client, line: &str, handle: &mut String) -> anyhow::Result<Value> {
    let words = line.strip_prefix("nats req ").context("not a request")?;
    let (subject, body) = words.split_once(' ').context("no body")?;
    let body = body.strip_prefix('\'').and_then(|body| body.strip_suffix('\'')).context("the body is not quoted")?;
    let body = body.replace("$H", handle);
    let reply = tokio::time::timeout(LIMIT, nats.request(subject.to_owned(), body.into())).await??;
    let value: Value = serde_json::from_slice(&reply.payload)?;
    let refused = reply.headers.as_ref().is_some_and(|map| map.get("Nats-Service-Error-Code").is_some());
    ensure!(!refused, "{value}");
    if let Some(opened) = value["handle"].as_str() {
        opened.clone_into(handle);
    }
    Ok(value)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_for_the_nats_command_work() -> anyhow::Result<()> {
    let (world, _keys) = world().await?;
    let nats = async_nats::connect(world.cluster.nats_url()).await?;
    let mut handle = String::new();
    let mut replies = Vec::new();
    for line in blocks("sh")?.iter().flat_map(|block| block.lines()).filter(|line| !line.starts_with("iractl ")) {
        let reply = request(&nats, line, &mut handle).await.with_context(|| line.to_owned())?;
        replies.push((line.to_owned(), reply));
    }
    let of = |verb: &str| {
        let word = format!(".db.{verb} ");
        replies.iter().filter(move |(line, _)| line.contains(&word)).map(|(_, reply)| reply)
    };
    let queried: Vec<_> = of("query").map(|reply| &reply["rows"]).collect();
    assert_eq!(queried, [&serde_json::json!([["c1", 4], ["c2", 0]]), &serde_json::json!([["switch1", 0, 1000]])]);
    assert_eq!(of("digest").next().context("a digest")?["tables"]["carts"]["rows"], 2);
    for verb in ["open", "exec", "query", "watch", "unwatch", "list", "stats", "digest", "ping", "close"] {
        assert!(of(verb).next().is_some(), "{verb} has no example");
    }
    world.stop().await
}

async fn python(program: &Path, nats_url: &str) -> anyhow::Result<Output> {
    let interpreter = root().join(".cache/tools/python/bin/python");
    ensure!(interpreter.exists(), "{} is missing: run `make tools`", interpreter.display());
    let run = Command::new(interpreter).arg(program).arg(nats_url).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(LIMIT, run).await.context("the program does not end")??;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(output)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_in_python_work() -> anyhow::Result<()> {
    let (world, _keys) = world().await?;
    let directory = WorkDir::temporary()?;
    let mut printed = Vec::new();
    for (number, program) in blocks("python")?.iter().enumerate() {
        let path = directory.path().join(format!("example{number}.py"));
        std::fs::write(&path, program)?;
        let output = python(&path, world.cluster.nats_url()).await?;
        printed.push(String::from_utf8(output.stdout)?);
    }
    assert_eq!(
        printed,
        ["[['ann', 'idle']]\n", "now: []\ninsert [1] [1, 'call back']\ndelete [1] None\n"],
        "what the page's programs print"
    );
    world.stop().await
}
