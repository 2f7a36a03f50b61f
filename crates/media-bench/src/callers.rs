//! The callers' media: one thread sends a packet of µ-law for each call every 20 ms, and takes what comes back.
//!
//! A caller says nothing but bursts of its own code, so that an echo shows its delay, and whose it is. The calls' packets are spread over
//! the 20 ms, as they would be at a carrier.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use rtp::{HEADER_LEN, Header};
use rustix::event::epoll;
use rustix::fs::Timespec;

use crate::arrivals::{Arrivals, Heard, PACKET_US};
use crate::echo::{Echo, SILENCE};

/// Samples of a packet.
const PACKET_SAMPLES: usize = 160;
/// Packets of a burst.
const BURST_PACKETS: u64 = 5;
/// From one burst to the next, in packets.
const BURST_EVERY_PACKETS: u64 = 60;
/// How often the sockets are looked at; a packet may leave so much later than it should.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// Loud codes; calls that are this many apart have the same.
const CODES: usize = 64;
const DATAGRAM_BYTES_MAX: usize = 2_048;

/// What all callers together have heard.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) heard: Heard,
    /// Sorted, in microseconds.
    pub(crate) echo_us: Vec<u64>,
    pub(crate) unanswered: u64,
    pub(crate) strange: u64,
    /// Packets that should have left more than [`crate::arrivals::LATE_US`] earlier: then it is this program that was late.
    pub(crate) sent_late: u64,
}

/// The callers' sockets.
#[derive(Debug)]
pub(crate) struct Sockets(Vec<UdpSocket>);

#[derive(Debug)]
struct Caller {
    socket: UdpSocket,
    number: u64,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    /// Where it is between two bursts at the beginning.
    offset_packets: u64,
    code: u8,
    arrivals: Arrivals,
    echo: Echo,
}

impl Sockets {
    /// Opens so many, on free ports.
    pub(crate) fn open(count: usize) -> Result<Self> {
        let open = |_| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let sockets: std::io::Result<Vec<_>> = (0..count).map(open).collect();
        Ok(Self(sockets.context("opening the callers' sockets")?))
    }

    /// Where each takes media.
    pub(crate) fn addresses(&self) -> Result<Vec<SocketAddr>> {
        let addresses: std::io::Result<Vec<_>> = self.0.iter().map(UdpSocket::local_addr).collect();
        Ok(addresses?)
    }

    /// Starts to talk, each with its own peer, until `until`; what is heard from `from` on is measured.
    pub(crate) fn talk(
        self,
        peers: &[SocketAddr],
        from: Instant,
        until: Instant,
    ) -> Result<JoinHandle<Result<Report>>> {
        let mut callers = Vec::with_capacity(self.0.len());
        for (number, (socket, peer)) in self.0.into_iter().zip(peers).enumerate() {
            socket.connect(peer).with_context(|| format!("sending to {peer}"))?;
            let code = 0x80 + (number % CODES) as u8;
            callers.push(Caller {
                socket,
                number: number as u64,
                sequence: rand::random(),
                timestamp: rand::random(),
                ssrc: rand::random(),
                offset_packets: rand::random::<u64>() % BURST_EVERY_PACKETS,
                code,
                arrivals: Arrivals::default(),
                echo: Echo::new(code),
            });
        }
        let spawned = std::thread::Builder::new().name("callers".to_owned()).spawn(move || run(callers, from, until));
        spawned.context("starting the callers' thread")
    }
}

fn run(mut callers: Vec<Caller>, from: Instant, until: Instant) -> Result<Report> {
    let poll = watch(&callers)?;
    let begin = Instant::now();
    let us = |at: Instant| at.saturating_duration_since(begin).as_micros() as u64;
    let (from_us, until_us) = (us(from), us(until));
    let spread = |caller: &Caller, count: usize| caller.number * PACKET_US / count as u64;
    let mut report = Report::default();
    let (mut next, mut round, count) = (0, 0_u64, callers.len());
    let mut measuring = false;
    let mut events = Vec::with_capacity(count.max(1));
    let mut datagram = [0; DATAGRAM_BYTES_MAX];
    loop {
        let now_us = us(Instant::now());
        if now_us >= until_us {
            break;
        }
        if !measuring && now_us >= from_us {
            measuring = true;
            callers.iter_mut().for_each(|caller| caller.echo.begin());
        }
        // All that are due, in the order of their times.
        while let Some(caller) = callers.get_mut(next) {
            let due_us = round * PACKET_US + spread(caller, count);
            if due_us > now_us {
                break;
            }
            report.sent_late += u64::from(measuring && now_us - due_us > crate::arrivals::LATE_US as u64);
            caller.send(round, now_us);
            next += 1;
            if next == count {
                (next, round) = (0, round + 1);
            }
        }
        let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK_EVERY.as_nanos() as i64 };
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), Some(&timeout))
            .context("waiting for packets")?;
        let now_us = us(Instant::now());
        for event in &events {
            let Some(caller) = callers.get_mut(event.data.u64() as usize) else { continue };
            while let Ok(length) = caller.socket.recv(&mut datagram) {
                caller.receive(&datagram[..length], now_us, measuring);
            }
        }
    }
    for mut caller in callers {
        caller.echo.give_up(until_us);
        let heard = caller.arrivals.heard();
        report.heard.received += heard.received;
        report.heard.missing += heard.missing;
        report.heard.late += heard.late;
        report.heard.repeated += heard.repeated;
        report.heard.foreign += heard.foreign;
        report.echo_us.extend(caller.echo.delays_us());
        report.unanswered += caller.echo.unanswered();
        report.strange += caller.echo.strange();
    }
    report.echo_us.sort_unstable();
    Ok(report)
}

fn watch(callers: &[Caller]) -> Result<OwnedFd> {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC).context("making an epoll instance")?;
    for (index, caller) in callers.iter().enumerate() {
        let data = epoll::EventData::new_u64(index as u64);
        epoll::add(&poll, &caller.socket, data, epoll::EventFlags::IN)
            .map_err(|error| anyhow!("watching a socket: {error}"))?;
    }
    Ok(poll)
}

impl Caller {
    fn send(&mut self, round: u64, now_us: u64) {
        let place = (round + self.offset_packets) % BURST_EVERY_PACKETS;
        let code = if place < BURST_PACKETS { self.code } else { SILENCE };
        if place == 0 {
            self.echo.said(now_us);
        }
        let header = Header {
            marker: false,
            payload_type: 0,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        let mut packet = [code; HEADER_LEN + PACKET_SAMPLES];
        packet[..HEADER_LEN].copy_from_slice(&header.to_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(PACKET_SAMPLES as u32);
        // What the kernel does not take is lost, and shows as an echo that does not come.
        self.socket.send(&packet).ok();
    }

    fn receive(&mut self, datagram: &[u8], now_us: u64, measuring: bool) {
        if measuring {
            self.arrivals.datagram(datagram, now_us);
        }
        if let Ok((_, payload)) = Header::parse(datagram)
            && let Some(payload) = datagram.get(payload)
        {
            self.echo.heard(payload, now_us);
        }
    }
}
