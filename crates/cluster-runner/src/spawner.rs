//! The thread that starts every child.
//!
//! Linux sends a child its death signal when the *thread* that made it ends, not the process. Tests come and go on threads
//! of their own, so children are made by one thread that lives as long as the process does.

use std::io;
use std::process::{Child, Command};
use std::sync::{OnceLock, mpsc};
use std::thread;

type Job = (Command, mpsc::SyncSender<io::Result<Child>>);

/// Starts a child that is killed when this process ends, however it ends.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<mpsc::SyncSender<Job>> = OnceLock::new();
    let gone = || io::Error::other("the thread that starts processes is gone");
    let spawner = SPAWNER.get_or_init(start);
    let (reply, answer) = mpsc::sync_channel(1);
    spawner.send((command, reply)).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

fn start() -> mpsc::SyncSender<Job> {
    let (sender, jobs) = mpsc::sync_channel::<Job>(16);
    // When the thread cannot be made the receiver is dropped, and every use of the sender says so.
    drop(thread::Builder::new().name("spawner".to_owned()).spawn(move || {
        for (mut command, reply) in jobs {
            // A caller that has gone away drops the child's handle; nobody waits for it.
            drop(reply.send(command.spawn()));
        }
    }));
    sender
}
