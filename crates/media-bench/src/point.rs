//! One measurement: so many calls through the switch, or through the relay, for a while.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use cluster_runner::Process;

use crate::callers::{Report, Sockets};
use crate::phone::Phone;
use crate::usage::Usage;

/// What calls need to settle before they are measured.
const SETTLE: Duration = Duration::from_secs(2);

/// Who carried the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Switch,
    Relay,
}

#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) side: Side,
    pub(crate) calls: usize,
    /// Processor time of the whole process for one call, in percent of a core.
    pub(crate) core_percent: f64,
    /// Resident memory over what the process had without calls, for one call, in bytes; the switch's only.
    pub(crate) rss_bytes: f64,
    /// Packets to the callers in a second.
    pub(crate) packets_per_s: f64,
    /// Sorted, in microseconds; the switch's only.
    pub(crate) setup_us: Vec<u64>,
    pub(crate) report: Report,
    /// Calls that ended by themselves.
    pub(crate) ended: usize,
}

impl Point {
    pub(crate) async fn switch(
        phone: &mut Phone,
        proxy: SocketAddr,
        switch: &Process,
        empty: &Usage,
        calls: usize,
        window: Duration,
    ) -> Result<Self> {
        let sockets = Sockets::open(calls)?;
        let placed = phone.call(proxy, &sockets.addresses()?).await?;
        let mut point = talk(phone, Side::Switch, switch.id(), sockets, &placed.media, window).await?;
        let rss_bytes = Usage::of(switch.id())?.rss_bytes.saturating_sub(empty.rss_bytes);
        point.rss_bytes = rss_bytes as f64 / calls as f64;
        phone.hang_up(&placed).await?;
        point.setup_us = placed.setup_us;
        Ok(point)
    }

    pub(crate) async fn relay(phone: &mut Phone, bot: SocketAddr, calls: usize, window: Duration) -> Result<Self> {
        let mut relay = Relay::start(bot, calls)?;
        let media = tokio::task::block_in_place(|| relay.media())?;
        talk(phone, Side::Relay, relay.0.id(), Sockets::open(calls)?, &media, window).await
    }
}

async fn talk(
    phone: &mut Phone,
    side: Side,
    process: u32,
    sockets: Sockets,
    media: &[SocketAddr],
    window: Duration,
) -> Result<Point> {
    let from = Instant::now() + SETTLE;
    let until = from + window;
    let talking = sockets.talk(media, from, until)?;
    let mut ended = phone.keep(from).await;
    let (before, began) = (Usage::of(process)?, Instant::now());
    ended += phone.keep(until).await;
    let (after, took) = (Usage::of(process)?, began.elapsed());
    let report =
        tokio::task::block_in_place(|| talking.join()).map_err(|_| anyhow!("the callers' thread has panicked"))??;
    let calls = media.len();
    Ok(Point {
        side,
        calls,
        core_percent: (after.cpu_us - before.cpu_us) as f64 / took.as_micros() as f64 * 100.0 / calls as f64,
        rss_bytes: 0.0,
        packets_per_s: report.heard.received as f64 / window.as_secs_f64(),
        setup_us: Vec::new(),
        report,
        ended,
    })
}

/// The relay's process, ended when it is dropped.
struct Relay(Child);

impl Relay {
    fn start(bot: SocketAddr, calls: usize) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["relay", "--calls", &calls.to_string(), "--bot", &bot.to_string()]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting the relay")?;
        Ok(Self(child))
    }

    /// Where each call's media goes, once all are connected to the bot.
    fn media(&mut self) -> Result<Vec<SocketAddr>> {
        let out = self.0.stdout.take().context("the relay's output is taken")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let ports: Vec<u16> = serde_json::from_str(&line).context("the relay did not start")?;
        Ok(ports.into_iter().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))).collect())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // It ends when its input does.
        drop(self.0.stdin.take());
        self.0.wait().ok();
    }
}
