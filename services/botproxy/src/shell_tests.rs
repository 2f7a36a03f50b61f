//! Calls through real sockets on this machine: a carrier and two switches as user agents, the proxy between them.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use botstream_state::load::{SwitchLoad, SwitchState};
use sip::ua::{InviteParams, UaConfig, UaEvent, UserAgent};
use sip::{Peer, Transport};
use sip_transport::{Options, Received, SipTransport};

use crate::core::{Config, Directory, Proxy, TrunkName};
use crate::shell::Shell;

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
/// So that a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(20);

fn free_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Everybody is on 127.0.0.1: switches are told from the carrier by their ports.
#[derive(Clone, Default)]
struct Local {
    switches: Rc<RefCell<Vec<SwitchLoad>>>,
    reserved: Rc<RefCell<Vec<String>>>,
}

impl Directory for Local {
    fn trunk_of_source(&self, source: IpAddr) -> Option<TrunkName> {
        source.is_loopback().then(|| TrunkName { tenant: "default".into(), name: "local".into() })
    }

    fn is_trunk_peer(&self, _source: IpAddr) -> bool {
        false
    }

    fn resolve(&self, _host: &str, _port: u16) -> Option<SocketAddr> {
        None
    }

    fn unix_ms(&self) -> i64 {
        0
    }

    fn switches(&self) -> Vec<SwitchLoad> {
        self.switches.borrow().clone()
    }

    fn node_of_call(&self, _call_id: &str) -> Option<String> {
        None
    }

    fn reserve(&mut self, call_id: &str, _node: &str) {
        self.reserved.borrow_mut().push(call_id.to_owned());
    }

    fn release(&mut self, call_id: &str) {
        self.reserved.borrow_mut().retain(|held| held != call_id);
    }
}

struct Agent {
    ua: UserAgent,
    transport: SipTransport,
    events: Vec<UaEvent>,
}

impl Agent {
    async fn start(seed: u64) -> Self {
        let transport = SipTransport::bind(Options::new(free_port(), free_port())).await.unwrap();
        let ua = UserAgent::new(UaConfig::new(transport.udp_addr(), transport.tcp_addr()), seed);
        Self { ua, transport, events: Vec::new() }
    }

    fn load(&self, node: &str, calls: u32) -> SwitchLoad {
        SwitchLoad {
            node: node.into(),
            sip_udp: self.transport.udp_addr().to_string(),
            sip_tcp: self.transport.tcp_addr().to_string(),
            calls,
            capacity: 10,
            state: SwitchState::Active,
            ..SwitchLoad::default()
        }
    }

    async fn turn(&mut self) {
        self.flush();
        let until = self.ua.poll_timeout().unwrap_or_else(|| Instant::now() + PATIENCE);
        tokio::select! {
            received = self.transport.receive() => match received {
                Received::Message { from, payload } => self.ua.receive(Instant::now(), from, &payload),
                Received::Failed { peer } => self.ua.transport_failed(Instant::now(), peer),
            },
            () = tokio::time::sleep_until(until.into()) => self.ua.handle_timeout(Instant::now()),
        }
        self.flush();
    }

    fn flush(&mut self) {
        while let Some(transmit) = self.ua.poll_transmit() {
            self.transport.send(&transmit);
        }
        while let Some(event) = self.ua.poll_event() {
            self.events.push(event);
        }
    }

    fn take(&mut self, wanted: impl Fn(&UaEvent) -> bool) -> Option<UaEvent> {
        let at = self.events.iter().position(wanted)?;
        Some(self.events.remove(at))
    }
}

struct World {
    shell: Shell<Local>,
    directory: Local,
    /// The carrier and the switches.
    agents: [Agent; 3],
}

const CARRIER: usize = 0;

impl World {
    async fn start() -> Self {
        let agents = [Agent::start(1).await, Agent::start(2).await, Agent::start(3).await];
        let directory = Local::default();
        *directory.switches.borrow_mut() = vec![agents[1].load("s1", 0), agents[2].load("s2", 1)];
        let transport = SipTransport::bind(Options::new(free_port(), free_port())).await.unwrap();
        let config = Config::new(transport.udp_addr(), transport.tcp_addr());
        let shell = Shell { proxy: Proxy::new(config, 4), transport, directory: directory.clone() };
        Self { shell, directory, agents }
    }

    async fn wait(&mut self, agent: usize, wanted: impl Fn(&UaEvent) -> bool) -> UaEvent {
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(event) = self.agents[agent].take(&wanted) {
                    return event;
                }
                let [carrier, first, second] = &mut self.agents;
                tokio::select! {
                    () = self.shell.turn() => {}
                    () = carrier.turn() => {}
                    () = first.turn() => {}
                    () = second.turn() => {}
                }
            }
        });
        found.await.expect("the event comes in time")
    }

    fn proxy_peer(&self, transport: Transport) -> Peer {
        match transport {
            Transport::Udp => Peer::udp(self.shell.transport.udp_addr()),
            Transport::Tcp => Peer::tcp(self.shell.transport.tcp_addr()),
        }
    }

    async fn call(&mut self, from: usize, to: usize, request_uri: String, next_hop: Peer) {
        let now = Instant::now();
        let params = InviteParams {
            request_uri: request_uri.clone(),
            from: "<sip:a@example.com>".into(),
            to: format!("<{request_uri}>"),
            call_id: None,
            route: vec![format!("<sip:{};transport={};lr>", next_hop.addr, next_hop.transport.param_name())],
            next_hop,
            headers: Vec::new(),
            body: Some(SDP.into()),
            credentials: None,
            ring_timeout: None,
        };
        let a = self.agents[from].ua.invite(now, params).unwrap();
        let b = self.wait(to, |e| matches!(e, UaEvent::Incoming { .. })).await.session();
        self.agents[to].ua.answer(Instant::now(), b, SDP.into()).unwrap();
        self.wait(from, |e| matches!(e, UaEvent::Answered { .. })).await;
        self.wait(to, |e| matches!(e, UaEvent::Confirmed { .. })).await;
        self.agents[to].ua.reoffer(Instant::now(), b, Some(SDP.into())).unwrap();
        self.wait(from, |e| matches!(e, UaEvent::Reoffered { .. })).await;
        self.agents[from].ua.answer_reinvite(Instant::now(), a, Ok(SDP.into())).unwrap();
        self.wait(to, |e| matches!(e, UaEvent::Reanswered { .. })).await;
        self.agents[from].ua.hangup(Instant::now(), a, None).unwrap();
        self.wait(to, UaEvent::is_final).await;
        self.wait(from, UaEvent::is_final).await;
    }
}

#[tokio::test]
async fn calls_in_and_out_over_udp_and_tcp() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut world = World::start().await;
        let proxy = world.proxy_peer(transport);
        world.call(CARRIER, 1, format!("sip:+15550100@{}", proxy.addr), proxy).await;
        for target in [Transport::Udp, Transport::Tcp] {
            let carrier = &world.agents[CARRIER].transport;
            let at = if target == Transport::Udp { carrier.udp_addr() } else { carrier.tcp_addr() };
            world.call(2, CARRIER, format!("sip:+15550199@{at};transport={}", target.param_name()), proxy).await;
        }
        let counters = world.shell.proxy.counters();
        assert_eq!((counters.calls_inbound, counters.calls_outbound), (1, 2));
        assert!(counters.refusals.is_empty() && counters.malformed.is_empty(), "{counters:?}");
        assert!(world.directory.reserved.borrow().is_empty());
    }
}

#[tokio::test]
async fn a_switch_that_is_gone_is_passed_over() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let mut world = World::start().await;
        // Its sockets are closed; nothing is there any more.
        world.agents[1] = Agent::start(9).await;
        let proxy = world.proxy_peer(transport);
        world.call(CARRIER, 2, format!("sip:+15550100@{}", proxy.addr), proxy).await;
        assert_eq!(world.shell.proxy.counters().failovers, 1);
    }
}
