//! The service's own flags.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use clap::Args;
use iracluster::ConfigError;

/// Configuration of a botproxy.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Botproxy")]
pub(crate) struct Config {
    /// Address of SIP over UDP; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5060")]
    pub(crate) sip_udp: SocketAddr,

    /// Address of SIP over TCP; port 0 takes the port number of UDP if it is free.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5060")]
    pub(crate) sip_tcp: SocketAddr,

    /// Address told to others in Via and Record-Route, where it is not the one listened at: behind a NAT, or when listening
    /// at 0.0.0.0 [default: that of SIP over UDP].
    #[arg(long, value_name = "IP")]
    pub(crate) advertise: Option<IpAddr>,

    /// How long a media switch may be silent about a new call before the next one is tried.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = iracluster::parse_duration)]
    pub(crate) failover_after: Duration,

    /// How long a media switch may be silent about a request within a dialog before it is answered 408 for it.
    #[arg(long, value_name = "TIME", default_value = "8s", value_parser = iracluster::parse_duration)]
    pub(crate) dialog_timeout: Duration,

    /// Most transactions at once, in each direction; requests over it are answered 503.
    #[arg(long, value_name = "COUNT", default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub(crate) transactions_max: u32,

    /// Most new calls a second from one address of a trunk, twice as many at once; more are answered 503.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) source_calls_per_second_max: u32,

    /// How long an address is not heard that is neither a switch's nor a trunk's and has sent more than 20 messages at once,
    /// or more than one every 3 s.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = iracluster::parse_duration)]
    pub(crate) ban: Duration,
}

impl Config {
    /// The address that others reach this proxy at.
    pub(crate) fn advertised_ip(&self) -> Result<IpAddr, ConfigError> {
        iracluster::advertised_ip(self.advertise, self.sip_udp)
    }
}
