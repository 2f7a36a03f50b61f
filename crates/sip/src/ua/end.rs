//! Hanging up, and requests within a dialog that are no offers (RFC 3261 §15, RFC 6086).

use std::time::Instant;

use super::session::{Bye, Phase, Session};
use super::types::{SessionId, UaEvent};
use super::{AUTH_ATTEMPTS_MAX, EVENTS_MAX, Purpose, UserAgent};
use crate::digest::authorize;
use crate::error::Error;
use crate::headers::{CSeq, Reason, media_type};
use crate::message::{HeaderName, Method, Request, Response};
use crate::transaction::{Failure, ServerId};
use crate::transport::Peer;

impl UserAgent {
    /// Ends a session as its state asks: CANCEL, 603 or BYE, with a Reason (RFC 3326) if one is given.
    ///
    /// A call that is up ends at once with [`UaEvent::Ended`]; an unanswered one of ours with
    /// [`UaEvent::Failed`] when the far end has confirmed the CANCEL, or after 64·T1.
    ///
    /// # Errors
    /// When the session has ended already.
    pub fn hangup(&mut self, now: Instant, session: SessionId, reason: Option<String>) -> Result<(), Error> {
        self.with_live(session, |ua, session| {
            match session.phase {
                Phase::Calling => ua.give_up(now, session, 487, reason),
                Phase::Ringing => {
                    if let Some(incoming) = session.incoming.as_ref() {
                        let mut response =
                            ua.dialog_response(&incoming.request, 603, None, &session.local_tag, session.peer);
                        if let Some(reason) = reason {
                            response.headers.push(HeaderName::Reason, reason);
                        }
                        ua.layer.respond(now, incoming.tx, &response);
                    }
                    ua.end(session, false, Some(603), Vec::new());
                }
                Phase::Up => {
                    ua.hang_up_dialog(now, session, reason);
                    ua.end(session, false, None, Vec::new());
                }
                Phase::Closing | Phase::Over => {}
            }
            Ok(())
        })
    }

    /// Sends BYE now or, while our 2xx is not acknowledged, when it is (§15).
    pub(super) fn hang_up_dialog(&mut self, now: Instant, session: &mut Session, reason: Option<String>) {
        if let Some(cseq) = session.ack_owed.take() {
            // Their offer stays unanswered, but their 2xx must be acknowledged before it can be hung up.
            self.send_ack(session, cseq, None);
        }
        self.settle_reoffers(now, session);
        if session.unacked.is_some() {
            session.bye_owed = Some(reason);
        } else {
            self.send_bye(now, session, reason);
        }
    }

    /// Loses interest in a re-INVITE of ours and refuses one of theirs: the session is over. Whatever still
    /// answers ours, the 487 that a BYE brings about (§15.1.2) or a 2xx, is acknowledged all the same.
    fn settle_reoffers(&mut self, now: Instant, session: &mut Session) {
        session.retry = None;
        if let Some(outgoing) = session.outgoing.as_mut().filter(|o| o.pending) {
            outgoing.pending = false;
            let (tx, request) = (outgoing.tx, outgoing.request.clone());
            self.clients.remove(&tx);
            self.layer.run_out(now, tx);
            self.note_answered(now, session, tx, request);
        }
        if let Some(incoming) = session.incoming.take() {
            let response = self.dialog_response(&incoming.request, 487, None, &session.local_tag, session.peer);
            self.layer.respond(now, incoming.tx, &response);
        }
    }

    pub(super) fn send_bye(&mut self, now: Instant, session: &mut Session, reason: Option<String>) {
        let Some(dialog) = session.dialog.as_mut().filter(|_| session.bye.is_none()) else { return };
        let mut bye = dialog.request(Method::Bye);
        bye.headers.push(HeaderName::UserAgent, self.config.user_agent.as_str());
        if let Some(reason) = reason {
            bye.headers.push(HeaderName::Reason, reason);
        }
        let peer = dialog.next_hop();
        self.start_bye(now, session, bye, peer, false);
    }

    /// At the limit of transactions, too: one BYE a session, and few more of it for credentials and routes.
    fn start_bye(&mut self, now: Instant, session: &mut Session, request: Request, peer: Peer, is_rerouted: bool) {
        let tx = self.layer.request_unchecked(now, peer, request.clone());
        self.clients.insert(tx, (session.id, Purpose::Bye));
        session.bye = Some(Bye { tx, request, peer, is_rerouted });
    }

    pub(super) fn on_bye_response(&mut self, now: Instant, session: &mut Session, response: &Response) {
        if !response.is_final() {
            return;
        }
        let Some(bye) = session.bye.take() else { return };
        self.clients.remove(&bye.tx);
        let Some(credentials) = session.credentials.clone().filter(|_| session.bye_attempts < AUTH_ATTEMPTS_MAX) else {
            return;
        };
        let mut request = bye.request;
        let cnonce = self.tokens.token();
        if authorize(&mut request, response, &credentials, &mut session.nonce, &cnonce).is_err() {
            return;
        }
        session.bye_attempts += 1;
        self.repeat_bye(now, session, request, bye.peer, bye.is_rerouted);
    }

    /// A BYE that cannot be delivered is tried once more another way.
    pub(super) fn on_bye_failed(&mut self, now: Instant, session: &mut Session, failure: Failure) {
        let Some(bye) = session.bye.take().filter(|b| failure == Failure::Transport && !b.is_rerouted) else { return };
        if let Some(other) = session.dialog.as_ref().and_then(|d| d.other_hop(bye.peer)) {
            self.repeat_bye(now, session, bye.request, other, true);
        }
    }

    fn repeat_bye(&mut self, now: Instant, session: &mut Session, mut bye: Request, peer: Peer, is_rerouted: bool) {
        let Some(dialog) = session.dialog.as_mut() else { return };
        dialog.local_cseq = dialog.local_cseq.saturating_add(1);
        let cseq = CSeq { number: dialog.local_cseq, method: Method::Bye };
        bye.headers.set(HeaderName::CSeq, cseq.to_string());
        self.start_bye(now, session, bye, peer, is_rerouted);
    }

    /// Tells the end; the session then only settles what is left.
    pub(super) fn end(
        &mut self,
        session: &mut Session,
        by_remote: bool,
        status: Option<u16>,
        reason_headers: Vec<String>,
    ) {
        self.forget_ringing(session);
        session.incoming = None;
        session.retry = None;
        session.phase = Phase::Closing;
        self.events.push_back(UaEvent::Ended { session: session.id, by_remote, status, reason_headers });
    }

    pub(super) fn on_request_in_dialog(&mut self, now: Instant, session: &mut Session, tx: ServerId, request: Request) {
        let number = request.cseq().map_or(0, |c: CSeq| c.number);
        let in_order = session.dialog.as_mut().is_some_and(|d| d.accept_cseq(number));
        if !in_order {
            self.refuse_with(now, tx, &request, 500);
            return;
        }
        match request.method {
            Method::Bye => self.on_bye(now, session, tx, &request),
            Method::Invite | Method::Update => self.on_reoffer(now, session, tx, request),
            Method::Info => self.on_info(now, session, tx, &request),
            Method::Options => {
                let mut response = request.response(200, None, Some(&session.local_tag));
                self.capabilities(&mut response);
                self.layer.respond(now, tx, &response);
            }
            Method::Other(_) => self.refuse_with(now, tx, &request, 501),
            _ => self.refuse_with(now, tx, &request, 405),
        }
    }

    fn on_bye(&mut self, now: Instant, session: &mut Session, tx: ServerId, bye: &Request) {
        self.layer.respond(now, tx, &self.dialog_response(bye, 200, None, &session.local_tag, session.peer));
        // Who hangs up has no use for our 2xx any more, acknowledged or not.
        session.unacked = None;
        session.ack_owed = None;
        session.bye_owed = None;
        let reasons: Vec<String> = Reason::all(&bye.headers).iter().map(ToString::to_string).collect();
        match session.phase {
            Phase::Ringing => {
                // A caller may BYE an early dialog (§15); its INVITE still wants an answer.
                if let Some(incoming) = session.incoming.as_ref() {
                    let response = self.dialog_response(&incoming.request, 487, None, &session.local_tag, session.peer);
                    self.layer.respond(now, incoming.tx, &response);
                }
                self.end(session, true, Some(487), reasons);
            }
            Phase::Up => {
                self.settle_reoffers(now, session);
                self.end(session, true, None, reasons);
            }
            Phase::Calling | Phase::Closing | Phase::Over => {}
        }
    }

    pub(super) fn on_info(&mut self, now: Instant, session: &mut Session, tx: ServerId, info: &Request) {
        if !matches!(session.phase, Phase::Up | Phase::Ringing | Phase::Calling) || self.events.len() >= EVENTS_MAX {
            self.refuse_with(now, tx, info, 481);
            return;
        }
        self.layer.respond(now, tx, &self.dialog_response(info, 200, None, &session.local_tag, session.peer));
        self.events.push_back(UaEvent::Info {
            session: session.id,
            content_type: media_type(&info.headers).unwrap_or_default(),
            body: info.body.clone(),
        });
    }
}
