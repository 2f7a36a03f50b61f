//! One trunk's registration at its registrar, or at the next one when that does not answer (RFC 3261 §10).
//!
//! Time and responses go in; requests come out of [`Registration::poll_request`], to be sent by way of a botproxy, whose address is the
//! contact: calls of the carrier go there. One request is on its way at most. What the registrar grants is refreshed well before it
//! ends; what fails is tried again after a pause that grows, at random within it, so that many do not come at once.

mod config;
mod request;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use botstream_api::registration_status::State;
use sip::digest::{NonceState, authorize};
use sip::headers::retry_after_s;
use sip::ua::Credentials;
use sip::{HeaderName, Request, Response, TokenSource};

pub(crate) use config::{check, settings};
pub(crate) use request::Settings;
use request::{granted_s, min_expires_s};

/// How long a registrar may take. After that the next one is asked.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How often one request is sent again with credentials: a nonce may be stale.
const AUTH_ATTEMPTS_MAX: u8 = 3;
/// The pause after all registrars have failed, and the longest that it grows to.
const FAILED: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(120));
/// The same after a refusal: it is no use to repeat what is refused, and accounts are locked for it.
const REFUSED: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(1_800));
/// Longest time that a registration is asked for when a registrar wants it longer (423).
const EXPIRES_S_MAX: u32 = 86_400;
/// How long taking a registration back may take.
const STOP_MAX: Duration = Duration::from_secs(4);

const NO_PROXY: &str = "there is no botproxy";

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Status {
    pub(crate) state: State,
    pub(crate) registrar: String,
    pub(crate) contact: String,
    pub(crate) expires_at: Option<Instant>,
    /// Of the last failure; 0 where nobody answered.
    pub(crate) sip_status: u16,
    pub(crate) reason: String,
    /// Rounds through all registrars that have failed in a row.
    pub(crate) failures: u32,
}

/// What the registrar has granted.
#[derive(Debug, Clone, Copy)]
struct Bound {
    contact: SocketAddr,
    until: Instant,
}

/// The request on its way.
#[derive(Debug)]
struct Attempt {
    /// Without Via.
    request: Request,
    expires_s: u32,
    auth_attempts: u8,
    answer_by: Instant,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Registration {
    settings: Settings,
    tokens: TokenSource,
    call_id: String,
    local_tag: String,
    cseq: u32,
    nonce: NonceState,
    /// The botproxy that calls are to come to; `None`: there is none.
    contact: Option<SocketAddr>,
    bound: Option<Bound>,
    /// Which registrar, and how many of them have failed in this round.
    registrar: usize,
    failed: usize,
    /// What is asked for now: a registrar may want more.
    expires_s: u32,
    attempt: Option<Attempt>,
    next_at: Option<Instant>,
    /// Since when it is being taken back.
    stopping: Option<Instant>,
    is_over: bool,
    requests: VecDeque<Request>,
    status: Status,
}

impl Registration {
    /// `seed` makes Call-ID and tags.
    pub(crate) fn new(settings: Settings, seed: u64) -> Self {
        let mut tokens = TokenSource::new(seed);
        let (call_id, local_tag) = (tokens.token() + &tokens.token(), tokens.token());
        let status = Status { state: State::Waiting, reason: NO_PROXY.to_owned(), ..Status::default() };
        Self {
            expires_s: settings.expires_s,
            settings,
            tokens,
            call_id,
            local_tag,
            cseq: 0,
            nonce: NonceState::default(),
            contact: None,
            bound: None,
            registrar: 0,
            failed: 0,
            attempt: None,
            next_at: None,
            stopping: None,
            is_over: false,
            requests: VecDeque::new(),
            status,
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    /// Whether it is being taken back.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// Whether it has been taken back, or there is nobody to be told.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// The next request to be sent, by way of the botproxy.
    pub(crate) fn poll_request(&mut self) -> Option<Request> {
        self.requests.pop_front()
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let answer_by = self.attempt.as_ref().map(|attempt| attempt.answer_by);
        let stop_by = self.stopping.map(|since| since + STOP_MAX);
        let expiry = self.bound.map(|bound| bound.until);
        [answer_by, stop_by, expiry, self.next_at].into_iter().flatten().min()
    }

    /// Calls are to come to another botproxy, or there is none any more.
    pub(crate) fn set_contact(&mut self, now: Instant, contact: Option<SocketAddr>) {
        if contact == self.contact || self.stopping.is_some() {
            return;
        }
        self.contact = contact;
        self.attempt = None;
        self.requests.clear();
        match contact {
            // What is registered is found again when it comes back, or ends.
            None => self.next_at = None,
            Some(_) => {
                self.failed = 0;
                self.status.reason.clear();
                self.begin(now);
            }
        }
        self.tell();
    }

    /// Takes the registration back.
    pub(crate) fn stop(&mut self, now: Instant) {
        if self.stopping.is_some() || self.is_over {
            return;
        }
        // A request on its way may have made one.
        let is_there = self.bound.is_some() || self.attempt.is_some();
        self.attempt = None;
        self.next_at = None;
        self.requests.clear();
        if is_there && self.contact.is_some() {
            self.stopping = Some(now);
            self.begin(now);
        } else {
            self.is_over = true;
        }
    }

    /// Does what is due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.stopping.is_some_and(|since| since + STOP_MAX <= now) {
            self.is_over = true;
            return;
        }
        if self.bound.is_some_and(|bound| bound.until <= now) {
            self.bound = None;
        }
        if self.attempt.as_ref().is_some_and(|attempt| attempt.answer_by <= now) {
            self.on_silence(now);
        }
        if self.next_at.is_some_and(|at| at <= now) {
            self.next_at = None;
            self.begin(now);
        }
        self.tell();
    }

    /// The registrar cannot be reached, or has not answered.
    pub(crate) fn on_silence(&mut self, now: Instant) {
        if self.attempt.take().is_some() {
            self.requests.clear();
            self.fail(now, 0, "no answer".to_owned(), None);
        }
        self.tell();
    }

    /// A response to the request that was sent last.
    pub(crate) fn on_response(&mut self, now: Instant, response: &Response) {
        if !response.is_final() {
            return;
        }
        let Some(mut attempt) = self.attempt.take() else { return };
        match response.status {
            200..=299 => self.on_success(now, &attempt, response),
            401 | 407 => match self.answer(&mut attempt, response) {
                Ok(()) => self.send(now, attempt),
                Err(reason) => self.refused(now, response, reason),
            },
            423 => match min_expires_s(response).filter(|min_s| *min_s > attempt.expires_s) {
                Some(min_s) if min_s <= EXPIRES_S_MAX && self.stopping.is_none() => {
                    self.expires_s = min_s;
                    self.begin(now);
                }
                _ => self.refused(now, response, "423 without a use for it".to_owned()),
            },
            408 | 430 | 480 | 500..=599 => {
                let reason = response.reason.to_string();
                self.fail(now, response.status, reason, retry_after_s(&response.headers));
            }
            _ => self.refused(now, response, response.reason.to_string()),
        }
        self.tell();
    }

    fn on_success(&mut self, now: Instant, attempt: &Attempt, response: &Response) {
        if self.stopping.is_some() {
            self.is_over = true;
            return;
        }
        let Some(contact) = self.contact else { return };
        let granted_s = match granted_s(&self.settings, contact, attempt.expires_s, response) {
            Some(granted_s) if granted_s > 0 => granted_s.min(EXPIRES_S_MAX),
            _ => return self.refused(now, response, "its 200 does not name our contact".to_owned()),
        };
        self.bound = Some(Bound { contact, until: now + Duration::from_secs(granted_s.into()) });
        self.failed = 0;
        self.status.failures = 0;
        self.status.sip_status = 0;
        self.status.reason.clear();
        // Between a half and three quarters of it, so that many trunks do not come at once, and a failure leaves time.
        let part = 500 + self.tokens.below(251);
        self.next_at = Some(now + Duration::from_millis(u64::from(granted_s) * part));
    }

    /// Puts credentials into the request.
    fn answer(&mut self, attempt: &mut Attempt, response: &Response) -> Result<(), String> {
        let (registrar, credentials) = self.here();
        let Some(credentials) = credentials else { return Err(format!("{registrar} wants credentials")) };
        if attempt.auth_attempts >= AUTH_ATTEMPTS_MAX {
            return Err(format!("{registrar} takes no credentials"));
        }
        let cnonce = self.tokens.token();
        authorize(&mut attempt.request, response, &credentials, &mut self.nonce, &cnonce)
            .map_err(|error| format!("{registrar}: {error}"))?;
        attempt.auth_attempts += 1;
        Ok(())
    }

    fn here(&self) -> (String, Option<Credentials>) {
        self.settings.registrars.get(self.registrar).cloned().unwrap_or_default()
    }

    /// The next registrar, or a pause when all have failed.
    fn fail(&mut self, now: Instant, sip_status: u16, reason: String, retry_after_s: Option<u32>) {
        self.status.sip_status = sip_status;
        self.status.reason = reason;
        if self.stopping.is_some() {
            self.is_over = true;
            return;
        }
        self.failed += 1;
        self.registrar = (self.registrar + 1) % self.settings.registrars.len().max(1);
        if self.failed < self.settings.registrars.len() {
            self.begin(now);
        } else {
            self.pause(now, FAILED, retry_after_s);
        }
    }

    fn refused(&mut self, now: Instant, response: &Response, reason: String) {
        self.status.sip_status = response.status;
        self.status.reason = reason;
        self.pause(now, REFUSED, retry_after_s(&response.headers));
        self.status.state = State::Refused;
    }

    fn pause(&mut self, now: Instant, (first, longest): (Duration, Duration), retry_after_s: Option<u32>) {
        if self.stopping.is_some() {
            self.is_over = true;
            return;
        }
        self.failed = 0;
        self.registrar = 0;
        let grown = first.saturating_mul(1 << self.status.failures.min(16)).min(longest);
        self.status.failures = self.status.failures.saturating_add(1);
        self.status.state = State::Failed;
        let at_random = grown.mul_f64(0.5 + 0.5 * (self.tokens.below(1_000) as f64 / 1_000.0));
        let asked = Duration::from_secs(u64::from(retry_after_s.unwrap_or(0).min(EXPIRES_S_MAX)));
        self.next_at = Some(now + at_random.max(asked));
    }

    fn begin(&mut self, now: Instant) {
        let Some(contact) = self.contact else { return };
        let expires_s = if self.stopping.is_some() { 0 } else { self.expires_s };
        // Calls are not to go on coming to a botproxy that is gone.
        let old = self.bound.map(|bound| bound.contact).filter(|old| *old != contact && expires_s > 0);
        let request = self.settings.request(self.registrar, contact, old, expires_s, (&self.call_id, &self.local_tag));
        self.send(now, Attempt { request, expires_s, auth_attempts: 0, answer_by: now + ANSWER_MAX });
    }

    fn send(&mut self, now: Instant, mut attempt: Attempt) {
        self.cseq += 1;
        attempt.request.headers.set(HeaderName::CSeq, format!("{} REGISTER", self.cseq));
        attempt.answer_by = now + ANSWER_MAX;
        self.requests.push_back(attempt.request.clone());
        self.attempt = Some(attempt);
    }

    fn tell(&mut self) {
        let status = &mut self.status;
        status.expires_at = self.bound.map(|bound| bound.until);
        status.contact = self.bound.map(|bound| bound.contact.to_string()).unwrap_or_default();
        status.registrar = self.settings.registrars.get(self.registrar).map(|(at, _)| at.clone()).unwrap_or_default();
        status.state = match (self.bound, self.contact, &self.attempt) {
            (Some(_), ..) => State::Registered,
            (None, None, _) => State::Waiting,
            (None, Some(_), Some(_)) if status.failures == 0 => State::Trying,
            // Failed or refused: as it was said then.
            (None, Some(_), _) if status.state == State::Registered => State::Failed,
            (None, Some(_), _) => status.state,
        };
        if status.state == State::Waiting {
            NO_PROXY.clone_into(&mut status.reason);
        }
    }
}

#[cfg(test)]
mod tests;
