//! botproxy, the SIP edge: carriers see one address, each new call goes to the least loaded media switch.

mod config;
mod core;
mod directory;
mod metrics;
mod service;
mod shell;
#[cfg(test)]
mod shell_tests;

use std::process::ExitCode;

fn main() -> ExitCode {
    let service = iracluster::Service {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        about: "SIP edge proxy: spreads calls over the media switches, fails over, hides them from carriers",
    };
    iracluster::run(service, service::run)
}
