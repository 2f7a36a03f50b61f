//! INVITEs of ours that were answered: the 2xx may come again, because its ACK was lost, and others may follow
//! from further branches of a fork (RFC 3261 §13.2.2.4, RFC 6026 §7.2).
//!
//! Kept apart from the sessions, for all this goes on for 64·T1 even when the session ended long before.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;

use super::{FORKS_MAX, UserAgent};
use crate::dialog::Dialog;
use crate::message::{HeaderName, Method, Request, Response};
use crate::transaction::ClientId;
use crate::transport::Peer;

/// One of them.
#[derive(Debug)]
pub(super) struct Answered {
    /// Without Via.
    pub(super) request: Request,
    /// Its first hop.
    pub(super) peer: Peer,
    /// The dialog of a re-INVITE, which does not fork.
    pub(super) dialog: Option<Dialog>,
    /// At most [`FORKS_MAX`].
    acks: Vec<SentAck>,
}

/// An ACK of ours to a 2xx.
#[derive(Debug)]
struct SentAck {
    /// The far end's tag: another one is another branch of a forked INVITE.
    remote_tag: String,
    peer: Peer,
    /// `None`: the application's answer is to go with it.
    wire: Option<Bytes>,
}

/// All of them, oldest first; over its limit the oldest are forgotten.
#[derive(Debug)]
pub(super) struct AnsweredTable {
    limit: usize,
    by_tx: HashMap<ClientId, Answered>,
    order: VecDeque<(Instant, ClientId)>,
}

impl Answered {
    pub(super) fn new(request: Request, peer: Peer, dialog: Option<Dialog>) -> Self {
        Self { request, peer, dialog, acks: Vec::new() }
    }

    /// The ACK of a 2xx, with the credentials of its INVITE (§22.1).
    fn ack(&self, dialog: &Dialog) -> Request {
        let mut ack = dialog.ack(self.request.cseq().map_or(1, |c| c.number));
        copy_credentials(&self.request, &mut ack);
        ack
    }

    /// Notes the ACK that was sent to a branch, or that it is owed.
    pub(super) fn note_ack(&mut self, remote_tag: &str, peer: Peer, wire: Option<Bytes>) {
        let ack = SentAck { remote_tag: remote_tag.to_owned(), peer, wire };
        let has_room = self.acks.len() < FORKS_MAX;
        match self.acks.iter_mut().find(|a| a.remote_tag == remote_tag) {
            Some(noted) => *noted = ack,
            None if has_room => self.acks.push(ack),
            None => {}
        }
    }
}

impl AnsweredTable {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, by_tx: HashMap::new(), order: VecDeque::new() }
    }

    pub(super) fn contains(&self, tx: ClientId) -> bool {
        self.by_tx.contains_key(&tx)
    }

    pub(super) fn get_mut(&mut self, tx: ClientId) -> Option<&mut Answered> {
        self.by_tx.get_mut(&tx)
    }

    pub(super) fn insert(&mut self, tx: ClientId, answered: Answered, until: Instant) {
        if self.by_tx.len() >= self.limit
            && let Some((_, oldest)) = self.order.pop_front()
        {
            self.by_tx.remove(&oldest);
        }
        if self.by_tx.insert(tx, answered).is_none() {
            self.order.push_back((until, tx));
        }
    }

    /// Forgets those whose time is over.
    pub(super) fn expire(&mut self, now: Instant) {
        while self.order.front().is_some_and(|(until, _)| *until <= now) {
            if let Some((_, tx)) = self.order.pop_front() {
                self.by_tx.remove(&tx);
            }
        }
    }
}

impl UserAgent {
    /// A 2xx after the first.
    pub(super) fn on_answered_again(&mut self, now: Instant, tx: ClientId, response: &Response) {
        let Some(answered) = self.answered.get_mut(tx).filter(|_| response.is_success()) else { return };
        let tag = response.to_tag().unwrap_or_default();
        if let Some(noted) = answered.acks.iter().find(|a| a.remote_tag == tag) {
            // Our ACK was lost.
            if let Some(wire) = noted.wire.clone() {
                self.layer.send(noted.peer, wire);
            }
            return;
        }
        if answered.acks.len() >= FORKS_MAX {
            return;
        }
        match answered.dialog.clone() {
            // Our BYE went out before this answer to our re-INVITE came in.
            Some(dialog) if dialog.remote_tag == tag => {
                let (ack, peer) = (answered.ack(&dialog), dialog.next_hop());
                let wire = self.layer.request_stateless(peer, ack);
                answered.note_ack(&tag, peer, Some(wire));
            }
            Some(_) => {}
            // Another branch of a fork: nobody wants it.
            None => {
                let Some(mut dialog) = Dialog::of_caller(&answered.request, response, answered.peer) else { return };
                let (ack, peer) = (answered.ack(&dialog), dialog.next_hop());
                let wire = self.layer.request_stateless(peer, ack);
                answered.note_ack(&tag, peer, Some(wire));
                self.layer.request_unchecked(now, peer, dialog.request(Method::Bye));
            }
        }
    }
}

pub(super) fn copy_credentials(invite: &Request, ack: &mut Request) {
    for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
        for value in invite.headers.all(&name) {
            ack.headers.push(name.clone(), value.clone());
        }
    }
}
