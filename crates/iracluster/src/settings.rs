use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use botstream_api::subjects;
use clap::{Args, ValueEnum};

use crate::config::parse_duration;

/// Configuration that every service has. Each field is a flag, an environment variable (`BOTSTREAM_` and the flag's name in
/// upper case) and a key of the configuration file.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cluster")]
pub struct Settings {
    /// TOML file with further configuration; its keys are the names of the flags.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Print the effective configuration as TOML, with where each value comes from, and exit.
    #[arg(long)]
    pub print_config: bool,

    /// Name of the cluster; clusters of different names on one NATS never see each other.
    #[arg(long, value_name = "NAME", default_value = subjects::DEFAULT_CLUSTER, value_parser = parse_token)]
    pub cluster: String,

    /// Name of this instance, unique in the cluster [default: the service's name and six random characters].
    #[arg(long, value_name = "NAME", value_parser = parse_token)]
    pub node: Option<String>,

    /// Failure zone that this instance runs in.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub zone: String,

    /// NATS servers, separated by commas; nats://, tls://, ws:// or wss://.
    #[arg(long, value_name = "URL", value_delimiter = ',', default_value = "nats://127.0.0.1:4222", value_parser = parse_nats_url)]
    pub nats_url: Vec<String>,

    /// NATS credentials file (JWT and nkey seed).
    #[arg(long, value_name = "FILE", conflicts_with = "nats_nkey")]
    pub nats_creds: Option<PathBuf>,

    /// File with an nkey user seed.
    #[arg(long, value_name = "FILE")]
    pub nats_nkey: Option<PathBuf>,

    /// PEM file with the authorities that the NATS servers' certificates are checked against, besides the system's.
    #[arg(long, value_name = "FILE")]
    pub nats_tls_ca: Option<PathBuf>,

    /// PEM file with this client's certificate.
    #[arg(long, value_name = "FILE", requires = "nats_tls_key")]
    pub nats_tls_cert: Option<PathBuf>,

    /// PEM file with the key of this client's certificate.
    #[arg(long, value_name = "FILE", requires = "nats_tls_cert")]
    pub nats_tls_key: Option<PathBuf>,

    /// Refuse to talk to NATS without TLS.
    #[arg(long)]
    pub nats_tls_required: bool,

    /// Directory with this service's keys of the shared databases, as `iractl keys new` makes it.
    #[arg(long, value_name = "DIR", conflicts_with = "no_keys", help_heading = "Shared databases")]
    pub keys_dir: Option<PathBuf>,

    /// Open the shared databases without keys, so that whoever can use NATS reads and writes them: for development.
    #[arg(long, help_heading = "Shared databases")]
    pub no_keys: bool,

    /// Address of gRPC health (grpc.health.v1) and Prometheus /metrics; port 0 takes a free one. In a container: 0.0.0.0:9600.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", help_heading = "Operation")]
    pub admin_listen: SocketAddr,

    /// How long a drain may take before the process ends anyway.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration, help_heading = "Operation")]
    pub drain_limit: Duration,

    /// Format of the log on standard error.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text, help_heading = "Operation")]
    pub log_format: LogFormat,

    /// What is logged: a level, or directives such as info,sip=debug.
    #[arg(long, value_name = "FILTER", default_value = "info", value_parser = parse_log_filter, help_heading = "Operation")]
    pub log_filter: String,

    /// OpenTelemetry collector that traces are sent to over gRPC, e.g. http://127.0.0.1:4317.
    #[arg(long, value_name = "URL", help_heading = "Operation")]
    pub otlp_endpoint: Option<String>,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

fn parse_token(text: &str) -> Result<String, String> {
    if subjects::is_token(text) {
        return Ok(text.to_owned());
    }
    Err(format!("use 1 to {} letters, digits, _ and -", subjects::TOKEN_LEN_MAX))
}

fn parse_nats_url(text: &str) -> Result<String, String> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("nats://{text}") };
    let known = ["nats://", "tls://", "ws://", "wss://"];
    if !known.iter().any(|scheme| with_scheme.starts_with(scheme)) {
        return Err("use nats://, tls://, ws:// or wss://".to_owned());
    }
    match with_scheme.parse::<async_nats::ServerAddr>() {
        Ok(_) => Ok(with_scheme),
        Err(e) => Err(format!("not a server's address: {e}")),
    }
}

fn parse_log_filter(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(e) => Err(format!("{e}; use error, warn, info, debug, trace, or target=level,…")),
    }
}
