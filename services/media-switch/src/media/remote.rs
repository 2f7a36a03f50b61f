//! Where a call's RTP comes from and goes to: symmetric RTP (RFC 4961), latched once.

use std::net::SocketAddr;

use ipnet::IpNet;

/// The far end of a call's RTP.
#[derive(Debug)]
pub(super) struct Remote {
    /// As SDP has it.
    signalled: SocketAddr,
    /// Where its first packet really came from; nothing else is listened to from then on.
    latched: Option<SocketAddr>,
    /// Where it was before the last renegotiation: it goes on sending from there until it has our answer.
    former: Option<SocketAddr>,
    networks: Vec<IpNet>,
}

impl Remote {
    /// RTP may come from the signalled address, whatever the port, and from `networks`.
    pub(super) fn new(signalled: SocketAddr, networks: Vec<IpNet>) -> Self {
        Self { signalled, latched: None, former: None, networks }
    }

    /// After a renegotiation: what moved nothing leaves the far end where it was.
    pub(super) fn follow(&mut self, before: &Self) {
        if self.signalled == before.signalled {
            self.latched = before.latched;
            self.former = before.former;
        } else {
            self.former = Some(before.address());
        }
    }

    /// Whether a packet from `source` is the far end's.
    pub(super) fn takes(&mut self, source: SocketAddr) -> bool {
        if self.latched == Some(source) {
            return true;
        }
        // Nobody but who signals can name this one, so it goes before whatever was latched.
        if source == self.signalled {
            self.latched = Some(source);
            return true;
        }
        if self.latched.is_some() || self.former == Some(source) {
            return false;
        }
        let ip = source.ip().to_canonical();
        let is_allowed =
            ip == self.signalled.ip().to_canonical() || self.networks.iter().any(|network| network.contains(&ip));
        if is_allowed {
            self.latched = Some(source);
        }
        is_allowed
    }

    /// Where packets go: back to where they come from.
    pub(super) fn address(&self) -> SocketAddr {
        self.latched.unwrap_or(self.signalled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_packet_of_the_signalled_host_latches_its_port() {
        let mut remote = Remote::new(addr("192.0.2.1:4000"), Vec::new());
        assert!(!remote.takes(addr("198.51.100.1:4000")));
        assert_eq!(remote.address(), addr("192.0.2.1:4000"));
        assert!(remote.takes(addr("192.0.2.1:6000")));
        assert_eq!(remote.address(), addr("192.0.2.1:6000"));
        assert!(!remote.takes(addr("192.0.2.1:8000")));
        // The address that was signalled needs no latch.
        assert!(remote.takes(addr("192.0.2.1:4000")));
        assert_eq!(remote.address(), addr("192.0.2.1:4000"));
    }

    #[test]
    fn late_packets_from_where_the_far_end_was_latch_nothing() {
        let mut before = Remote::new(addr("192.0.2.1:4000"), Vec::new());
        assert!(before.takes(addr("192.0.2.1:4000")));
        let mut moved = Remote::new(addr("192.0.2.1:5000"), Vec::new());
        moved.follow(&before);
        assert!(!moved.takes(addr("192.0.2.1:4000")));
        assert!(moved.takes(addr("192.0.2.1:5000")));
    }

    #[test]
    fn networks_of_the_trunk_are_let_in_too() {
        let mut remote = Remote::new(addr("10.0.0.1:4000"), vec!["198.51.100.0/24".parse().unwrap()]);
        assert!(!remote.takes(addr("203.0.113.9:4000")));
        assert!(remote.takes(addr("198.51.100.77:4000")));
    }

    #[test]
    fn a_renegotiation_keeps_the_latch_unless_the_far_end_moved() {
        let mut before = Remote::new(addr("192.0.2.1:4000"), Vec::new());
        assert!(before.takes(addr("192.0.2.1:6000")));
        let mut same = Remote::new(addr("192.0.2.1:4000"), Vec::new());
        same.follow(&before);
        assert_eq!(same.address(), addr("192.0.2.1:6000"));
        let mut moved = Remote::new(addr("192.0.2.9:4000"), Vec::new());
        moved.follow(&before);
        assert_eq!(moved.address(), addr("192.0.2.9:4000"));
    }
}
