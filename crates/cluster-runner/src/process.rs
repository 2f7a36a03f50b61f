//! One child process with its log file.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{self, Child, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io, thread};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::sync::watch;

use crate::error::Error;
use crate::{locate, spawner};

/// How much of a log an error shows.
const TAIL_BYTES: u64 = 4_096;

/// What to run.
#[derive(Debug, Clone)]
pub struct Command {
    name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

impl Command {
    /// A program, and the name it is to have in messages.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self { name: name.into(), program: program.into(), arguments: Vec::new(), environment: Vec::new() }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds a flag and its value.
    #[must_use]
    pub fn flag(self, name: &str, value: impl fmt::Display) -> Self {
        self.arg(name).arg(value.to_string())
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The command that really runs: `setpriv` has the kernel kill the child when its parent ends, then a shell makes sure
    /// that the parent did not end before that was in force, and becomes the program. The process id stays the same.
    fn guarded(&self) -> Result<process::Command, Error> {
        let setpriv = locate::on_path("setpriv").ok_or_else(|| Error::Missing {
            program: "setpriv".to_owned(),
            hint: "install the package util-linux".to_owned(),
        })?;
        let mut command = process::Command::new(setpriv);
        command
            .args(["--pdeathsig", "KILL", "--", "/bin/sh", "-c"])
            .arg(r#"[ "$PPID" = "$0" ] && exec "$@""#)
            .arg(process::id().to_string())
            .arg(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            // Ctrl-C in a terminal goes to the runner alone, which ends the others in order.
            .process_group(0);
        // What configures the services is given here, not by whoever runs the tests.
        for (name, _) in std::env::vars_os() {
            let known = self.environment.iter().any(|(given, _)| *given == name);
            if name.to_string_lossy().starts_with("BOTSTREAM_") && !known {
                command.env_remove(name);
            }
        }
        Ok(command)
    }
}

/// A child process. It is killed when this value is dropped, and when the process that holds it ends in whatever way.
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: Pid,
    log: PathBuf,
    shared: Arc<Shared>,
    ended: watch::Receiver<Option<ExitStatus>>,
}

#[derive(Debug)]
struct Shared {
    /// `None` once it has been reaped: from then on its id may belong to another process.
    child: Mutex<Option<Child>>,
    reaped: Condvar,
}

impl Process {
    /// Starts `command`; its output is appended to the file `log`.
    ///
    /// # Errors
    /// The program or the log file cannot be opened.
    pub fn start(command: &Command, log: impl Into<PathBuf>) -> Result<Self, Error> {
        let log = log.into();
        let output = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(Error::io(format!("opening {}", log.display())))?;
        let errors = output.try_clone().map_err(Error::io("opening a log a second time"))?;
        let mut guarded = command.guarded()?;
        guarded.stdout(output).stderr(errors);
        let failed = || Error::io(format!("starting {}", command.name));
        let child = spawner::spawn(guarded).map_err(failed())?;
        let pid = Pid::from_child(&child);

        let shared = Arc::new(Shared { child: Mutex::new(Some(child)), reaped: Condvar::new() });
        let (sender, ended) = watch::channel(None);
        let waiter = Arc::clone(&shared);
        thread::Builder::new()
            .name(format!("wait-{}", command.name))
            .spawn(move || wait(pid, &waiter, &sender))
            .map_err(failed())?;
        Ok(Self { name: command.name.clone(), pid, log, shared, ended })
    }

    /// The name given to it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    /// Its log file.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn exit_status(&self) -> Option<ExitStatus> {
        *self.ended.borrow()
    }

    /// Sends a signal. To a process that has ended nothing is sent.
    pub fn signal(&self, signal: Signal) {
        let child = self.shared.child.lock().unwrap_or_else(PoisonError::into_inner);
        if child.is_some() {
            // The process is ours, and not reaped while the lock is held: there is nothing that could fail.
            rustix::process::kill_process(self.pid, signal).unwrap_or_default();
        }
    }

    /// Waits for its end.
    pub async fn wait(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        let status = ended.wait_for(Option::is_some).await.ok().and_then(|status| *status);
        status.unwrap_or_else(|| ExitStatus::from_raw(0))
    }

    /// Kills it (SIGKILL) and waits until it is gone.
    pub async fn kill(&self) {
        self.signal(Signal::KILL);
        self.wait().await;
    }

    /// Asks it to end (SIGTERM), kills it when it has not within `limit`.
    ///
    /// # Errors
    /// It had to be killed, or ended with anything but 0.
    pub async fn stop(&self, limit: Duration) -> Result<(), Error> {
        self.stop_with(Signal::TERM, limit).await
    }

    /// As [`stop`](Self::stop), with a signal of the caller's choice.
    ///
    /// # Errors
    /// It had to be killed, or ended with anything but 0.
    pub async fn stop_with(&self, signal: Signal, limit: Duration) -> Result<(), Error> {
        if let Some(status) = self.exit_status() {
            return Err(self.bad_end(status));
        }
        self.signal(signal);
        match tokio::time::timeout(limit, self.wait()).await {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.bad_end(status)),
            Err(_) => {
                self.kill().await;
                Err(Error::WouldNotEnd { name: self.name.clone(), limit, log: self.log.clone(), tail: self.log_tail() })
            }
        }
    }

    fn bad_end(&self, status: ExitStatus) -> Error {
        Error::BadEnd {
            name: self.name.clone(),
            status: status.to_string(),
            log: self.log.clone(),
            tail: self.log_tail(),
        }
    }

    /// Waits for `ready`; ends early when the process ends.
    pub(crate) async fn until_ready<T>(&self, limit: Duration, ready: impl Future<Output = T>) -> Result<T, Error> {
        tokio::select! {
            outcome = ready => Ok(outcome),
            status = self.wait() => Err(Error::Ended {
                name: self.name.clone(), status: status.to_string(), log: self.log.clone(), tail: self.log_tail(),
            }),
            () = tokio::time::sleep(limit) => Err(Error::NotReady {
                name: self.name.clone(), limit, log: self.log.clone(), tail: self.log_tail(),
            }),
        }
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        read_tail(&self.log).unwrap_or_else(|error| format!("({error})"))
    }
}

fn read_tail(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line is cut, but when it is the file's first.
    let whole = if length > TAIL_BYTES { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    Ok(whole.trim_end().to_owned())
}

/// Waits for the child's end without reaping it, so that its id stays its own until the lock is held: nobody can signal a
/// process that has taken over the id.
fn wait(pid: Pid, shared: &Shared, sender: &watch::Sender<Option<ExitStatus>>) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Err(rustix::io::Errno::INTR) = rustix::process::waitid(WaitId::Pid(pid), options) {}
    let mut child = shared.child.lock().unwrap_or_else(PoisonError::into_inner);
    let status = child.take().map(|mut child| child.wait()).and_then(Result::ok);
    // Told before the lock is given back: whoever waits for the lock finds the status.
    sender.send_replace(Some(status.unwrap_or_else(|| ExitStatus::from_raw(0))));
    shared.reaped.notify_all();
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        // Its ports and files are free when this returns. SIGKILL cannot be refused, so this takes milliseconds.
        let mut child = self.shared.child.lock().unwrap_or_else(PoisonError::into_inner);
        while child.is_some() {
            child = self.shared.reaped.wait(child).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
