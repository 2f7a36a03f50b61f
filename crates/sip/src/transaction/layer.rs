//! All transactions of one element.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;

use super::client::{self, Client, Outcome};
use super::key::{client_key, client_key_of, invite_key, server_key};
use super::schedule::Schedule;
use super::server::{self, Server};
use super::{ClientId, Config, Event, Failure, ServerId};
use crate::error::Error;
use crate::headers::{MAGIC_COOKIE, Via, replace_top_via, top_via_any_version};
use crate::message::{HeaderName, Headers, Message, Method, Request, Response, Text, parse};
use crate::random::TokenSource;
use crate::transport::{Peer, Transmit, Transport};

/// Most events that wait to be polled; while there are so many, new requests are answered 503.
pub const EVENTS_MAX: usize = 10_000;

/// The part of [`Config::transactions_max`] that is kept beyond it for what goes on with or ends what there is
/// already: one in so many.
const RESERVE_DIVISOR: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    Client(ClientId),
    Server(ServerId),
}

/// The transaction layer. Feed it with what comes in and with time, then drain
/// [`poll_transmit`](Self::poll_transmit) and [`poll_event`](Self::poll_event).
#[derive(Debug)]
pub struct Layer {
    config: Config,
    tokens: TokenSource,
    next_id: u64,
    pub(super) clients: BTreeMap<ClientId, Client>,
    pub(super) servers: BTreeMap<ServerId, Server>,
    client_keys: HashMap<String, ClientId>,
    server_keys: HashMap<String, ServerId>,
    /// Who talks to whom, so that a broken connection costs its own transactions only.
    pub(super) peers: BTreeSet<(Peer, Id)>,
    pub(super) schedule: Schedule<Id>,
    transmits: VecDeque<Transmit>,
    pub(super) events: VecDeque<Event>,
}

impl Layer {
    /// An empty layer; `seed` makes the branches.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            config,
            tokens: TokenSource::new(seed),
            next_id: 0,
            clients: BTreeMap::new(),
            servers: BTreeMap::new(),
            client_keys: HashMap::new(),
            server_keys: HashMap::new(),
            peers: BTreeSet::new(),
            schedule: Schedule::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// One datagram, or one message framed by [`StreamDecoder`](crate::StreamDecoder).
    pub fn receive(&mut self, now: Instant, from: Peer, payload: &[u8]) {
        match parse(payload) {
            Ok(Message::Request(request)) => self.on_request(now, from, request),
            Ok(Message::Response(response)) => self.on_response(now, from, response),
            Err(error) if error.keep_alive => {}
            Err(error) => {
                if let Some(response) = &error.response {
                    self.respond_stateless(from, (**response).clone());
                }
                if self.events.len() < EVENTS_MAX {
                    self.events.push_back(Event::Malformed { from, error });
                }
            }
        }
    }

    fn on_request(&mut self, now: Instant, from: Peer, mut request: Request) {
        let Some(mut via) = request.top_via() else { return };
        let key = server_key(&request, &via);
        via.note_source(from.addr);
        replace_top_via(&mut request.headers, &via);
        if let Some(&id) = self.server_keys.get(&key) {
            self.on_known_request(now, id, from, request);
        } else if request.method == Method::Ack {
            self.events.push_back(Event::Ack { request, from });
        } else {
            self.on_new_request(now, from, key, &via, request);
        }
    }

    fn on_known_request(&mut self, now: Instant, id: ServerId, from: Peer, request: Request) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        let before = server.timers.next();
        let outcome =
            if request.method == Method::Ack { server.on_ack(now, &self.config) } else { server.on_retransmission() };
        if outcome.tell {
            self.events.push_back(Event::Ack { request, from });
        }
        self.finish_server(id, before, outcome);
    }

    fn on_new_request(&mut self, now: Instant, from: Peer, key: String, via: &Via, request: Request) {
        let reply = match from.transport {
            Transport::Udp => via.response_addr().map(Peer::udp),
            Transport::Tcp => Some(from),
        };
        let Some(reply) = reply else { return };
        if !self.admits(&request, via) {
            let mut response = request.response(503, None, Some(&self.tokens.derived(&key)));
            response.headers.push(HeaderName::RetryAfter, self.config.retry_after_s.to_string());
            self.send(reply, response.to_bytes());
            return;
        }
        let id = ServerId(self.next_id());
        let invite = request.method == Method::Invite;
        let fallback = via.response_peer().filter(|peer| *peer != reply);
        self.servers.insert(id, Server::new(key.clone(), invite, reply, fallback));
        self.peers.insert((reply, Id::Server(id)));
        self.server_keys.insert(key, id);
        if invite {
            self.respond(now, id, &request.response(100, None, None));
        }
        self.events.push_back(Event::Request { id, request, from });
    }

    /// Whether there is room for the transaction of a new request. What cancels an INVITE that is here, or claims
    /// to belong to a dialog, has a reserve of its own: new work must not keep calls from ending.
    fn admits(&self, request: &Request, via: &Via) -> bool {
        let count = self.servers.len();
        let limit = self.config.transactions_max;
        self.events.len() < EVENTS_MAX
            && (count < limit || count < limit + self.reserve() && self.concerns_what_is_here(request, via))
    }

    fn concerns_what_is_here(&self, request: &Request, via: &Via) -> bool {
        if request.method == Method::Cancel {
            self.server_keys.contains_key(&invite_key(request, via))
        } else {
            request.to_tag().is_some()
        }
    }

    fn reserve(&self) -> usize {
        self.config.transactions_max / RESERVE_DIVISOR
    }

    /// Whether server transactions have reached their limit, so that the reserve is being used: who answers by
    /// himself should then do without them, see [`respond_and_forget`](Self::respond_and_forget).
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.servers.len() >= self.config.transactions_max
    }

    fn on_response(&mut self, now: Instant, from: Peer, response: Response) {
        let id = client_key(&response).and_then(|key| self.client_keys.get(&key).copied());
        let Some((id, client)) = id.and_then(|id| Some((id, self.clients.get_mut(&id)?))) else {
            if self.events.len() < EVENTS_MAX {
                self.events.push_back(Event::Stray { from, status: response.status });
            }
            return;
        };
        let before = client.timers.next();
        let mut outcome = client.on_response(now, &response, &self.config);
        if outcome.tell {
            outcome.tell = false;
            self.events.push_back(Event::Response { id, response });
        }
        self.finish_client(id, before, outcome);
    }

    /// Sends a request in a new transaction, with a Via of ours on top.
    ///
    /// # Errors
    /// [`Error::Full`] at the limit of transactions.
    pub fn request(&mut self, now: Instant, peer: Peer, request: Request) -> Result<ClientId, Error> {
        self.request_marked(now, peer, request, "")
    }

    /// The same with a mark (a token) at the end of the branch: what a proxy recognises a loop by (§16.6 step 8).
    ///
    /// # Errors
    /// [`Error::Full`] at the limit of transactions.
    pub fn request_marked(
        &mut self,
        now: Instant,
        peer: Peer,
        request: Request,
        mark: &str,
    ) -> Result<ClientId, Error> {
        self.check_room()?;
        Ok(self.start_request(now, peer, request, mark))
    }

    /// Sends a request that ends something, such as BYE: at the limit of transactions too, for what ends calls
    /// must never be refused. The caller sees to it that there are few of these for each thing that was begun.
    pub fn request_unchecked(&mut self, now: Instant, peer: Peer, request: Request) -> ClientId {
        self.start_request(now, peer, request, "")
    }

    fn start_request(&mut self, now: Instant, peer: Peer, mut request: Request, mark: &str) -> ClientId {
        let branch = self.branch() + mark;
        self.push_via(peer, &mut request, &branch);
        let key = client_key_of(&branch, &request.method);
        self.start_client(now, peer, key, request)
    }

    /// Sends an ACK of a 2xx: no transaction, a branch of its own (RFC 3261 §13.2.2.4). Returns the message, to be
    /// sent again with [`send`](Self::send) for each retransmitted 2xx.
    pub fn request_stateless(&mut self, peer: Peer, mut request: Request) -> Bytes {
        let branch = self.branch();
        self.push_via(peer, &mut request, &branch);
        let wire = request.to_bytes();
        self.send(peer, wire.clone());
        wire
    }

    /// Cancels an INVITE of ours. It then ends with its final response, or within 64·T1 with a timeout
    /// (RFC 3261 §9.1). Call it only after a provisional response came. Does nothing if it is over or
    /// cancelled already. It is sent at the limit of transactions, too: there is one for each INVITE at most.
    ///
    /// # Errors
    /// Never: the `Result` is there for callers that ask.
    pub fn cancel(&mut self, now: Instant, id: ClientId, extra: &Headers) -> Result<Option<ClientId>, Error> {
        let deadline = now + self.config.t1 * 64;
        let Some(invite) = self.clients.get_mut(&id).filter(|c| c.state == client::State::Proceeding) else {
            return Ok(None);
        };
        let cancel = client::cancel_for(&invite.request, extra);
        let branch = cancel.top_via().and_then(|v| v.branch().map(str::to_owned)).unwrap_or_default();
        let key = client_key_of(&branch, &Method::Cancel);
        if self.client_keys.contains_key(&key) {
            return Ok(None);
        }
        let (peer, before) = (invite.peer, invite.timers.next());
        invite.timers.deadline = Some(deadline);
        self.schedule.update(Id::Client(id), before, Some(deadline));
        Ok(Some(self.start_client(now, peer, key, cancel)))
    }

    /// Forgets a client transaction without a word: nothing more is sent or told.
    pub fn abandon(&mut self, id: ClientId) {
        self.remove_client(id);
    }

    /// Nobody is interested in an INVITE of ours any more: it ends with its final response, which is acknowledged
    /// as ever, or after 64·T1.
    pub fn run_out(&mut self, now: Instant, id: ClientId) {
        let deadline = now + self.config.t1 * 64;
        let Some(client) = self.clients.get_mut(&id).filter(|c| c.state == client::State::Proceeding) else { return };
        let before = client.timers.next();
        client.timers.deadline = Some(client.timers.deadline.map_or(deadline, |at| at.min(deadline)));
        let next = client.timers.next();
        self.schedule.update(Id::Client(id), before, next);
    }

    /// Gives a request its final response and forgets it at once (RFC 3261 §8.2.7): when it comes again it is a
    /// new one, and must get the same response, To tag included ([`stateless_tag`](Self::stateless_tag)). For what
    /// is answered without making anything, so that strangers cannot fill the table; for INVITE only where there
    /// is no room, because a lost refusal is not repeated.
    pub fn respond_and_forget(&mut self, id: ServerId, response: &Response) {
        if let Some(peer) = self.servers.get(&id).map(|s| s.reply) {
            self.send(peer, response.to_bytes());
            self.remove_server(id);
        }
    }

    /// A To tag that is the same for every copy of a request, and that nobody else can work out.
    #[must_use]
    pub fn stateless_tag(&self, request: &Request) -> String {
        let key = request.top_via().map(|via| server_key(request, &via)).unwrap_or_default();
        self.tokens.derived(&key)
    }

    /// Answers a request. A second final response is ignored, but for further 2xx to an INVITE.
    pub fn respond(&mut self, now: Instant, id: ServerId, response: &Response) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        let before = server.timers.next();
        let outcome = server.on_respond(now, response, &self.config);
        self.finish_server(id, before, outcome);
    }

    /// The INVITE transaction that a CANCEL means, if it still waits for a final response or just got one.
    #[must_use]
    pub fn cancelled_invite(&self, cancel: &Request) -> Option<ServerId> {
        self.server_keys.get(&invite_key(cancel, &cancel.top_via()?)).copied()
    }

    /// Whether a server transaction still waits for its final response.
    #[must_use]
    pub fn is_pending(&self, id: ServerId) -> bool {
        self.servers.get(&id).is_some_and(|s| s.state == server::State::Proceeding)
    }

    /// Fires what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, id)) = self.schedule.pop_due(now) {
            match id {
                Id::Client(id) => {
                    let Some(client) = self.clients.get_mut(&id) else { continue };
                    let mut outcome = client.on_timer(now.max(at), &self.config);
                    if std::mem::take(&mut outcome.tell) {
                        self.events.push_back(Event::ClientFailed { id, failure: Failure::Timeout });
                    }
                    self.finish_client(id, None, outcome);
                }
                Id::Server(id) => {
                    let Some(server) = self.servers.get_mut(&id) else { continue };
                    let mut outcome = server.on_timer(now.max(at), &self.config);
                    if std::mem::take(&mut outcome.tell) {
                        self.events.push_back(Event::ServerFailed { id });
                    }
                    self.finish_server(id, None, outcome);
                }
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.schedule.next()
    }

    /// The next message to be sent.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// How many transactions there are: (client, server).
    #[must_use]
    pub fn transaction_count(&self) -> (usize, usize) {
        (self.clients.len(), self.servers.len())
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, peer: Peer, payload: Bytes) {
        self.transmits.push_back(Transmit { peer, payload });
    }

    /// Whether a response is to a request of ours that is still in a transaction.
    #[must_use]
    pub fn expects(&self, response: &Response) -> bool {
        client_key(response).is_some_and(|key| self.client_keys.contains_key(&key))
    }

    /// Sends a response to a message that is in no transaction.
    fn respond_stateless(&mut self, from: Peer, response: Response) {
        self.transmits.extend(self.stateless_response(from, response));
    }

    /// A response to a message that is in no transaction, and where it goes: to where its Via says, the source's address in it
    /// (RFC 3261 §8.2.7, §18.2.2). It gets its To tag here.
    #[must_use]
    pub fn stateless_response(&self, from: Peer, mut response: Response) -> Option<Transmit> {
        let key = response.headers.get(&HeaderName::Via).map(ToString::to_string).unwrap_or_default();
        let via = top_via_any_version(&response.headers).map(|mut via| {
            via.note_source(from.addr);
            replace_top_via(&mut response.headers, &via);
            via
        });
        let peer = match (from.transport, via) {
            (Transport::Udp, Some(via)) => via.response_addr().map(Peer::udp),
            // A Via that can't be read names no address; the source is the only one there is.
            (Transport::Udp, None) | (Transport::Tcp, _) => Some(from),
        };
        // RFC 3261 §8.2.6.2: every response but 100 has a To tag; §8.2.7: the same one each time.
        if let Some(to) = response.to().filter(|to| to.tag().is_none()) {
            let to = to.with_tag(Some(&self.tokens.derived(&key))).to_string();
            response.headers.replace_first(&HeaderName::To, Text::from(to));
        }
        peer.map(|peer| Transmit { peer, payload: response.to_bytes() })
    }

    fn start_client(&mut self, now: Instant, peer: Peer, key: String, request: Request) -> ClientId {
        let id = ClientId(self.next_id());
        let client = Client::new(now, key.clone(), peer, request, &self.config);
        self.send(peer, client.wire.clone());
        self.schedule.update(Id::Client(id), None, client.timers.next());
        self.client_keys.insert(key, id);
        self.clients.insert(id, client);
        self.peers.insert((peer, Id::Client(id)));
        id
    }

    fn finish_client(&mut self, id: ClientId, before: Option<Instant>, outcome: Outcome) {
        let Some(client) = self.clients.get(&id) else { return };
        let (peer, next) = (client.peer, client.timers.next());
        self.schedule.update(Id::Client(id), before, next);
        if let Some(payload) = outcome.send {
            self.send(peer, payload);
        }
        if outcome.done {
            self.remove_client(id);
        }
    }

    fn finish_server(&mut self, id: ServerId, before: Option<Instant>, outcome: Outcome) {
        let Some(server) = self.servers.get(&id) else { return };
        let (peer, next) = (server.reply, server.timers.next());
        self.schedule.update(Id::Server(id), before, next);
        if let Some(payload) = outcome.send {
            self.send(peer, payload);
        }
        if outcome.done {
            self.remove_server(id);
        }
    }

    pub(super) fn remove_client(&mut self, id: ClientId) {
        if let Some(client) = self.clients.remove(&id) {
            self.client_keys.remove(&client.key);
            self.peers.remove(&(client.peer, Id::Client(id)));
            self.schedule.update(Id::Client(id), client.timers.next(), None);
        }
    }

    pub(super) fn remove_server(&mut self, id: ServerId) {
        if let Some(server) = self.servers.remove(&id) {
            self.server_keys.remove(&server.key);
            self.peers.remove(&(server.reply, Id::Server(id)));
            self.schedule.update(Id::Server(id), server.timers.next(), None);
        }
    }

    fn check_room(&self) -> Result<(), Error> {
        let limit = self.config.transactions_max;
        if self.clients.len() >= limit { Err(Error::Full { what: "client transactions", limit }) } else { Ok(()) }
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn branch(&mut self) -> String {
        let mut branch = String::with_capacity(23);
        branch.push_str(MAGIC_COOKIE);
        self.tokens.append_token(&mut branch);
        branch
    }

    fn push_via(&self, peer: Peer, request: &mut Request, branch: &str) {
        let via = Via::new(peer.transport, self.config.sent_by(peer.transport), branch);
        request.headers.push_front(HeaderName::Via, via.to_string());
    }
}
