//! media-switch: the SIP endpoint and media engine. It answers and places calls, and streams each to its bot.

mod api;
mod clips;
mod config;
mod core;
mod media;
mod metrics;
mod service;
mod state;
mod stream_spec;
mod switchboard;

use std::process::ExitCode;

use iracluster::Service;

fn main() -> ExitCode {
    iracluster::run(
        Service {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            about: "Answers and places calls by SIP, and streams each one's audio to its bot.",
        },
        service::run,
    )
}
