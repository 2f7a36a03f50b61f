//! The service's own flags.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::clips::UrlRule;
use crate::media::RtpPorts;

/// Configuration of a media switch.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Media switch")]
pub(crate) struct Config {
    /// Address of SIP over UDP; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) sip_udp: SocketAddr,

    /// Address of SIP over TCP; port 0 takes the port number of UDP if it is free.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) sip_tcp: SocketAddr,

    /// Address that RTP is received at [default: that of SIP over UDP].
    #[arg(long, value_name = "IP")]
    pub(crate) rtp_ip: Option<IpAddr>,

    /// Ports of RTP: a range, of which the even ones are used, or 0 for any that is free.
    #[arg(long, value_name = "RANGE", default_value = "20000-29999")]
    pub(crate) rtp_ports: RtpPorts,

    /// Address told to others in SIP, SDP and the load table, where it is not the one listened at: behind a NAT, or when
    /// listening at 0.0.0.0 [default: that of SIP over UDP].
    #[arg(long, value_name = "IP")]
    pub(crate) advertise: Option<IpAddr>,

    /// Most calls at once; more are refused with 503 or NO_CAPACITY.
    #[arg(long, value_name = "CALLS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) capacity: u32,

    /// Media threads; 0 takes one for each core.
    #[arg(long, value_name = "THREADS", default_value_t = 0, value_parser = parse_threads)]
    pub(crate) media_threads: usize,

    /// Scheduling priority of the media threads, from -20 (before all others) to 19. Where the system does not allow it
    /// (a container needs the capability SYS_NICE), they run at normal priority.
    #[arg(long, value_name = "NICE", default_value_t = -10, allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-20..=19))]
    pub(crate) media_nice: i32,

    /// Time allowed for opening a bot's WebSocket.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = iracluster::parse_duration)]
    pub(crate) bot_connect_timeout: Duration,

    /// PEM file with authorities that bots' certificates are checked against, besides the system's.
    #[arg(long, value_name = "FILE")]
    pub(crate) bot_ca: Option<PathBuf>,

    /// Directory of the sound files that can be played to callers; without it only those at a URL can.
    #[arg(long, value_name = "DIR")]
    pub(crate) play_dir: Option<PathBuf>,

    /// Where sound files may be fetched from: `public`, whatever is on the public network; beginnings of http:// and https:// URLs, wherever
    /// they lead; `any`; `none`.
    #[arg(long, value_name = "URLS", value_delimiter = ',', default_value = "public")]
    pub(crate) play_urls: Vec<UrlRule>,

    /// Time allowed for getting a sound file from a URL.
    #[arg(long, value_name = "TIME", default_value = "4s", value_parser = iracluster::parse_duration)]
    pub(crate) play_fetch_timeout: Duration,

    /// How long a callee may ring when the dial does not say.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = iracluster::parse_duration)]
    pub(crate) ring_timeout: Duration,

    /// An answered call that no RTP comes from for this long is ended with MEDIA_TIMEOUT; 0s never.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = iracluster::parse_duration)]
    pub(crate) media_timeout: Duration,
}

impl Config {
    /// The address that others reach this switch at.
    pub(crate) fn advertised_ip(&self) -> Result<IpAddr, iracluster::ConfigError> {
        iracluster::advertised_ip(self.advertise, self.sip_udp)
    }
}

fn parse_threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads) if threads <= 1_024 => Ok(threads),
        _ => Err("allowed are 0 to 1024".to_owned()),
    }
}
