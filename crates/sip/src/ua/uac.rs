//! Calling: INVITE, its responses, credentials, ACK and CANCEL (RFC 3261 §13.2, §9.1, §22.2).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use super::answered::{Answered, copy_credentials};
use super::build::{check_extra_headers, check_invite_headers, name_addr, push_extra, set_sdp};
use super::session::{GiveUp, Outgoing, Phase, Session};
use super::types::{InviteParams, SessionId, UaEvent};
use super::{AUTH_ATTEMPTS_MAX, EVENTS_MAX, Purpose, RING_TIMEOUT_DEFAULT, UserAgent};
use crate::dialog::Dialog;
use crate::digest::authorize;
use crate::error::Error;
use crate::headers::{CSeq, NameAddr, Reason, retry_after_s};
use crate::message::{HeaderName, Headers, Method, Request, Response};
use crate::transaction::{ClientId, Failure};
use crate::uri::Uri;

impl UserAgent {
    /// Calls somebody.
    ///
    /// # Errors
    /// A URI or header field that does not parse, or a limit reached. Then there is no session.
    pub fn invite(&mut self, now: Instant, params: InviteParams) -> Result<SessionId, Error> {
        if self.is_full() {
            return Err(Error::Full { what: "sessions", limit: self.config.sessions_max });
        }
        Uri::parse(&params.request_uri).map_err(|reason| Error::BadUri { uri: params.request_uri.clone(), reason })?;
        check_extra_headers(&params.headers)?;
        check_invite_headers(&params.headers)?;
        let local_tag = self.tokens.token();
        let call_id = params.call_id.unwrap_or_else(|| self.tokens.token() + &self.tokens.token());
        if call_id.is_empty() || call_id.bytes().any(|b| !b.is_ascii_graphic() || b == b',') {
            return Err(Error::BadHeader { name: "Call-ID".to_owned(), reason: "not a Call-ID" });
        }
        let mut request = Request::new(Method::Invite, params.request_uri);
        for route in &params.route {
            let route = NameAddr::parse(route).map_err(|reason| Error::BadUri { uri: route.clone(), reason })?;
            request.headers.push(HeaderName::Route, route.to_string());
        }
        request.headers.push(HeaderName::MaxForwards, "70");
        request.headers.push(HeaderName::From, format!("{};tag={local_tag}", name_addr(&params.from)?));
        request.headers.push(HeaderName::To, name_addr(&params.to)?);
        request.headers.push(HeaderName::CallId, call_id.as_str());
        request.headers.push(HeaderName::CSeq, "1 INVITE");
        self.dress_request(&mut request, params.next_hop);
        push_extra(&mut request.headers, &params.headers);
        if let Some(sdp) = params.body {
            set_sdp(&mut request.headers, &mut request.body, sdp);
        }
        let tx = self.layer.request(now, params.next_hop, request.clone())?;
        let id = self.new_session_id();
        let mut session =
            Box::new(Session::new(id, Phase::Calling, call_id.clone(), local_tag.clone(), params.next_hop));
        session.credentials = params.credentials;
        session.outgoing = Some(Outgoing {
            tx,
            request,
            pending: true,
            provisional_seen: false,
            give_up: None,
            // Longer than the clock reaches is for ever.
            deadline: now.checked_add(params.ring_timeout.unwrap_or(RING_TIMEOUT_DEFAULT)),
            auth_attempts: 0,
        });
        self.clients.insert(tx, (id, Purpose::Invite));
        self.dialogs.insert((call_id, local_tag), id);
        self.file(session);
        Ok(id)
    }

    /// Sends our SDP answer to an offer that came in a 2xx: it rides in the ACK (§13.2.2.4).
    ///
    /// # Errors
    /// When no such offer waits.
    pub fn ack_with_body(&mut self, now: Instant, session: SessionId, body: String) -> Result<(), Error> {
        let _ = now;
        self.with_live(session, |ua, session| {
            let cseq = session.ack_owed.take().ok_or(Error::WrongState("no offer waits for an answer in the ACK"))?;
            ua.send_ack(session, cseq, Some(body));
            Ok(())
        })
    }

    pub(super) fn on_invite_response(&mut self, now: Instant, session: &mut Session, tx: ClientId, response: Response) {
        if session.outgoing.as_ref().is_none_or(|o| o.tx != tx) {
            return;
        }
        if response.status < 200 {
            self.on_provisional(now, session, &response);
        } else if response.is_success() {
            self.on_success(now, session, response);
        } else if !self.try_credentials(now, session, &response) {
            self.on_refusal(now, session, response);
        }
    }

    fn on_provisional(&mut self, now: Instant, session: &mut Session, response: &Response) {
        let Some(outgoing) = session.outgoing.as_mut() else { return };
        outgoing.provisional_seen = true;
        if outgoing.give_up.is_some() {
            self.send_cancel(now, session);
        } else if session.phase == Phase::Calling && response.status > 100 && self.events.len() < EVENTS_MAX {
            let reliable = response.headers.get(&HeaderName::RSeq).is_some();
            self.events.push_back(UaEvent::Provisional {
                session: session.id,
                status: response.status,
                reason: response.reason.to_string(),
                body: response.sdp().map(Cow::into_owned),
                reliable,
            });
        }
    }

    fn on_success(&mut self, now: Instant, session: &mut Session, response: Response) {
        let Some(cseq) = response.cseq().map(|c| c.number) else { return };
        let Some(outgoing) = session.outgoing.as_mut().filter(|o| o.pending) else { return };
        outgoing.pending = false;
        let offered = outgoing.request.sdp().is_some();
        let (tx, request) = (outgoing.tx, outgoing.request.clone());
        self.clients.remove(&tx);
        self.note_answered(now, session, tx, request);
        if session.phase == Phase::Calling {
            self.on_answered(now, session, response, offered, cseq);
        } else {
            self.on_reanswered(session, &response, offered, cseq);
        }
    }

    /// From here on, what answers this INVITE (again) is not the session's business.
    pub(super) fn note_answered(&mut self, now: Instant, session: &Session, tx: ClientId, request: Request) {
        self.answered.expire(now);
        let answered = Answered::new(request, session.peer, session.dialog.clone());
        self.answered.insert(tx, answered, now + self.config.t1 * 64);
    }

    fn on_answered(&mut self, now: Instant, session: &mut Session, response: Response, offered: bool, cseq: u32) {
        let Some(outgoing) = session.outgoing.as_ref() else { return };
        let given_up = outgoing.give_up.clone();
        session.dialog = Dialog::of_caller(&outgoing.request, &response, session.peer);
        if let Some(dialog) = session.dialog.as_mut() {
            let early = session.early.iter().find(|(tag, _)| *tag == dialog.remote_tag);
            dialog.remote_cseq = early.map(|(_, number)| *number);
        }
        session.phase = Phase::Up;
        let body = response.sdp().map(Cow::into_owned);
        if let Some(given_up) = given_up {
            // The answer and our CANCEL crossed (§15): it is acknowledged and hung up.
            self.send_ack(session, cseq, None);
            self.send_bye(now, session, given_up.reason_header);
            self.fail(session, given_up.status, None, None);
            return;
        }
        if !offered && body.is_some() {
            self.owe_ack(session, cseq);
        } else {
            self.send_ack(session, cseq, None);
        }
        self.events.push_back(UaEvent::Answered { session: session.id, body, response: Arc::new(response) });
    }

    /// Sends an ACK in the session's dialog and keeps it for when the 2xx comes again.
    pub(super) fn send_ack(&mut self, session: &Session, cseq: u32, body: Option<String>) {
        let Some(dialog) = session.dialog.as_ref() else { return };
        let mut ack = dialog.ack(cseq);
        if let Some(invite) = session.outgoing.as_ref().map(|o| &o.request) {
            copy_credentials(invite, &mut ack);
        }
        if let Some(sdp) = body {
            set_sdp(&mut ack.headers, &mut ack.body, sdp);
        }
        let peer = dialog.next_hop();
        let wire = self.layer.request_stateless(peer, ack);
        if let Some(answered) = session.outgoing.as_ref().and_then(|o| self.answered.get_mut(o.tx)) {
            answered.note_ack(&dialog.remote_tag, peer, Some(wire));
        }
    }

    /// The ACK waits for the application's answer to the offer in a 2xx.
    pub(super) fn owe_ack(&mut self, session: &mut Session, cseq: u32) {
        session.ack_owed = Some(cseq);
        let (Some(outgoing), Some(dialog)) = (session.outgoing.as_ref(), session.dialog.as_ref()) else { return };
        if let Some(answered) = self.answered.get_mut(outgoing.tx) {
            answered.note_ack(&dialog.remote_tag, dialog.next_hop(), None);
        }
    }

    /// Answers a 401 or 407 to an INVITE of ours, if we can.
    fn try_credentials(&mut self, now: Instant, session: &mut Session, response: &Response) -> bool {
        let cnonce = self.tokens.token();
        let Some(credentials) = session.credentials.clone() else { return false };
        let Some(outgoing) =
            session.outgoing.as_mut().filter(|o| o.give_up.is_none() && o.auth_attempts < AUTH_ATTEMPTS_MAX)
        else {
            return false;
        };
        let mut request = outgoing.request.clone();
        if authorize(&mut request, response, &credentials, &mut session.nonce, &cnonce).is_err() {
            return false;
        }
        let number = match session.dialog.as_mut() {
            Some(dialog) => {
                dialog.local_cseq += 1;
                dialog.local_cseq
            }
            None => request.cseq().map_or(1, |c| c.number) + 1,
        };
        request.headers.set(HeaderName::CSeq, CSeq { number, method: Method::Invite }.to_string());
        let peer = session.dialog.as_ref().map_or(session.peer, Dialog::next_hop);
        let Ok(tx) = self.layer.request(now, peer, request.clone()) else { return false };
        self.clients.remove(&outgoing.tx);
        self.clients.insert(tx, (session.id, Purpose::Invite));
        outgoing.tx = tx;
        outgoing.request = request;
        outgoing.provisional_seen = false;
        outgoing.auth_attempts += 1;
        true
    }

    fn on_refusal(&mut self, now: Instant, session: &mut Session, response: Response) {
        let Some(outgoing) = session.outgoing.as_mut().filter(|o| o.pending) else { return };
        outgoing.pending = false;
        if session.phase != Phase::Calling {
            self.on_reoffer_refused(now, session, response.status);
            return;
        }
        // What comes after we gave up is mostly the echo of that (487, a proxy's 408, 480, 500 or 503, a challenge
        // that we no longer answer); only who really refuses has a better reason than ours.
        let refused = response.status == 486 || response.status >= 600;
        let status = outgoing.give_up.as_ref().filter(|_| !refused).map_or(response.status, |g| g.status);
        let reason = (status == response.status).then(|| response.reason.to_string());
        self.fail(session, status, reason, Some(response));
    }

    pub(super) fn on_invite_failed(&mut self, now: Instant, session: &mut Session, tx: ClientId, failure: Failure) {
        let Some(outgoing) = session.outgoing.as_mut().filter(|o| o.pending && o.tx == tx) else { return };
        outgoing.pending = false;
        let status = match failure {
            Failure::Timeout => 408,
            Failure::Transport => 503,
        };
        if session.phase != Phase::Calling {
            self.on_reoffer_refused(now, session, status);
            return;
        }
        let status = outgoing.give_up.as_ref().map_or(status, |g| g.status);
        self.fail(session, status, None, None);
    }

    /// Tells the failure; the session then only settles what is left.
    fn fail(&mut self, session: &mut Session, status: u16, reason: Option<String>, response: Option<Response>) {
        session.phase = Phase::Closing;
        let reason_headers = response.iter().flat_map(|r| Reason::all(&r.headers)).map(|r| r.to_string()).collect();
        self.events.push_back(UaEvent::Failed {
            session: session.id,
            status,
            reason: reason.unwrap_or_else(|| crate::message::reason_phrase(status).to_owned()),
            reason_headers,
            retry_after_s: response.as_ref().and_then(|r| retry_after_s(&r.headers)),
            response: response.map(Arc::new),
        });
    }

    /// Gives an unanswered INVITE of ours up; it fails with `status` when the far end has said so too.
    pub(super) fn give_up(&mut self, now: Instant, session: &mut Session, status: u16, reason_header: Option<String>) {
        let Some(outgoing) = session.outgoing.as_mut().filter(|o| o.pending && o.give_up.is_none()) else { return };
        let until = now + self.config.t1 * 64;
        outgoing.give_up = Some(GiveUp { status, reason_header, cancel_sent: false, until });
        // Before a provisional response, a CANCEL could overtake the INVITE (§9.1); then it waits for one, or for
        // timer B.
        if outgoing.provisional_seen {
            self.send_cancel(now, session);
        }
    }

    fn send_cancel(&mut self, now: Instant, session: &mut Session) {
        let Some(outgoing) = session.outgoing.as_mut() else { return };
        let tx = outgoing.tx;
        let Some(give_up) = outgoing.give_up.as_mut().filter(|g| !g.cancel_sent) else { return };
        let mut extra = Headers::new();
        if let Some(reason) = &give_up.reason_header {
            extra.push(HeaderName::Reason, reason.as_str());
        }
        if let Ok(Some(_)) = self.layer.cancel(now, tx, &extra) {
            give_up.cancel_sent = true;
            // As long as the transaction then has for its end.
            give_up.until = now + self.config.t1 * 64;
        }
    }

    pub(super) fn check_ring_timeout(&mut self, now: Instant, session: &mut Session) {
        let Some(outgoing) = session.outgoing.as_ref().filter(|o| o.pending) else { return };
        let tx = outgoing.tx;
        match &outgoing.give_up {
            None if outgoing.deadline.is_some_and(|at| at <= now) => {
                self.give_up(now, session, 408, Some("SIP;cause=408;text=\"No answer\"".to_owned()));
            }
            // The transaction ends by itself before this, but a session must not hang on that. Who answers later
            // all the same is hung up.
            Some(give_up) if give_up.until <= now => {
                let request = outgoing.request.clone();
                self.clients.remove(&tx);
                self.layer.run_out(now, tx);
                self.note_answered(now, session, tx, request);
                self.on_invite_failed(now, session, tx, Failure::Timeout);
            }
            _ => {}
        }
    }
}
