//! REGISTER as it is sent, and what its answers say (RFC 3261 §10.2).

use std::net::SocketAddr;

use sip::headers::{NameAddr, list_values};
use sip::ua::Credentials;
use sip::uri::{SipUri, Uri, escape_user};
use sip::{HeaderName, Method, Request, Response, Transport};

/// What a trunk registers, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Of each: `host:port`, and what answers its challenges. At least one.
    pub(crate) registrars: Vec<(String, Option<Credentials>)>,
    /// User and domain of the address of record. An empty domain: the registrar's host.
    pub(crate) user: String,
    pub(crate) domain: String,
    pub(crate) contact_user: String,
    /// Asked for.
    pub(crate) expires_s: u32,
    pub(crate) transport: Transport,
}

impl Settings {
    /// Whether both register the same contact of the same address of record at the same registrars.
    pub(crate) fn is_same_binding(&self, other: &Self) -> bool {
        let places = |settings: &Self| settings.registrars.iter().map(|(at, _)| at.clone()).collect::<Vec<_>>();
        (&self.user, &self.domain, &self.contact_user, self.transport)
            == (&other.user, &other.domain, &other.contact_user, other.transport)
            && places(self) == places(other)
    }

    /// The request to one of the registrars, without CSeq; `old` is a contact that is to be forgotten.
    pub(super) fn request(
        &self,
        registrar: usize,
        contact: SocketAddr,
        old: Option<SocketAddr>,
        expires_s: u32,
        (call_id, local_tag): (&str, &str),
    ) -> Request {
        let registrar = self.registrars.get(registrar).map_or("", |(at, _)| at.as_str());
        let (host, port) = registrar.rsplit_once(':').unwrap_or((registrar, "5060"));
        let place = if port == "5060" { host } else { registrar };
        let transport = self.transport_param();
        let domain = if self.domain.is_empty() { host } else { &self.domain };
        let aor = format!("<sip:{}@{domain}>", escape_user(&self.user));
        let (uri, route) = match self.domain.as_str() {
            "" => (format!("sip:{place}{transport}"), None),
            domain => (format!("sip:{domain}"), Some(format!("<sip:{place};lr{transport}>"))),
        };
        let mut request = Request::new(Method::Register, uri);
        let headers = &mut request.headers;
        headers.push(HeaderName::Route, format!("<sip:{contact};lr>"));
        if let Some(route) = route {
            headers.push(HeaderName::Route, route);
        }
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, format!("{aor};tag={local_tag}"));
        headers.push(HeaderName::To, aor);
        headers.push(HeaderName::CallId, call_id);
        headers.push(HeaderName::Contact, format!("{};expires={expires_s}", self.contact_uri(contact)));
        if let Some(old) = old {
            headers.push(HeaderName::Contact, format!("{};expires=0", self.contact_uri(old)));
        }
        headers.push(HeaderName::new("Expires"), expires_s.to_string());
        headers.push(HeaderName::UserAgent, concat!("BotStream/", env!("CARGO_PKG_VERSION")));
        request
    }

    fn contact_uri(&self, contact: SocketAddr) -> String {
        format!("<sip:{}@{contact}{}>", escape_user(&self.contact_user), self.transport_param())
    }

    fn transport_param(&self) -> &'static str {
        if self.transport == Transport::Tcp { ";transport=tcp" } else { "" }
    }
}

/// For how long our contact is registered now (§10.2.4); `None`: it is not there.
pub(super) fn granted_s(settings: &Settings, contact: SocketAddr, asked_s: u32, response: &Response) -> Option<u32> {
    let of_header = || response.headers.text("Expires").and_then(|text| text.trim().parse().ok());
    let values = list_values(&response.headers, &HeaderName::Contact);
    if values.is_empty() {
        // Some name none. They have taken what they were sent.
        return Some(of_header().unwrap_or(asked_s));
    }
    let contacts: Vec<NameAddr> = values.iter().filter_map(|value| NameAddr::parse(value).ok()).collect();
    let is_users = |uri: &&SipUri| uri.user_decoded().as_deref() == Some(settings.contact_user.as_str());
    let of = |is_wanted: &dyn Fn(&SipUri) -> bool| {
        let is_ours = |one: &&NameAddr| one.uri.as_sip().filter(is_users).is_some_and(is_wanted);
        let ours = contacts.iter().find(is_ours)?;
        let of_contact = ours.params.raw("expires").and_then(|text| text.parse().ok());
        Some(of_contact.or_else(of_header).unwrap_or(asked_s))
    };
    // One that sees us behind a NAT may name another address.
    of(&|uri| uri.socket_addr() == Some(contact)).or_else(|| of(&|_| true))
}

pub(super) fn min_expires_s(response: &Response) -> Option<u32> {
    response.headers.text("Min-Expires")?.trim().parse().ok()
}

/// Longest user part of an address of record or a contact.
const USER_LEN_MAX: usize = 128;

/// Whether a text can be the user part of an address of record or a contact.
pub(crate) fn is_user(text: &str) -> bool {
    if text.is_empty() || text.len() > USER_LEN_MAX || text.contains([':', '@']) || text.chars().any(char::is_control) {
        return false;
    }
    match Uri::parse(&format!("sip:{}@h", escape_user(text))) {
        Ok(uri) => uri.user().as_deref() == Some(text),
        Err(_) => false,
    }
}
