//! Runs a real cluster on one machine: nats-server and the services' own binaries, on free ports, each with a log file.
//! Tests and `iractl up` use the same code.
//!
//! Invariants: no process outlives the one that started it, even when that is killed with SIGKILL; no port is taken by two
//! clusters, whichever processes run them; the working directory with the logs is kept, and its place said, whenever a
//! cluster did not end by [`Cluster::stop`].

mod cluster;
mod error;
mod keys;
mod locate;
mod logs;
mod nats;
mod ports;
mod process;
mod service;
mod spawner;
mod workdir;

pub use cluster::{Cluster, ClusterBuilder};
pub use error::Error;
pub use keys::{Completed, DatabaseKeys, KeySet};
pub use locate::{nats_server, service_binary};
pub use logs::{LogFollower, LogLine};
pub use nats::{NatsServer, NatsServerBuilder};
pub use ports::Port;
pub use process::{Command, Process};
pub use rustix::process::Signal;
pub use service::Service;
pub use workdir::WorkDir;
