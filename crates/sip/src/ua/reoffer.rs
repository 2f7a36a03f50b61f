//! Changing a session that is up: re-INVITE and UPDATE, both ways, glare included (RFC 3261 §14, RFC 3311).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::build::set_sdp;
use super::session::{Incoming, Outgoing, Phase, Session};
use super::types::{SessionId, UaEvent};
use super::{EVENTS_MAX, Purpose, RING_TIMEOUT_DEFAULT, UserAgent};
use crate::error::Error;
use crate::message::{HeaderName, Method, Request, Response};
use crate::transaction::ServerId;

impl UserAgent {
    /// Sends a re-INVITE with an offer, or without one to ask for theirs. Glare (491) is retried by itself (§14.1).
    /// The outcome is [`UaEvent::Reanswered`] or [`UaEvent::ReofferFailed`].
    ///
    /// # Errors
    /// When the session is not up, or another offer is on its way in either direction.
    pub fn reoffer(&mut self, now: Instant, session: SessionId, body: Option<String>) -> Result<(), Error> {
        self.with_live(session, |ua, session| {
            if session.phase != Phase::Up {
                return Err(Error::WrongState("the session is not up"));
            }
            let busy = session.has_pending_reoffer() || session.retry.is_some() || session.incoming.is_some();
            if busy || session.unacked.is_some() || session.ack_owed.is_some() {
                return Err(Error::WrongState("another offer is on its way"));
            }
            ua.send_reinvite(now, session, body)
        })
    }

    fn send_reinvite(&mut self, now: Instant, session: &mut Session, body: Option<String>) -> Result<(), Error> {
        let dialog = session.dialog.as_mut().ok_or(Error::WrongState("there is no dialog"))?;
        let mut request = dialog.request(Method::Invite);
        let peer = dialog.next_hop();
        self.dress_request(&mut request, peer);
        if let Some(sdp) = body {
            set_sdp(&mut request.headers, &mut request.body, sdp);
        }
        let tx = self.layer.request(now, peer, request.clone())?;
        self.clients.insert(tx, (session.id, Purpose::Invite));
        let older = session.outgoing.replace(Outgoing {
            tx,
            request,
            pending: true,
            provisional_seen: false,
            give_up: None,
            deadline: Some(now + RING_TIMEOUT_DEFAULT),
            auth_attempts: 0,
        });
        if let Some(older) = older {
            self.clients.remove(&older.tx);
        }
        Ok(())
    }

    pub(super) fn on_reanswered(&mut self, session: &mut Session, response: &Response, offered: bool, cseq: u32) {
        if let Some(dialog) = session.dialog.as_mut() {
            dialog.refresh_target(&response.headers);
        }
        let body = response.sdp().map(Cow::into_owned);
        if !offered && body.is_some() {
            self.owe_ack(session, cseq);
        } else {
            self.send_ack(session, cseq, None);
        }
        self.events.push_back(UaEvent::Reanswered { session: session.id, body });
    }

    pub(super) fn on_reoffer_refused(&mut self, now: Instant, session: &mut Session, status: u16) {
        if session.phase != Phase::Up {
            return;
        }
        match status {
            491 => {
                // §14.1: the owner of the Call-ID waits longer, so that the two do not meet again.
                let wait_ms =
                    if session.is_caller { 2100 + 10 * self.tokens.below(190) } else { 10 * self.tokens.below(200) };
                let body = session.outgoing.as_ref().and_then(|o| o.request.sdp()).map(Cow::into_owned);
                session.retry = Some((now + Duration::from_millis(wait_ms), body));
            }
            // The far end no longer knows the dialog, or does not answer in it (§12.2.1.2).
            408 | 481 => {
                self.hang_up_dialog(now, session, Some(format!("SIP;cause={status}")));
                self.end(session, true, Some(status), Vec::new());
            }
            _ => self.events.push_back(UaEvent::ReofferFailed { session: session.id, status }),
        }
    }

    pub(super) fn retry_reoffer(&mut self, now: Instant, session: &mut Session) {
        let Some((_, body)) = session.retry.take_if(|(at, _)| *at <= now) else { return };
        if session.phase != Phase::Up {
            return;
        }
        if session.incoming.is_some() || session.unacked.is_some() {
            // Theirs goes first; ours follows when it is through.
            session.retry = Some((now + self.config.t1, body));
        } else if self.send_reinvite(now, session, body).is_err() {
            self.events.push_back(UaEvent::ReofferFailed { session: session.id, status: 500 });
        }
    }

    /// A re-INVITE or UPDATE in order.
    pub(super) fn on_reoffer(&mut self, now: Instant, session: &mut Session, tx: ServerId, request: Request) {
        if session.phase == Phase::Closing {
            self.refuse_with(now, tx, &request, 481);
            return;
        }
        if request.method == Method::Update && request.sdp().is_none() {
            // Only refreshes the target.
            if let Some(dialog) = session.dialog.as_mut() {
                dialog.refresh_target(&request.headers);
            }
            self.layer.respond(now, tx, &self.dialog_response(&request, 200, None, &session.local_tag, session.peer));
            return;
        }
        if session.has_pending_reoffer() {
            self.refuse_with(now, tx, &request, 491);
            return;
        }
        if session.unacked.take_if(|u| !u.offered).is_some() {
            // Who re-offers has our 2xx: its ACK was lost or is still on its way behind this.
            self.events.push_back(UaEvent::Confirmed { session: session.id, body: None });
        }
        let busy = session.incoming.is_some() || session.unacked.is_some() || session.ack_owed.is_some();
        if session.phase != Phase::Up || busy || self.events.len() >= EVENTS_MAX {
            self.refuse_for_a_moment(now, session, tx, &request);
            return;
        }
        let body = request.sdp().map(Cow::into_owned);
        session.incoming = Some(Incoming { tx, request: Arc::new(request) });
        self.events.push_back(UaEvent::Reoffered { session: session.id, body });
    }

    /// An offer is being dealt with already; come back in a moment (RFC 3261 §14.2, RFC 3311 §5.2).
    pub(super) fn refuse_for_a_moment(&mut self, now: Instant, session: &Session, tx: ServerId, request: &Request) {
        let mut response = request.response(500, None, Some(&session.local_tag));
        response.headers.push(HeaderName::RetryAfter, self.tokens.below(11).to_string());
        self.counters.refused_requests += 1;
        self.layer.respond(now, tx, &response);
    }

    /// Answers a [`UaEvent::Reoffered`]: with SDP, or with a status (300 to 699) that refuses it and leaves the
    /// session as it was.
    ///
    /// # Errors
    /// When no offer waits for an answer.
    pub fn answer_reinvite(
        &mut self,
        now: Instant,
        session: SessionId,
        answer: Result<String, u16>,
    ) -> Result<(), Error> {
        if let Some(status) = answer.as_ref().err().filter(|s| !(300..700).contains(*s)) {
            return Err(Error::BadStatus(*status));
        }
        self.with_live(session, |ua, session| {
            let incoming = session
                .incoming
                .take_if(|_| session.phase == Phase::Up)
                .ok_or(Error::WrongState("no offer waits for an answer"))?;
            match answer {
                Err(status) => {
                    let response =
                        ua.dialog_response(&incoming.request, status, None, &session.local_tag, session.peer);
                    ua.layer.respond(now, incoming.tx, &response);
                }
                Ok(body) => {
                    if let Some(dialog) = session.dialog.as_mut() {
                        dialog.refresh_target(&incoming.request.headers);
                    }
                    if incoming.request.method == Method::Invite {
                        ua.send_success(now, session, incoming.tx, &incoming.request, body);
                    } else {
                        let mut response =
                            ua.dialog_response(&incoming.request, 200, None, &session.local_tag, session.peer);
                        set_sdp(&mut response.headers, &mut response.body, body);
                        ua.layer.respond(now, incoming.tx, &response);
                    }
                }
            }
            Ok(())
        })
    }
}
