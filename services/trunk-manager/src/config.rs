//! The service's own flags.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// Configuration of a trunk-manager.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Trunk manager")]
pub(crate) struct Config {
    /// TOML file that declares trunks, numbers, routes and bots, beside those that are made over NATS. Read again when it changes, and
    /// on SIGHUP.
    #[arg(long, value_name = "FILE")]
    pub(crate) telephony_file: Option<PathBuf>,

    /// How often the file is looked at for changes.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_interval)]
    pub(crate) telephony_poll: Duration,
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    let interval = iracluster::parse_duration(text)?;
    if interval < Duration::from_millis(10) {
        return Err("use at least 10ms".to_owned());
    }
    Ok(interval)
}
