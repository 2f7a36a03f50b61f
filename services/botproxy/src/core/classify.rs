//! Who a request comes from: a switch of ours, a trunk, or somebody else.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use botstream_state::load::SwitchLoad;
use sip::{Peer, Request, Transport};

use super::{Directory, Proxy, TrunkName};

/// Most switches that are remembered after they went away.
const REMEMBERED_MAX: usize = 4_096;
/// How old the list of switches may be that a request is judged by.
const LIST_AGE_MAX: Duration = Duration::from_millis(100);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Switch,
    /// A trunk-manager: it registers trunks.
    Agent,
    Trunk(TrunkName),
    /// An address that calls are sent to, but from which none are taken.
    TrunkPeer,
    Unknown,
}

/// The switches there are, and those there were: calls on a switch that has left the table (it may only have lost NATS)
/// are still routed to it.
#[derive(Debug, Default)]
pub(super) struct Switches {
    alive_at: BTreeMap<Peer, bool>,
    /// Of all of these.
    ips: BTreeSet<IpAddr>,
    read_at: Option<Instant>,
}

impl Switches {
    pub(super) fn note(&mut self, now: Instant, list: &[SwitchLoad]) {
        self.read_at = Some(now);
        self.alive_at.values_mut().for_each(|alive| *alive = false);
        for peer in list.iter().flat_map(peers) {
            if self.alive_at.len() < REMEMBERED_MAX || self.alive_at.contains_key(&peer) {
                self.alive_at.insert(peer, true);
            }
        }
        if self.alive_at.len() >= REMEMBERED_MAX {
            self.alive_at.retain(|_, alive| *alive);
        }
        self.ips = self.alive_at.keys().map(|peer| peer.addr.ip().to_canonical()).collect();
    }

    /// Whether a switch is or was at this address, at any port.
    pub(super) fn is_at(&self, ip: IpAddr) -> bool {
        self.ips.contains(&ip)
    }

    fn is_stale(&self, now: Instant) -> bool {
        self.read_at.is_none_or(|at| now.saturating_duration_since(at) >= LIST_AGE_MAX)
    }

    /// Whether a switch is or was at this address; and if so, whether it still is.
    pub(super) fn alive(&self, peer: Peer) -> Option<bool> {
        self.alive_at.get(&peer).copied()
    }
}

/// The addresses of a switch that can be read.
pub(super) fn peers(switch: &SwitchLoad) -> impl Iterator<Item = Peer> {
    let udp = switch.sip_udp.parse().ok().map(Peer::udp);
    let tcp = switch.sip_tcp.parse().ok().map(Peer::tcp);
    [udp, tcp].into_iter().flatten()
}

impl Proxy {
    pub(super) fn refresh_switches(&mut self, now: Instant, directory: &dyn Directory) {
        if self.switches.is_stale(now) {
            self.switches.note(now, &directory.switches());
        }
    }

    pub(super) fn classify(
        &mut self,
        now: Instant,
        request: &Request,
        from: Peer,
        directory: &dyn Directory,
    ) -> Source {
        self.refresh_switches(now, directory);
        if self.switches.alive(listening_at(request, from)).is_some() {
            return Source::Switch;
        }
        if from.transport == Transport::Udp && directory.is_agent(from.addr) {
            return Source::Agent;
        }
        let ip = from.addr.ip().to_canonical();
        let user = request.parsed_uri().ok().and_then(|uri| uri.user());
        // Several trunks may be registered at one carrier: the contact tells them apart.
        let by_contact = directory
            .registered_trunk(ip, user.as_deref())
            .filter(|trunk| user.is_some() && directory.contact_user(trunk) == user);
        let of_source = || directory.trunk_of_source(ip).or_else(|| directory.registered_trunk(ip, None));
        match by_contact.or_else(of_source) {
            Some(trunk) => Source::Trunk(trunk),
            None if directory.is_trunk_peer(ip) => Source::TrunkPeer,
            None => Source::Unknown,
        }
    }
}

/// Where the sender listens. A connection that it opened has a port of its own; its Via says the one that counts, and
/// is believed as far as the address is the connection's.
pub(super) fn listening_at(request: &Request, from: Peer) -> Peer {
    let via = request.top_via().and_then(|via| via.host.ip().zip(via.port));
    match via {
        Some((ip, port)) if from.transport == Transport::Tcp && ip.to_canonical() == from.addr.ip().to_canonical() => {
            Peer::tcp((ip, port).into())
        }
        _ => from,
    }
}
