//! The service's own flags.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use iracluster::ConfigError;

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

    /// Address of SIP, by which trunks are registered through the botproxies; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) sip_udp: SocketAddr,

    /// Address told to the botproxies, where it is not the one listened at [default: that of SIP].
    #[arg(long, value_name = "IP")]
    pub(crate) advertise: Option<IpAddr>,
}

impl Config {
    /// The address that botproxies see what is sent come from.
    pub(crate) fn advertised_ip(&self) -> Result<IpAddr, ConfigError> {
        iracluster::advertised_ip(self.advertise, self.sip_udp)
    }
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    let interval = iracluster::parse_duration(text)?;
    if interval < Duration::from_millis(10) {
        return Err("use at least 10ms".to_owned());
    }
    Ok(interval)
}
