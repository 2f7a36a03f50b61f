//! The header fields that a user agent adds, and the checks of those it is given.

use super::UserAgent;
use crate::error::Error;
use crate::headers::NameAddr;
use crate::message::{HeaderName, Headers, Request, Response};
use crate::transport::{Peer, Transport};

/// The methods this user agent answers.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE";

/// The bodies this user agent reads.
pub(super) const ACCEPT: &str = "application/sdp, multipart/mixed";

/// Header fields that the stack itself writes.
const OURS: [HeaderName; 14] = [
    HeaderName::Via,
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::Contact,
    HeaderName::MaxForwards,
    HeaderName::Route,
    HeaderName::RecordRoute,
    HeaderName::ContentLength,
    HeaderName::ContentType,
    HeaderName::Allow,
    HeaderName::Require,
    HeaderName::ProxyRequire,
];

/// Header fields of an INVITE that would promise what the stack does not do, or contradict what it does: extensions,
/// session timers, an expiry beside `ring_timeout`, another body than it writes or reads.
const OURS_IN_INVITE: [HeaderName; 6] = [
    HeaderName::Supported,
    HeaderName::Require,
    HeaderName::SessionExpires,
    HeaderName::ContentEncoding,
    HeaderName::Accept,
    HeaderName::Expires,
];

pub(super) fn check_invite_headers(extra: &[(String, String)]) -> Result<(), Error> {
    match extra.iter().find(|(name, _)| OURS_IN_INVITE.contains(&HeaderName::new(name))) {
        Some((name, _)) => Err(Error::BadHeader { name: name.clone(), reason: "it says what the stack does" }),
        None => Ok(()),
    }
}

pub(super) fn check_extra_headers(extra: &[(String, String)]) -> Result<(), Error> {
    for (name, _) in extra {
        if OURS.contains(&HeaderName::new(name)) {
            return Err(Error::BadHeader { name: name.clone(), reason: "the stack writes it" });
        }
        if name.is_empty() || !crate::message::lex::is_token(name.as_bytes()) {
            return Err(Error::BadHeader { name: name.clone(), reason: "not a header name" });
        }
    }
    Ok(())
}

pub(super) fn push_extra(headers: &mut Headers, extra: &[(String, String)]) {
    for (name, value) in extra {
        headers.push(HeaderName::new(name), value.as_str());
    }
}

/// Parses a name-addr given by the application and takes its tag off.
pub(super) fn name_addr(text: &str) -> Result<String, Error> {
    let parsed = NameAddr::parse(text).map_err(|reason| Error::BadUri { uri: text.to_owned(), reason })?;
    Ok(parsed.with_tag(None).to_string())
}

pub(super) fn set_sdp(headers: &mut Headers, body: &mut bytes::Bytes, sdp: String) {
    headers.set(HeaderName::ContentType, "application/sdp");
    *body = sdp.into();
}

impl UserAgent {
    /// Our Contact for messages over this transport.
    pub(super) fn contact(&self, peer: Peer) -> String {
        let user = crate::uri::escape_user(&self.config.contact_user);
        match peer.transport {
            Transport::Udp => format!("<sip:{user}@{}>", self.config.contact_udp),
            Transport::Tcp => format!("<sip:{user}@{};transport=tcp>", self.config.contact_tcp),
        }
    }

    /// Contact, Allow and User-Agent, as every request that makes or refreshes a dialog carries them.
    pub(super) fn dress_request(&self, request: &mut Request, peer: Peer) {
        request.headers.push(HeaderName::Contact, self.contact(peer));
        request.headers.push(HeaderName::Allow, ALLOW);
        request.headers.push(HeaderName::UserAgent, self.config.user_agent.as_str());
    }

    /// A response within a dialog or making one: with our tag, Record-Route, Contact, Server.
    pub(super) fn dialog_response(
        &self,
        request: &Request,
        status: u16,
        reason: Option<&str>,
        tag: &str,
        peer: Peer,
    ) -> Response {
        let mut response = request.response(status, reason, Some(tag));
        if (101..300).contains(&status) {
            for route in request.headers.all(&HeaderName::RecordRoute) {
                response.headers.push(HeaderName::RecordRoute, route.clone());
            }
            response.headers.push(HeaderName::Contact, self.contact(peer));
            response.headers.push(HeaderName::Allow, ALLOW);
        }
        response.headers.push(HeaderName::Server, self.config.user_agent.as_str());
        response
    }
}
