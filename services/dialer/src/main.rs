//! dialer: outbound calls. It takes `call.dial`, and has the least-loaded media switch place the call.

mod core;
mod dialer;
mod follow;
mod idempotency;
mod metrics;
mod service;
mod trunk_limits;

use std::process::ExitCode;

use iracluster::Service;

fn main() -> ExitCode {
    iracluster::run(
        Service {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            about: "Takes outbound calls and has the least-loaded media switch place each.",
        },
        service::run,
    )
}
