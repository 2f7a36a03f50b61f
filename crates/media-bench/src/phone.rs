//! The callers' signalling: one SIP user agent for all calls.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sip::sdp::{self, Description};
use sip::ua::{InviteParams, SessionId, UaConfig, UaEvent, UserAgent};
use sip::{Peer, Transport};
use sip_transport::{Options, Received, SipTransport};

/// From one INVITE to the next.
const SPACING: Duration = Duration::from_millis(20);
/// How long calls may take to be answered after the last INVITE, and to end.
const LIMIT: Duration = Duration::from_secs(10);

/// Calls that are up.
#[derive(Debug)]
pub(crate) struct Calls {
    /// Where each call's media goes, in the order of the callers' addresses.
    pub(crate) media: Vec<SocketAddr>,
    /// From INVITE to 200, sorted, in microseconds.
    pub(crate) setup_us: Vec<u64>,
    sessions: Vec<SessionId>,
}

/// A phone for any number of calls.
pub(crate) struct Phone {
    ua: UserAgent,
    transport: SipTransport,
}

impl Phone {
    pub(crate) async fn bind() -> Result<Self> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let transport = SipTransport::bind(Options::new(any, any)).await?;
        let config = UaConfig::new(transport.udp_addr(), transport.tcp_addr());
        Ok(Self { ua: UserAgent::new(config, rand::random()), transport })
    }

    /// Where calls to it would come.
    pub(crate) fn address(&self) -> SocketAddr {
        self.transport.udp_addr()
    }

    /// Has each caller call, one after the other.
    pub(crate) async fn call(&mut self, proxy: SocketAddr, callers: &[SocketAddr]) -> Result<Calls> {
        let mut asked = HashMap::new();
        let mut calls = Calls { media: callers.to_vec(), setup_us: Vec::new(), sessions: Vec::new() };
        let begin = Instant::now();
        for (number, caller) in callers.iter().enumerate() {
            let offer = offer(*caller);
            let to = format!("sip:+1415555{number:04}@{proxy}");
            let params = InviteParams {
                request_uri: to.clone(),
                from: format!("<sip:caller{number}@{}>", self.address()),
                to: format!("<{to}>"),
                call_id: None,
                route: Vec::new(),
                next_hop: Peer { transport: Transport::Udp, addr: proxy },
                headers: Vec::new(),
                body: Some(offer.clone()),
                credentials: None,
                ring_timeout: Some(LIMIT),
            };
            let session = self.ua.invite(Instant::now(), params)?;
            asked.insert(session, (number, Instant::now(), offer));
            let next = begin + SPACING * (number as u32 + 1);
            for event in self.run_until(next).await {
                calls.take(event, &mut asked)?;
            }
        }
        let limit = Instant::now() + LIMIT;
        while !asked.is_empty() {
            if Instant::now() > limit {
                bail!("{} of {} calls are not answered", asked.len(), callers.len());
            }
            for event in self.run_until(Instant::now() + SPACING).await {
                calls.take(event, &mut asked)?;
            }
        }
        calls.setup_us.sort_unstable();
        Ok(calls)
    }

    /// Keeps calls up until then. Gives how many ended by themselves.
    pub(crate) async fn keep(&mut self, until: Instant) -> usize {
        self.run_until(until).await.iter().filter(|event| event.is_final()).count()
    }

    /// Ends calls.
    pub(crate) async fn hang_up(&mut self, calls: &Calls) -> Result<()> {
        for session in &calls.sessions {
            // One that has ended by itself is unknown by now.
            self.ua.hangup(Instant::now(), *session, None).ok();
        }
        let limit = Instant::now() + LIMIT;
        while self.ua.session_count() > 0 {
            if Instant::now() > limit {
                bail!("{} calls do not end", self.ua.session_count());
            }
            self.run_until(Instant::now() + SPACING).await;
        }
        Ok(())
    }

    async fn run_until(&mut self, until: Instant) -> Vec<UaEvent> {
        let mut events = Vec::new();
        loop {
            while let Some(transmit) = self.ua.poll_transmit() {
                self.transport.send(&transmit);
            }
            while let Some(event) = self.ua.poll_event() {
                events.push(event);
            }
            if Instant::now() >= until {
                return events;
            }
            let wake = self.ua.poll_timeout().map_or(until, |at| at.min(until));
            tokio::select! {
                received = self.transport.receive() => match received {
                    Received::Message { from, payload } => self.ua.receive(Instant::now(), from, &payload),
                    Received::Failed { peer } => self.ua.transport_failed(Instant::now(), peer),
                },
                () = tokio::time::sleep_until(wake.into()) => self.ua.handle_timeout(Instant::now()),
            }
        }
    }
}

impl Calls {
    fn take(&mut self, event: UaEvent, asked: &mut HashMap<SessionId, (usize, Instant, String)>) -> Result<()> {
        match event {
            UaEvent::Answered { session, body, .. } => {
                let Some((number, at, offer)) = asked.remove(&session) else { return Ok(()) };
                let answer = Description::parse(body.as_deref().unwrap_or_default()).context("the answer's SDP")?;
                let negotiated = sdp::accept_answer(&Description::parse(&offer)?, &answer)?;
                if let Some(media) = self.media.get_mut(number) {
                    *media = negotiated.remote_rtp;
                }
                self.setup_us.push(at.elapsed().as_micros() as u64);
                self.sessions.push(session);
            }
            UaEvent::Failed { status, reason, .. } => bail!("a call is refused with {status} {reason}"),
            UaEvent::Ended { .. } => bail!("a call ended while others were placed"),
            _ => {}
        }
        Ok(())
    }
}

/// µ-law, and nothing else: what is measured is the work of one codec.
fn offer(caller: SocketAddr) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n",
        ip = caller.ip(),
        port = caller.port()
    )
}
