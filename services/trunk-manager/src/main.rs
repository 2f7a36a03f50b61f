//! trunk-manager: trunks, numbers, routes and bots. A file declares some, requests over NATS make others, which JetStream keeps; the
//! cluster's databases `config` and `secrets` say what is in force.

mod agent;
mod api;
mod buckets;
mod config;
mod core;
mod file;
mod follow;
mod limits;
mod metrics;
mod requests;
mod service;
mod shared;

use std::process::ExitCode;

use iracluster::Service;

fn main() -> ExitCode {
    iracluster::run(
        Service {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            about: "Keeps trunks, numbers, routes and bots.",
        },
        service::run,
    )
}
