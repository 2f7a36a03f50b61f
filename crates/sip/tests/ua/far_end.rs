//! One user agent and a far end that says exactly what a test wants, at the times it wants.

use std::time::{Duration, Instant};

use sip::message::{Message, parse};
use sip::ua::{InviteParams, SessionId, UaConfig, UaEvent, UserAgent};
use sip::{HeaderName, Method, Peer, Request, Response};

pub(crate) const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) struct FarEnd {
    pub(crate) ua: UserAgent,
    pub(crate) now: Instant,
    /// Where the far end is.
    pub(crate) peer: Peer,
    pub(crate) events: Vec<UaEvent>,
    /// What the user agent sent since it was last looked at.
    sent: Vec<(Peer, Message)>,
}

impl FarEnd {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(edit: impl FnOnce(&mut UaConfig)) -> Self {
        let our_addr = "192.0.2.1:5060".parse().unwrap();
        let mut config = UaConfig::new(our_addr, our_addr);
        edit(&mut config);
        Self {
            ua: UserAgent::new(config, 7),
            now: Instant::now(),
            peer: Peer::udp("192.0.2.2:5060".parse().unwrap()),
            events: Vec::new(),
            sent: Vec::new(),
        }
    }

    /// The far end says something; returns what the user agent says to that.
    pub(crate) fn say(&mut self, message: impl AsRef<[u8]>) -> Vec<Message> {
        let (now, peer) = (self.now, self.peer);
        self.act(|ua| ua.receive(now, peer, message.as_ref())).1
    }

    /// Does something with the user agent; returns what it sends.
    pub(crate) fn act<R>(&mut self, f: impl FnOnce(&mut UserAgent) -> R) -> (R, Vec<Message>) {
        let result = f(&mut self.ua);
        self.drain();
        (result, self.take().into_iter().map(|(_, message)| message).collect())
    }

    /// The same with where it goes.
    pub(crate) fn act_to<R>(&mut self, f: impl FnOnce(&mut UserAgent) -> R) -> (R, Vec<(Peer, Message)>) {
        let result = f(&mut self.ua);
        self.drain();
        (result, self.take())
    }

    /// Lets time pass; returns what the user agent sends meanwhile.
    pub(crate) fn pass(&mut self, duration: Duration) -> Vec<Message> {
        let until = self.now + duration;
        while let Some(at) = self.ua.poll_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.ua.handle_timeout(self.now);
            self.drain();
        }
        self.now = until;
        self.take().into_iter().map(|(_, message)| message).collect()
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.ua.poll_transmit() {
            self.sent.push((transmit.peer, parse(&transmit.payload).unwrap()));
        }
        while let Some(event) = self.ua.poll_event() {
            self.events.push(event);
        }
    }

    fn take(&mut self) -> Vec<(Peer, Message)> {
        std::mem::take(&mut self.sent)
    }

    /// The user agent calls the far end; returns the session and the INVITE.
    pub(crate) fn called(&mut self, edit: impl FnOnce(&mut InviteParams)) -> (SessionId, Request) {
        let now = self.now;
        let mut params = params(self.peer);
        edit(&mut params);
        let (id, sent) = self.act(|ua| ua.invite(now, params).unwrap());
        (id, request_in(&sent, "INVITE"))
    }

    /// Everything that is left settles.
    pub(crate) fn assert_quiet(&mut self) {
        self.pass(ms(200_000));
        assert_eq!((self.ua.session_count(), self.ua.poll_timeout()), (0, None));
        for session in self.events.iter().map(UaEvent::session) {
            let finals = self.events.iter().filter(|e| e.session() == session && e.is_final()).count();
            assert_eq!(finals, 1, "{:?}", self.events);
        }
    }
}

pub(crate) fn params(next_hop: Peer) -> InviteParams {
    InviteParams {
        request_uri: "sip:callee@192.0.2.2".into(),
        from: "<sip:caller@example.com>".into(),
        to: "<sip:callee@example.com>".into(),
        call_id: None,
        route: Vec::new(),
        next_hop,
        headers: Vec::new(),
        body: Some(SDP.into()),
        credentials: None,
        ring_timeout: None,
    }
}

/// The last request of that method.
pub(crate) fn request_in(sent: &[Message], method: &str) -> Request {
    let found = sent.iter().rev().find_map(|m| match m {
        Message::Request(r) if r.method.as_str() == method => Some(r.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no {method} in {sent:?}"))
}

/// Methods and statuses, without 100.
pub(crate) fn kinds(sent: &[Message]) -> Vec<String> {
    let kind = |m: &Message| match m {
        Message::Request(r) => r.method.to_string(),
        Message::Response(r) => r.status.to_string(),
    };
    sent.iter().map(kind).filter(|k| k != "100").collect()
}

pub(crate) fn final_in(sent: &[Message]) -> Response {
    let found = sent.iter().find_map(|m| match m {
        Message::Response(r) if r.status >= 200 => Some(r.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no final response in {sent:?}"))
}

/// A response of the far end; a 2xx to an INVITE has a body.
pub(crate) fn response(to: &Request, status: u16, tag: &str) -> Vec<u8> {
    let mut response = to.response(status, None, Some(tag));
    response.headers.push(HeaderName::Contact, "<sip:callee@192.0.2.2>");
    if to.method == Method::Invite && (200..300).contains(&status) {
        response.headers.push(HeaderName::ContentType, "application/sdp");
        response.body = SDP.into();
    }
    response.to_bytes().to_vec()
}

/// A request of the far end, whose parts a test can replace.
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) branch: String,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    pub(crate) from_tag: String,
    pub(crate) to_tag: Option<String>,
    pub(crate) extra: String,
    pub(crate) body: Vec<u8>,
}

impl Ask {
    pub(crate) fn new(method: &'static str, branch: impl Into<String>) -> Self {
        Self {
            method,
            branch: branch.into(),
            call_id: "theirs".into(),
            cseq: 1,
            from_tag: "f".into(),
            to_tag: None,
            extra: String::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn invite(branch: impl Into<String>) -> Self {
        Self::new("INVITE", branch).sdp()
    }

    pub(crate) fn sdp(mut self) -> Self {
        self.extra.push_str("Content-Type: application/sdp\r\n");
        self.body = SDP.into();
        self
    }

    pub(crate) fn call_id(mut self, call_id: impl Into<String>) -> Self {
        self.call_id = call_id.into();
        self
    }

    pub(crate) fn cseq(mut self, cseq: u32) -> Self {
        self.cseq = cseq;
        self
    }

    pub(crate) fn tags(mut self, from: &str, to: &str) -> Self {
        (self.from_tag, self.to_tag) = (from.to_owned(), Some(to.to_owned()));
        self
    }

    pub(crate) fn extra(mut self, line: &str) -> Self {
        self.extra.push_str(line);
        self.extra.push_str("\r\n");
        self
    }

    pub(crate) fn bytes(&self, peer: Peer) -> Vec<u8> {
        let Self { method, branch, call_id, cseq, from_tag, extra, body, .. } = self;
        let to_tag = self.to_tag.as_ref().map(|t| format!(";tag={t}")).unwrap_or_default();
        let (transport, length) = (peer.transport.via_name(), body.len());
        let mut out = format!(
            "{method} sip:bot@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/{transport} 192.0.2.2:5060;branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\nFrom: <sip:x@h>;tag={from_tag}\r\nTo: <sip:y@h>{to_tag}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:x@192.0.2.2>\r\n{extra}Content-Length: {length}\r\n\r\n"
        )
        .into_bytes();
        out.extend_from_slice(body);
        out
    }
}

impl FarEnd {
    /// The far end sends a request; returns what the user agent says to that.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Vec<Message> {
        self.say(ask.bytes(self.peer))
    }

    /// The far end calls, is answered and acknowledges; returns the session and our tag.
    pub(crate) fn answered_call(&mut self) -> (SessionId, String) {
        self.ask(&Ask::invite("call"));
        let id = self.events.last().unwrap().session();
        let now = self.now;
        let ((), sent) = self.act(|ua| ua.answer(now, id, SDP.into()).unwrap());
        let tag = final_in(&sent).to_tag().unwrap();
        self.ask(&Ask::new("ACK", "ack").tags("f", &tag));
        assert!(matches!(self.events.last(), Some(UaEvent::Confirmed { .. })));
        (id, tag)
    }
}
