//! A process that the benchmark has started: itself again, as a worker.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::protocol::{Answer, Opening, Order};

/// Nothing takes this long unless it is broken.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// A worker. It is killed when this value is dropped, and ends by itself when this process ends.
#[derive(Debug)]
pub(crate) struct Peer {
    child: Child,
    orders: ChildStdin,
    answers: Receiver<Answer>,
}

impl Peer {
    /// Starts one that uses this nats-server.
    pub(crate) fn start(nats_url: &str) -> Result<Self> {
        let program = std::env::current_exe().context("finding this program")?;
        let mut child = Command::new(program)
            .args(["worker", "--nats", nats_url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting a worker")?;
        let (Some(orders), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("a worker has no pipes")
        };
        let (sender, answers) = channel();
        std::thread::Builder::new().name("answers".to_owned()).spawn(move || {
            for answer in read(output) {
                if sender.send(answer).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { child, orders, answers })
    }

    /// Gives an order.
    pub(crate) fn tell(&mut self, order: &Order) -> Result<()> {
        let mut line = serde_json::to_string(order)?;
        line.push('\n');
        self.orders.write_all(line.as_bytes()).context("a worker has ended")
    }

    /// The answer, if it is there.
    pub(crate) fn poll(&mut self) -> Result<Option<Answer>> {
        match self.answers.try_recv() {
            Ok(answer) => checked(answer).map(Some),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => bail!("a worker has ended"),
        }
    }

    /// Waits for the answer.
    pub(crate) fn answer(&mut self) -> Result<Answer> {
        match self.answers.recv_timeout(ANSWER_LIMIT) {
            Ok(answer) => checked(answer),
            Err(RecvTimeoutError::Timeout) => bail!("a worker does not answer"),
            Err(RecvTimeoutError::Disconnected) => bail!("a worker has ended"),
        }
    }

    /// Gives an order and waits for the answer.
    pub(crate) fn ask(&mut self, order: &Order) -> Result<Answer> {
        self.tell(order)?;
        self.answer().with_context(|| format!("{order:?}"))
    }

    /// Has it open a database.
    pub(crate) fn open(&mut self, opening: &Opening) -> Result<()> {
        self.ask(&Order::Open(opening.clone())).map(drop)
    }

    /// Asks for something that is a number of the monotonic clock, of processor time or of memory.
    pub(crate) fn number(&mut self, order: &Order) -> Result<i64> {
        match self.ask(order)? {
            Answer::At { ns } | Answer::Cpu { ns } => Ok(ns),
            Answer::Memory { bytes } => Ok(bytes),
            other => bail!("a worker answered {other:?} to {order:?}"),
        }
    }

    /// kill -9. It is gone when this returns.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

fn read(output: ChildStdout) -> impl Iterator<Item = Answer> {
    BufReader::new(output).lines().map_while(Result::ok).map(|line| {
        serde_json::from_str(&line).unwrap_or_else(|error| Answer::Failed(format!("said {line:?}: {error}")))
    })
}

fn checked(answer: Answer) -> Result<Answer> {
    match answer {
        Answer::Failed(reason) => bail!("a worker failed: {reason}"),
        answer => Ok(answer),
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}
