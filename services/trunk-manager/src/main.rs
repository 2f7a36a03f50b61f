//! trunk-manager: trunks, numbers, routes and bots. It reads them from a file and keeps the cluster's databases `config` and
//! `secrets` at what the file says.

mod config;
mod core;
mod file;
mod metrics;
mod service;

use std::process::ExitCode;

use iracluster::Service;

fn main() -> ExitCode {
    iracluster::run(
        Service {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            about: "Keeps trunks, numbers, routes and bots at what its file says.",
        },
        service::run,
    )
}
