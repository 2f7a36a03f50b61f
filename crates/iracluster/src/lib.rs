//! The chassis of every BotStream service: identity, configuration, NATS, discovery, health, telemetry, drain.
//!
//! One call, [`run`], turns a configuration and an async function into a service. Invariants: the configuration is
//! complete and valid before any port is bound; every task of a service is known to its [`Drain`]; a service is
//! visible in the cluster (`$SRV`, `cluster.instances`) exactly while it runs; losing NATS stops nothing, and what it
//! brings back is announced; a panic in one request fails that request only.

mod admin;
mod advertise;
mod chassis;
mod config;
mod databases;
mod drain;
mod events;
mod health;
mod keys;
mod metrics;
mod nats;
mod node;
mod run;
mod serve;
mod services_api;
mod settings;
mod telemetry;

pub use advertise::advertised_ip;
pub use chassis::Chassis;
pub use config::{ConfigError, parse_duration};
pub use drain::{Drain, Hold};
pub use events::Events;
pub use health::Health;
pub use metrics::Metrics;
pub use run::{Service, run};
pub use serve::{RequestContext, Where};
pub use settings::Settings;

/// What can go wrong in the chassis.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is not usable.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The admin port cannot be bound.
    #[error("admin-listen = {addr} cannot be bound: {source}")]
    AdminListen {
        /// The address.
        addr: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A credentials or key file cannot be read.
    #[error("{key} = {path:?} cannot be read: {reason}")]
    KeyFile {
        /// Name of the flag.
        key: &'static str,
        /// Its value.
        path: std::path::PathBuf,
        /// Why.
        reason: String,
    },
    /// A subscription was refused.
    #[error("cannot subscribe to {subject}: {reason}")]
    Subscribe {
        /// To what.
        subject: String,
        /// Why.
        reason: String,
    },
    /// A shared database cannot be opened or written.
    #[error("database {database}: {source}")]
    Database {
        /// Its name.
        database: String,
        /// Why.
        source: iratdb::Error,
    },
    /// Traces cannot be exported.
    #[error("otlp-endpoint: {0}")]
    Telemetry(String),
    /// The process was told to end before it had started.
    #[error("ended by a signal before the start was complete")]
    Interrupted,
}
