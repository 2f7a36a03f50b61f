//! Finds free UDP ports for RTP and RTCP: an even one of a range and the one above it, as RFC 3550 §11 asks, or whatever the kernel gives.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Ports tried before a call is refused: a range shared with another process has holes, not deserts.
const TRIES_MAX: usize = 512;

/// Asked of the kernel for each RTP socket: 500 ms of packets survive a stall of the worker.
const SOCKET_BUFFER_BYTES: usize = 64 << 10;

/// The ports RTP may use: `10000-19999`, or `0` for any that is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RtpPorts(Option<RangeInclusive<u16>>);

impl FromStr for RtpPorts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "0" {
            return Ok(Self(None));
        }
        let range = text.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
        match range {
            Some((low, high)) if low >= 1024 && low < high => Ok(Self(Some(low..=high))),
            _ => Err("allowed are a range of ports from 1024 on, like 10000-19999, or 0 for any free port".to_owned()),
        }
    }
}

impl std::fmt::Display for RtpPorts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            None => formatter.write_str("0"),
            Some(range) => write!(formatter, "{}-{}", range.start(), range.end()),
        }
    }
}

/// Walks through the range, so that a port just freed rests as long as possible: late packets of
/// the last call don't reach the next one.
#[derive(Debug)]
pub(super) struct PortFinder {
    ip: IpAddr,
    ports: RtpPorts,
    next: u16,
}

impl PortFinder {
    pub(super) fn new(ip: IpAddr, ports: RtpPorts) -> Self {
        let next = ports.0.as_ref().map_or(0, |range| *range.start());
        Self { ip, ports, next }
    }

    /// Binds the next free pair of ports.
    pub(super) fn bind(&mut self) -> io::Result<Bound> {
        let Some(range) = self.ports.0.clone() else {
            return bind_any(self.ip);
        };
        let mut last_error = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..TRIES_MAX {
            let port = self.advance(&range);
            match bind_pair(self.ip, port) {
                Ok(bound) => return Ok(bound),
                Err(error) => last_error = error,
            }
        }
        Err(last_error)
    }

    fn advance(&mut self, range: &RangeInclusive<u16>) -> u16 {
        let even = |port: u16| port + port % 2;
        let mut port = even(self.next);
        if !range.contains(&port) || !range.contains(&port.saturating_add(1)) {
            port = even(*range.start());
        }
        self.next = port.checked_add(2).unwrap_or_else(|| *range.start());
        port
    }
}

/// A call's sockets, and their addresses.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) rtp: (UdpSocket, SocketAddr),
    pub(super) rtcp: (UdpSocket, SocketAddr),
}

fn bind_pair(ip: IpAddr, port: u16) -> io::Result<Bound> {
    let above = port.checked_add(1).ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok(Bound { rtp: bind(SocketAddr::new(ip, port))?, rtcp: bind(SocketAddr::new(ip, above))? })
}

/// Any two, the upper one above the lower where that is free: the far end is told where it is not.
fn bind_any(ip: IpAddr) -> io::Result<Bound> {
    let rtp = bind(SocketAddr::new(ip, 0))?;
    let above = rtp.1.port().checked_add(1).and_then(|port| bind(SocketAddr::new(ip, port)).ok());
    let rtcp = above.map_or_else(|| bind(SocketAddr::new(ip, 0)), Ok)?;
    Ok(Bound { rtp, rtcp })
}

fn bind(address: SocketAddr) -> io::Result<(UdpSocket, SocketAddr)> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, Some(socket2::Protocol::UDP))?;
    socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    let socket = UdpSocket::from(socket);
    let bound = socket.local_addr()?;
    Ok((socket, bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_gives_even_ports_in_turn_and_skips_those_in_use() {
        // A window of the dynamic range in which at least one port is free.
        let mut finder = PortFinder::new(IpAddr::from([127, 0, 0, 1]), "42001-42999".parse().unwrap());
        let first = finder.bind().unwrap();
        let second = finder.bind().unwrap();
        let port = |bound: &Bound| bound.rtp.1.port();
        for bound in [&first, &second] {
            assert_eq!((port(bound) % 2, bound.rtcp.1.port()), (0, port(bound) + 1));
        }
        assert!(port(&second) > port(&first));
        finder.next = port(&first);
        let third = finder.bind().unwrap();
        assert!(port(&third) > port(&second));
    }

    #[test]
    fn ranges_that_are_none_are_refused() {
        for text in ["", "80-90", "9000", "5000-4000", "1024-70000", "a-b"] {
            assert!(text.parse::<RtpPorts>().is_err(), "{text}");
        }
    }
}
