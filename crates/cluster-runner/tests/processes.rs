//! Real processes: they end when they should, and never stay behind.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;

use cluster_runner::{Command, Error, Process, Signal, WorkDir};

fn shell(script: &str) -> Command {
    Command::new("script", "/bin/sh").arg("-c").arg(script)
}

fn runs(pid: u32) -> bool {
    // A zombie has ended: it only waits for its parent to look.
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
}

async fn until_file_has(path: &Path, what: &str) -> String {
    let limit = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            if text.contains(what) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    limit.await.expect("the file is written in time")
}

#[tokio::test]
async fn its_output_is_in_the_log_and_its_end_is_told() {
    let directory = WorkDir::temporary().unwrap();
    let log = directory.path().join("script.log");
    let process = Process::start(&shell("echo out; echo err >&2; exit 7"), &log).unwrap();
    assert_eq!(process.wait().await.code(), Some(7));
    assert_eq!(process.log_tail(), "out\nerr");
    // Signalling what has ended harms nobody.
    process.signal(Signal::KILL);
    assert!(matches!(process.stop(Duration::from_secs(1)).await, Err(Error::BadEnd { .. })));
}

#[tokio::test]
async fn sigterm_first_then_sigkill() {
    let directory = WorkDir::temporary().unwrap();
    let log = directory.path().join("good.log");
    let good =
        Process::start(&shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done"), &log).unwrap();
    until_file_has(&log, "up").await;
    good.stop(Duration::from_secs(20)).await.unwrap();
    assert!(good.log_tail().ends_with("bye"));

    let log = directory.path().join("stubborn.log");
    let stubborn = Process::start(&shell("trap '' TERM; echo up; while :; do sleep 0.01; done"), &log).unwrap();
    until_file_has(&log, "up").await;
    let error = stubborn.stop(Duration::from_millis(50)).await.unwrap_err();
    assert!(matches!(error, Error::WouldNotEnd { .. }), "{error}");
    assert_eq!(stubborn.exit_status().and_then(|status| status.signal()), Some(9));
}

#[tokio::test]
async fn dropped_is_killed() {
    let directory = WorkDir::temporary().unwrap();
    let process = Process::start(&shell("while :; do sleep 1; done"), directory.path().join("log")).unwrap();
    let pid = process.id();
    assert!(runs(pid));
    drop(process);
    assert!(!runs(pid));
}

#[test]
fn a_child_outlives_the_thread_that_asked_for_it() {
    let directory = WorkDir::temporary().unwrap();
    let log = directory.path().join("log");
    let process = std::thread::scope(|scope| {
        scope.spawn(|| Process::start(&shell("echo up; while :; do sleep 1; done"), &log).unwrap()).join().unwrap()
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(until_file_has(&log, "up"));
    assert!(runs(process.id()));
}

/// Not a test of its own: what the next one runs as another process, and kills.
#[tokio::test]
#[ignore = "runs only as a child of no_orphan_is_left_when_the_runner_is_killed"]
async fn runner_to_be_killed() {
    let directory = std::env::var_os("RUNNER_TEST_DIR").expect("RUNNER_TEST_DIR");
    let directory = Path::new(&directory);
    let script = "trap '' TERM HUP INT; echo \"pid $$ end\"; while :; do sleep 0.05; done";
    let process = Process::start(&shell(script), directory.join("child.log")).unwrap();
    process.wait().await;
}

#[tokio::test]
async fn no_orphan_is_left_when_the_runner_is_killed() {
    let directory = WorkDir::temporary().unwrap();
    let runner = Command::new("runner", std::env::current_exe().unwrap())
        .arg("--ignored")
        .arg("--exact")
        .arg("runner_to_be_killed")
        .env("RUNNER_TEST_DIR", directory.path());
    let runner = Process::start(&runner, directory.path().join("runner.log")).unwrap();
    let text = until_file_has(&directory.path().join("child.log"), " end").await;
    let pid: u32 = text.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(runs(pid));

    runner.kill().await;
    let gone = tokio::time::timeout(Duration::from_secs(20), async {
        while runs(pid) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    gone.await.expect("the child dies with its parent");
}
