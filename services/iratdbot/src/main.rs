//! iratdbot: IraTDB over NATS, for applications that cannot link the crate. Each handle that an application opens is a replica of
//! its own in this process.

mod config;
mod cursors;
mod handle;
mod handles;
mod metrics;
mod service;
mod statements;
mod value;
mod verbs;
mod watch;
mod wire;

use std::process::ExitCode;

use iracluster::Service;

fn main() -> ExitCode {
    iracluster::run(
        Service {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            about: "Opens shared databases for applications that speak NATS and JSON.",
        },
        service::run,
    )
}
