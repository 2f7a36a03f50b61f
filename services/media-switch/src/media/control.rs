//! RTCP of one call: reports both ways, over a port of its own or over RTP's (RFC 3550 §6, RFC 3611, RFC 5761).

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use ipnet::IpNet;
use rtp::rtcp::quality::Impairment;
use rtp::rtcp::xr::VoipMetrics;
use rtp::rtcp::{REPORT_BYTES_MAX, ReportBlock, Reports, SenderInfo, write_goodbye};
use rtp::srtp::OVERHEAD_MAX;
use rtp::{JitterBuffer, Sender};
use tokio::net::UdpSocket;

use super::remote::Remote;
use super::secure::Secure;

/// Packets taken in one sweep: a far end sends one in seconds.
const PACKETS_PER_SWEEP: usize = 8;

/// Larger than any compound packet that a call has a use for.
const PACKET_BYTES_MAX: usize = 1_500;

/// Delay within this end: what is waited for gaps, and the packet's own length.
const OWN_DELAY_MS: u32 = 40;

/// Seconds from 1900, where NTP's clock begins, to 1970.
const NTP_EPOCH_S: u64 = 2_208_988_800;

/// See the module.
#[derive(Debug)]
pub(super) struct Control {
    /// Its own, where RTCP does not share RTP's.
    socket: Option<UdpSocket>,
    remote: Option<Remote>,
    /// RTCP goes over RTP's ports.
    is_muxed: bool,
    reports: Reports,
    /// Names this end, and nothing about it.
    cname: String,
    packets_reported: u32,
}

/// What a report is made of and sent with.
pub(super) struct Media<'a> {
    pub(super) rtp: &'a UdpSocket,
    pub(super) rtp_remote: SocketAddr,
    pub(super) sender: &'a Sender,
    pub(super) jitter: &'a mut JitterBuffer,
    pub(super) secure: &'a mut Option<Secure>,
}

impl Control {
    /// `random` is for the name, which has to be unlike all others (RFC 7022 §4.2).
    pub(super) fn new(socket: Option<UdpSocket>, now_us: u64, ssrc: u32, random: u64) -> Self {
        Self {
            socket,
            remote: None,
            is_muxed: false,
            reports: Reports::new(now_us, ssrc),
            cname: format!("{random:016x}"),
            packets_reported: 0,
        }
    }

    /// What SDP has settled.
    pub(super) fn settle(&mut self, address: Option<SocketAddr>, networks: &[IpNet], is_muxed: bool) {
        let former = self.remote.take();
        self.remote = address.map(|address| Remote::new(address, networks.to_vec()));
        if let (Some(remote), Some(former)) = (&mut self.remote, &former) {
            remote.follow(former);
        }
        self.is_muxed = is_muxed;
    }

    pub(super) fn is_muxed(&self) -> bool {
        self.is_muxed
    }

    /// Takes what has come over its own port.
    pub(super) fn sweep(&mut self, now_us: u64, secure: &mut Option<Secure>) {
        if self.is_muxed {
            return;
        }
        let mut packet = [0; PACKET_BYTES_MAX];
        for _ in 0..PACKETS_PER_SWEEP {
            let Some(socket) = &self.socket else { return };
            // Anything but a packet, a far end's refusal too, ends the sweep.
            let Ok((length, source)) = socket.try_recv_from(&mut packet) else { break };
            if !self.remote.as_mut().is_some_and(|remote| remote.takes(source)) {
                continue;
            }
            let length = match secure {
                Some(secure) => secure.unprotect_rtcp(&mut packet[..length]),
                None => Some(length),
            };
            if let Some(length) = length {
                self.receive(now_us, &packet[..length]);
            }
        }
    }

    /// Takes a packet that came over RTP's port, opened already.
    pub(super) fn receive(&mut self, now_us: u64, packet: &[u8]) {
        // A source that leaves is known by its silence, too: nothing is done about a goodbye.
        let _told = self.reports.receive(now_us, None, packet);
    }

    /// Sends a report, if one is due. Returns what the far end says it loses, in percent, for coders that can do something about it.
    pub(super) fn tick(&mut self, now_us: u64, media: Media<'_>) -> Option<u8> {
        if now_us < self.reports.deadline_us() {
            return None;
        }
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let fraction = u64::from(since_epoch.subsec_nanos()) * (1 << 32) / 1_000_000_000;
        let packets = media.sender.packets();
        // A sender report only from one who has sent since the last (RFC 3550 §6.4).
        let has_sent = std::mem::replace(&mut self.packets_reported, packets) != packets;
        let info = has_sent.then(|| SenderInfo {
            ntp: (since_epoch.as_secs() + NTP_EPOCH_S) << 32 | fraction,
            rtp_timestamp: media.sender.timestamp(),
            packets,
            octets: media.sender.octets(),
        });
        let metrics = media.jitter.report_block().map(|block| (block, self.metrics(block.ssrc, media.jitter)));
        let mut report = [0; REPORT_BYTES_MAX + OVERHEAD_MAX];
        let (block, metrics) = metrics.unzip();
        let written = self.reports.write(now_us, &mut report, info.as_ref(), block, &self.cname, metrics.as_ref());
        if let Ok(length) = written {
            self.send(&mut report, length, media.rtp, media.rtp_remote, media.secure);
        }
        self.remote_loss_pct().map(|percent| percent.round() as u8)
    }

    /// Takes leave of the far end (RFC 3550 §6.6).
    pub(super) fn say_goodbye(&mut self, media: Media<'_>) {
        let mut report = [0; REPORT_BYTES_MAX + OVERHEAD_MAX];
        if let Ok(length) = write_goodbye(&mut report, media.sender.ssrc(), &self.cname, "") {
            self.send(&mut report, length, media.rtp, media.rtp_remote, media.secure);
        }
    }

    pub(super) fn round_trip_ms(&self) -> Option<f32> {
        self.reports.round_trip_us().map(|round_trip_us| round_trip_us as f32 / 1_000.0)
    }

    /// What the far end says of what it hears of us.
    pub(super) fn remote(&self) -> Option<&ReportBlock> {
        self.reports.remote()
    }

    /// From mouth to ear, as far as is known.
    pub(super) fn one_way_delay_ms(&self) -> u32 {
        self.round_trip_ms().map_or(0, |round_trip_ms| (round_trip_ms / 2.0) as u32) + OWN_DELAY_MS
    }

    pub(super) fn remote_loss_pct(&self) -> Option<f32> {
        self.remote().map(|block| f32::from(block.fraction_lost) * 100.0 / 256.0)
    }

    fn metrics(&self, ssrc: u32, jitter: &JitterBuffer) -> VoipMetrics {
        let small = |ms: u32| u16::try_from(ms).unwrap_or(u16::MAX);
        VoipMetrics {
            round_trip_delay_ms: small(self.round_trip_ms().unwrap_or_default() as u32),
            end_system_delay_ms: small(OWN_DELAY_MS),
            jitter_buffer_maximum_ms: small(jitter.wait_ms()),
            jitter_buffer_absolute_maximum_ms: small(rtp::Config::default().wait_ms_max),
            ..VoipMetrics::new(ssrc, &jitter.bursts(), Impairment::G711, self.one_way_delay_ms())
        }
    }

    fn send(
        &self,
        report: &mut [u8],
        length: usize,
        rtp: &UdpSocket,
        rtp_remote: SocketAddr,
        secure: &mut Option<Secure>,
    ) {
        let length = match secure {
            Some(secure) => secure.protect_rtcp(report, length),
            None => Some(length),
        };
        let address = if self.is_muxed { Some(rtp_remote) } else { self.remote.as_ref().map(Remote::address) };
        let socket = if self.is_muxed { Some(rtp) } else { self.socket.as_ref() };
        if let (Some(length), Some(address), Some(socket)) = (length, address, socket)
            && !address.ip().is_unspecified()
        {
            // A report the kernel won't take is a report lost: the next one says more.
            let _is_sent = socket.try_send_to(&report[..length], address);
        }
    }
}
