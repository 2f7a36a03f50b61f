//! Being called: INVITE, CANCEL, ACK and what comes outside a dialog (RFC 3261 §8.2, §9.2, §11, §13.3).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::build::{ACCEPT, ALLOW, check_extra_headers, push_extra, set_sdp};
use super::session::{Incoming, Phase, Session, Unacked};
use super::types::{SessionId, UaEvent};
use super::{UserAgent, ringing_key};
use crate::dialog::Dialog;
use crate::error::Error;
use crate::headers::{Reason, list_values};
use crate::message::{HeaderName, Method, Request, Response};
use crate::transaction::ServerId;
use crate::transport::Peer;

impl UserAgent {
    pub(super) fn on_request(&mut self, now: Instant, tx: ServerId, from: Peer, request: Request) {
        if request.method == Method::Cancel {
            self.on_cancel(now, tx, &request);
            return;
        }
        if let Err(response) = self.check_request(&request) {
            self.refuse(now, tx, &request, &response);
            return;
        }
        if let Some(to_tag) = request.to_tag() {
            self.on_request_with_tag(now, tx, &to_tag, request);
            return;
        }
        match request.method {
            Method::Invite => self.on_invite(now, tx, from, request),
            Method::Options => {
                let mut response = request.response(200, None, Some(&self.layer.stateless_tag(&request)));
                self.capabilities(&mut response);
                self.layer.respond_and_forget(tx, &response);
            }
            Method::Bye | Method::Info | Method::Update => self.refuse_stranger(now, tx, &request, 481),
            Method::Other(_) => self.refuse_stranger(now, tx, &request, 501),
            _ => self.refuse_stranger(now, tx, &request, 405),
        }
    }

    fn on_request_with_tag(&mut self, now: Instant, tx: ServerId, to_tag: &str, request: Request) {
        let id = self.dialogs.get(&(request.call_id().into_owned(), to_tag.to_owned())).copied();
        let from_tag = request.from_tag().unwrap_or_default();
        let found = id.and_then(|id| Some((id, self.sessions.get(&id)?.as_ref())));
        match found {
            Some((id, session)) if session.dialog.as_ref().is_some_and(|d| d.remote_tag == from_tag) => {
                self.with(id, |ua, session| ua.on_request_in_dialog(now, session, tx, request));
            }
            Some((id, session)) if session.phase == Phase::Calling && session.dialog.is_none() => {
                self.with(id, |ua, session| ua.on_request_in_early_dialog(now, session, tx, &request));
            }
            // OPTIONS to a dialog we do not know is answered as such, too (§11.2 with §12.2.2).
            _ => self.refuse_stranger(now, tx, &request, 481),
        }
    }

    /// What every request must pass (§8.2.1 to §8.2.3).
    fn check_request(&mut self, request: &Request) -> Result<(), Response> {
        let tag = self.layer.stateless_tag(request);
        let scheme = request.uri.split(':').next().unwrap_or("");
        if !["sip", "sips", "tel"].iter().any(|s| s.eq_ignore_ascii_case(scheme)) {
            return Err(request.response(416, None, Some(&tag)));
        }
        let required = list_values(&request.headers, &HeaderName::Require);
        if !required.is_empty() {
            let mut response = request.response(420, None, Some(&tag));
            response.headers.push(HeaderName::Unsupported, required.join(", "));
            return Err(response);
        }
        if !matches!(request.method, Method::Invite | Method::Update) {
            return Ok(());
        }
        let optional =
            request.header("Content-Disposition").is_some_and(|d| d.to_ascii_lowercase().contains("handling=optional"));
        let encoded = request.header("Content-Encoding").is_some_and(|e| !e.eq_ignore_ascii_case("identity"));
        let foreign = !request.body.is_empty() && request.sdp().is_none();
        if !optional && (foreign || encoded) {
            let mut response = request.response(415, None, Some(&tag));
            response.headers.push(HeaderName::Accept, ACCEPT);
            return Err(response);
        }
        let accepted = list_values(&request.headers, &HeaderName::Accept);
        let takes_sdp = |range: &String| {
            let range = range.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
            matches!(range.as_str(), "application/sdp" | "application/*" | "*/*")
        };
        if !accepted.is_empty() && !accepted.iter().any(takes_sdp) {
            return Err(request.response(406, None, Some(&tag)));
        }
        Ok(())
    }

    fn on_invite(&mut self, now: Instant, tx: ServerId, from: Peer, request: Request) {
        if self.is_full() {
            let mut response = request.response(503, None, Some(&self.tokens.token()));
            response.headers.push(HeaderName::RetryAfter, self.config.retry_after_s.to_string());
            self.refuse(now, tx, &request, &response);
            return;
        }
        self.forget_merged(now);
        let ringing = ringing_key(&request);
        if self.ringing.contains_key(&ringing) {
            // The same request by another path (§8.2.2.2).
            self.refuse_with(now, tx, &request, 482);
            return;
        }
        let local_tag = self.tokens.token();
        let Some(dialog) = Dialog::of_callee(&request, &local_tag, from) else {
            self.refuse_with(now, tx, &request, 400);
            return;
        };
        let id = self.new_session_id();
        let call_id = request.call_id().into_owned();
        let mut session = Box::new(Session::new(id, Phase::Ringing, call_id.clone(), local_tag.clone(), from));
        session.dialog = Some(dialog);
        session.expires_at = expiry(&request).and_then(|after| now.checked_add(after));
        let request = Arc::new(request);
        session.incoming = Some(Incoming { tx, request: Arc::clone(&request) });
        self.dialogs.insert((call_id, local_tag), id);
        self.ringing.insert(ringing, id);
        self.file(session);
        let offer = request.sdp().map(Cow::into_owned);
        self.events.push_back(UaEvent::Incoming { session: id, from, request, offer });
    }

    /// Sends a provisional response, 101 to 199.
    ///
    /// # Errors
    /// When the session is no incoming one that waits for an answer.
    pub fn provisional(
        &mut self,
        now: Instant,
        session: SessionId,
        status: u16,
        body: Option<String>,
    ) -> Result<(), Error> {
        if !(101..200).contains(&status) {
            return Err(Error::BadStatus(status));
        }
        self.with_live(session, |ua, session| {
            let (tx, request) = ringing(session)?;
            let mut response = ua.dialog_response(&request, status, None, &session.local_tag, session.peer);
            if let Some(sdp) = body {
                set_sdp(&mut response.headers, &mut response.body, sdp);
            }
            ua.layer.respond(now, tx, &response);
            Ok(())
        })
    }

    /// Answers with 200, sent again until its ACK comes. The body is the SDP answer, or the offer if the INVITE
    /// had none.
    ///
    /// # Errors
    /// When the session is no incoming one that waits for an answer.
    pub fn answer(&mut self, now: Instant, session: SessionId, body: String) -> Result<(), Error> {
        self.with_live(session, |ua, session| {
            let (tx, request) = ringing(session)?;
            ua.keep_for_merged(now, &request);
            session.incoming = None;
            session.phase = Phase::Up;
            ua.send_success(now, session, tx, &request, body);
            Ok(())
        })
    }

    /// Refuses with a final status, 300 to 699.
    ///
    /// # Errors
    /// When the session is no incoming one that waits for an answer, or a header field is one the stack writes.
    pub fn reject(
        &mut self,
        now: Instant,
        session: SessionId,
        status: u16,
        reason: Option<&str>,
        headers: &[(String, String)],
    ) -> Result<(), Error> {
        if !(300..700).contains(&status) {
            return Err(Error::BadStatus(status));
        }
        // A redirection is nothing without Contact.
        let extra: Vec<(String, String)> =
            headers.iter().filter(|(n, _)| HeaderName::new(n) != HeaderName::Contact).cloned().collect();
        check_extra_headers(&extra)?;
        self.with_live(session, |ua, session| {
            let (tx, request) = ringing(session)?;
            let mut response = ua.dialog_response(&request, status, reason, &session.local_tag, session.peer);
            push_extra(&mut response.headers, headers);
            ua.layer.respond(now, tx, &response);
            ua.end(session, false, Some(status), Vec::new());
            Ok(())
        })
    }

    /// Sends a 200 with SDP to an INVITE or re-INVITE and repeats it until the ACK (§13.3.1.4).
    pub(super) fn send_success(
        &mut self,
        now: Instant,
        session: &mut Session,
        tx: ServerId,
        request: &Request,
        body: String,
    ) {
        let mut response = self.dialog_response(request, 200, None, &session.local_tag, session.peer);
        set_sdp(&mut response.headers, &mut response.body, body);
        self.layer.respond(now, tx, &response);
        let interval = self.config.t1;
        session.unacked = Some(Unacked {
            tx,
            cseq: request.cseq().map_or(0, |c| c.number),
            response,
            offered: request.sdp().is_none(),
            interval,
            resend_at: now + interval,
            deadline: now + self.config.t1 * 64,
        });
    }

    pub(super) fn resend_unacked(&mut self, now: Instant, session: &mut Session) {
        let Some(unacked) = session.unacked.as_mut() else { return };
        if unacked.deadline <= now {
            // Never acknowledged: the dialog is confirmed all the same, and hung up (§13.3.1.4).
            session.unacked = None;
            let reason =
                session.bye_owed.take().unwrap_or_else(|| Some("SIP;cause=408;text=\"ACK timeout\"".to_owned()));
            self.send_bye(now, session, reason);
            if session.phase == Phase::Up {
                self.end(session, false, Some(408), Vec::new());
            }
        } else if unacked.resend_at <= now {
            unacked.interval = (unacked.interval * 2).min(self.config.t2);
            unacked.resend_at = now + unacked.interval;
            let (tx, response) = (unacked.tx, unacked.response.clone());
            self.layer.respond(now, tx, &response);
        }
    }

    pub(super) fn on_ack(&mut self, now: Instant, ack: &Request) {
        let Some(cseq) = ack.cseq().map(|c| c.number) else { return };
        let Some(&id) = self.dialogs.get(&(ack.call_id().into_owned(), ack.to_tag().unwrap_or_default())) else {
            return;
        };
        self.with(id, |ua, session| {
            let Some(unacked) = session.unacked.take_if(|u| u.cseq == cseq) else { return };
            if let Some(reason) = session.bye_owed.take() {
                ua.send_bye(now, session, reason);
            } else if session.phase == Phase::Up {
                let body = ack.sdp().filter(|_| unacked.offered).map(Cow::into_owned);
                ua.events.push_back(UaEvent::Confirmed { session: session.id, body });
            }
        });
    }

    fn on_cancel(&mut self, now: Instant, tx: ServerId, cancel: &Request) {
        let invite = self.layer.cancelled_invite(cancel);
        let Some(invite) = invite else {
            self.refuse_stranger(now, tx, cancel, 481);
            return;
        };
        let id = self.sessions_with_invite(cancel, invite);
        let tag = id
            .and_then(|id| self.sessions.get(&id))
            .map(|s| s.local_tag.clone())
            .unwrap_or_else(|| self.tokens.token());
        self.layer.respond(now, tx, &cancel.response(200, None, Some(&tag)));
        let Some(id) = id else { return };
        self.with(id, |ua, session| {
            // Answered already: too late, the CANCEL changes nothing (§9.2).
            let Some(incoming) = session.incoming.as_ref().filter(|i| i.tx == invite) else { return };
            let response = ua.dialog_response(&incoming.request, 487, None, &session.local_tag, session.peer);
            ua.layer.respond(now, invite, &response);
            if session.phase == Phase::Ringing {
                let reasons = Reason::all(&cancel.headers).iter().map(ToString::to_string).collect();
                ua.end(session, true, Some(487), reasons);
            } else {
                session.incoming = None;
            }
        });
    }

    /// The session whose unanswered INVITE or re-INVITE a CANCEL means.
    fn sessions_with_invite(&self, cancel: &Request, invite: ServerId) -> Option<SessionId> {
        let id = match cancel.to_tag() {
            Some(tag) => self.dialogs.get(&(cancel.call_id().into_owned(), tag)),
            None => self.ringing.get(&ringing_key(cancel)),
        };
        id.copied().filter(|id| self.sessions.get(id).and_then(|s| s.incoming.as_ref()).is_some_and(|i| i.tx == invite))
    }

    /// The INVITE of a call that rings has expired (§13.3.1): as if it were cancelled.
    pub(super) fn check_expiry(&mut self, now: Instant, session: &mut Session) {
        if session.phase != Phase::Ringing || session.expires_at.is_none_or(|at| at > now) {
            return;
        }
        if let Some(incoming) = session.incoming.as_ref() {
            let response = self.dialog_response(&incoming.request, 487, None, &session.local_tag, session.peer);
            self.layer.respond(now, incoming.tx, &response);
        }
        self.end(session, true, Some(487), Vec::new());
    }

    pub(super) fn capabilities(&self, response: &mut Response) {
        response.headers.push(HeaderName::Allow, ALLOW);
        response.headers.push(HeaderName::Accept, ACCEPT);
        response.headers.push(HeaderName::Server, self.config.user_agent.as_str());
    }

    /// Refuses a request, which is remembered for as long as it may come again.
    pub(super) fn refuse_with(&mut self, now: Instant, tx: ServerId, request: &Request, status: u16) {
        let response = self.refusal(request, status);
        self.counters.refused_requests += 1;
        self.layer.respond(now, tx, &response);
    }

    /// Refuses a request that belongs to no dialog of ours. It leaves nothing behind, so that strangers cannot use
    /// our transactions up; an INVITE does, for its refusal has to be repeated, unless they are used up already.
    fn refuse_stranger(&mut self, now: Instant, tx: ServerId, request: &Request, status: u16) {
        let response = self.refusal(request, status);
        if self.layer.is_full() {
            self.counters.refused_requests += 1;
            self.layer.respond_and_forget(tx, &response);
        } else {
            self.refuse(now, tx, request, &response);
        }
    }

    fn refuse(&mut self, now: Instant, tx: ServerId, request: &Request, response: &Response) {
        self.counters.refused_requests += 1;
        if request.method == Method::Invite {
            self.layer.respond(now, tx, response);
        } else {
            self.layer.respond_and_forget(tx, response);
        }
    }

    fn refusal(&self, request: &Request, status: u16) -> Response {
        let mut response = request.response(status, None, Some(&self.layer.stateless_tag(request)));
        if matches!(status, 405 | 501) {
            response.headers.push(HeaderName::Allow, ALLOW);
        }
        response
    }
}

/// How long an INVITE may wait for its answer, if it says so.
fn expiry(invite: &Request) -> Option<Duration> {
    let seconds = invite.headers.get(&HeaderName::Expires)?.to_str().trim().parse::<u32>().ok()?;
    Some(Duration::from_secs(seconds.into()))
}

/// The INVITE of a session that waits for its answer.
fn ringing(session: &Session) -> Result<(ServerId, Arc<Request>), Error> {
    let incoming = session.incoming.as_ref().filter(|_| session.phase == Phase::Ringing);
    incoming.map(|i| (i.tx, Arc::clone(&i.request))).ok_or(Error::WrongState("no call waits for an answer here"))
}
