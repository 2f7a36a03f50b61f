//! Digest access authentication, the client's side (RFC 3261 §22, RFC 7616, RFC 8760).
//!
//! Reads challenges as they are really sent (several schemes in a line, unquoted and quoted tokens,
//! `qop="auth,auth-int"`), picks the server's first that we can do, and answers it.

mod challenge;
mod hash;

use std::fmt;

pub use challenge::Challenge;
pub use hash::Algorithm;

use crate::headers::cursor::quote;
use crate::message::{Header, HeaderName, Request, Response};

/// What answers a challenge.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// Password, in clear.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Why a challenge can't be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// The response is no 401 or 407 or has no challenge in it.
    #[error("no challenge")]
    NoChallenge,
    /// No challenge with an algorithm and a quality of protection that we can do.
    #[error("no challenge that can be answered")]
    Unsupported,
    /// The request had credentials for this realm, and they were not just too old: they are wrong.
    #[error("the credentials were refused")]
    Refused,
}

/// The one use of a nonce: what varies from request to request.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The request's URI.
    pub uri: &'a str,
    /// The request's body, for auth-int.
    pub body: &'a [u8],
    /// A fresh token of ours.
    pub cnonce: &'a str,
    /// How often this nonce was used, this time included.
    pub nonce_count: u32,
}

/// The value of the (Proxy-)Authorization header field that answers a challenge.
#[must_use]
pub fn answer(challenge: &Challenge, credentials: &Credentials, once: &Use<'_>) -> String {
    let hash = |text: &[u8]| challenge.algorithm.hex(text);
    let Use { method, uri, body, cnonce, nonce_count } = *once;
    let Challenge { realm, nonce, .. } = challenge;
    let mut ha1 = hash(format!("{}:{realm}:{}", credentials.username, credentials.password).as_bytes());
    if challenge.session {
        ha1 = hash(format!("{ha1}:{nonce}:{cnonce}").as_bytes());
    }
    let ha2 = if challenge.qop() == Some("auth-int") {
        hash(format!("{method}:{uri}:{}", hash(body)).as_bytes())
    } else {
        hash(format!("{method}:{uri}").as_bytes())
    };
    let mut value = format!(
        "Digest username={}, realm={}, nonce={}, uri={}",
        quote(&credentials.username),
        quote(realm),
        quote(nonce),
        quote(uri)
    );
    let response = match challenge.qop() {
        Some(qop) => {
            value.push_str(&format!(", qop={qop}, nc={nonce_count:08x}, cnonce={}", quote(cnonce)));
            hash(format!("{ha1}:{nonce}:{nonce_count:08x}:{cnonce}:{qop}:{ha2}").as_bytes())
        }
        None => {
            if challenge.session {
                value.push_str(&format!(", cnonce={}", quote(cnonce)));
            }
            hash(format!("{ha1}:{nonce}:{ha2}").as_bytes())
        }
    };
    value.push_str(&format!(", response=\"{response}\""));
    if let Some(name) = &challenge.algorithm_name {
        value.push_str(&format!(", algorithm={name}"));
    }
    if let Some(opaque) = &challenge.opaque {
        value.push_str(&format!(", opaque={}", quote(opaque)));
    }
    value
}

/// The challenge to answer: the first one that we can do, for the server lists its best first (RFC 8760 §2.4).
///
/// # Errors
/// When there is none, or none that we can do.
pub fn choose(response: &Response) -> Result<Challenge, DigestError> {
    let name = challenge_header(response.status).ok_or(DigestError::NoChallenge)?;
    let values: Vec<String> = response.headers.all(&name).map(ToString::to_string).collect();
    if values.is_empty() {
        return Err(DigestError::NoChallenge);
    }
    values.iter().flat_map(|v| Challenge::parse_all(v)).find(Challenge::is_usable).ok_or(DigestError::Unsupported)
}

fn challenge_header(status: u16) -> Option<HeaderName> {
    match status {
        401 => Some(HeaderName::WwwAuthenticate),
        407 => Some(HeaderName::ProxyAuthenticate),
        _ => None,
    }
}

/// Most realms whose challenges are kept; more are answered one at a time.
const REALMS_MAX: usize = 8;

/// The challenges met so far and how often their nonces were used; kept from request to request of a session.
#[derive(Clone, Debug, Default)]
pub struct NonceState {
    known: Vec<Known>,
}

/// The last challenge of a realm.
#[derive(Clone, Debug)]
struct Known {
    /// Authorization or Proxy-Authorization.
    header: HeaderName,
    challenge: Challenge,
    count: u32,
}

impl NonceState {
    /// Takes a challenge in place of an older one of its realm. A nonce that is known goes on being counted.
    fn learn(&mut self, header: &HeaderName, challenge: Challenge) {
        let same_realm = |k: &&mut Known| k.header == *header && k.challenge.realm == challenge.realm;
        match self.known.iter_mut().find(same_realm) {
            Some(known) => {
                let count = if known.challenge.nonce == challenge.nonce { known.count } else { 0 };
                *known = Known { header: header.clone(), challenge, count };
            }
            None => {
                if self.known.len() >= REALMS_MAX {
                    self.known.remove(0);
                }
                self.known.push(Known { header: header.clone(), challenge, count: 0 });
            }
        }
    }
}

/// Answers the challenge of a 401 or 407 in a request that is to be sent again: the one that was challenged, with
/// the credentials in it that it was sent with. Those for other realms on its way are renewed too, because no
/// nonce count may come twice (RFC 7616 §3.4).
///
/// # Errors
/// When there is no challenge that we can answer, or the request already had an answer for its realm that was not
/// just stale: the same password would be wrong again, and lock somebody out.
pub fn authorize(
    request: &mut Request,
    response: &Response,
    credentials: &Credentials,
    state: &mut NonceState,
    cnonce: &str,
) -> Result<(), DigestError> {
    let challenge = choose(response)?;
    let header = if response.status == 401 { HeaderName::Authorization } else { HeaderName::ProxyAuthorization };
    let mut realms = answered_realms(request);
    let this = (header.clone(), challenge.realm.clone());
    if !realms.contains(&this) {
        realms.push(this);
    } else if !challenge.stale {
        return Err(DigestError::Refused);
    }
    state.learn(&header, challenge);
    for known in state.known.iter_mut().filter(|k| realms.contains(&(k.header.clone(), k.challenge.realm.clone()))) {
        known.count = known.count.saturating_add(1);
        let once = Use {
            method: request.method.as_str(),
            uri: &request.uri,
            body: &request.body,
            cnonce,
            nonce_count: known.count,
        };
        let value = answer(&known.challenge, credentials, &once);
        let is_old =
            |h: &Header| h.name == known.header && realms_of(&h.value.to_str()).contains(&known.challenge.realm);
        request.headers.retain(|h| !is_old(h));
        request.headers.push(known.header.clone(), value);
    }
    Ok(())
}

/// The realms that a request has credentials for.
fn answered_realms(request: &Request) -> Vec<(HeaderName, String)> {
    [HeaderName::Authorization, HeaderName::ProxyAuthorization]
        .into_iter()
        .flat_map(|name| {
            let realms: Vec<String> = request.headers.all(&name).flat_map(|v| realms_of(&v.to_str())).collect();
            realms.into_iter().map(move |realm| (name.clone(), realm))
        })
        .collect()
}

/// Credentials name their realm and nonce as a challenge does.
fn realms_of(credentials: &str) -> Vec<String> {
    Challenge::parse_all(credentials).into_iter().map(|c| c.realm).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response_of(value: &str) -> String {
        let at = value.find("response=\"").unwrap() + 10;
        value[at..].split('"').next().unwrap().to_owned()
    }

    fn mufasa(password: &str) -> Credentials {
        Credentials { username: "Mufasa".into(), password: password.into() }
    }

    fn challenge(value: &str) -> Challenge {
        Challenge::parse_all(value).pop().unwrap()
    }

    #[test]
    fn rfc_7616_example() {
        let once = Use {
            method: "GET",
            uri: "/dir/index.html",
            body: b"",
            cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            nonce_count: 1,
        };
        for (algorithm, expected) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let c = challenge(&format!(
                r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
            ));
            let value = answer(&c, &mufasa("Circle of Life"), &once);
            assert_eq!(response_of(&value), expected);
            assert!(
                value.contains("qop=auth, nc=00000001") && value.contains(&format!("algorithm={algorithm}")),
                "{value}"
            );
        }
    }

    #[test]
    fn rfc_2617_example_and_its_older_form() {
        let once = Use { method: "GET", uri: "/dir/index.html", body: b"", cnonce: "0a4f113b", nonce_count: 1 };
        let c = challenge(
            r#"Digest realm="testrealm@host.com",qop="auth,auth-int",nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",opaque="x""#,
        );
        assert_eq!(response_of(&answer(&c, &mufasa("Circle Of Life"), &once)), "6629fae49393a05397450978507c4ef1");
        let old = challenge(r#"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093""#);
        let value = answer(&old, &mufasa("Circle Of Life"), &once);
        assert_eq!(response_of(&value), "670fd8c2df070c60b045671b8b24ff02");
        assert!(!value.contains("cnonce") && !value.contains("algorithm"), "{value}");
    }

    #[test]
    fn sha_512_256_auth_int_and_sess() {
        let once = Use { method: "INVITE", uri: "sip:b@h", body: b"v=0", cnonce: "c", nonce_count: 10 };
        let c = challenge(r#"Digest realm="r", nonce="n", algorithm=SHA-512-256, qop="auth-int""#);
        // Computed with another implementation.
        assert_eq!(
            response_of(&answer(&c, &mufasa("p"), &once)),
            "5a7387a1053fcf0c5ee621e8f65bc0e31b8be92aff8c855bd158cb34ccfd656b"
        );
        let c = challenge(r#"Digest realm="r", nonce="n", algorithm=MD5-sess, qop=auth"#);
        assert_eq!(response_of(&answer(&c, &mufasa("p"), &once)), "67a8fa9a59b9e1da61fc72697dda533f");
    }

    #[test]
    fn the_servers_first_choice_that_we_can_do_is_taken() {
        let mut response = Request::new(crate::Method::Register, "sip:h").response(401, None, None);
        for algorithm in ["SHA-1024", "SHA-256", "MD5"] {
            response.headers.push(
                HeaderName::WwwAuthenticate,
                format!("Digest realm=\"r\", nonce=\"{algorithm}\", algorithm={algorithm}, qop=\"auth\""),
            );
        }
        assert_eq!(choose(&response).unwrap().algorithm, Algorithm::Sha256);
        response.headers.remove(&HeaderName::WwwAuthenticate);
        assert_eq!(choose(&response), Err(DigestError::NoChallenge));
        response.headers.push(HeaderName::WwwAuthenticate, "Basic realm=\"r\"");
        assert_eq!(choose(&response), Err(DigestError::Unsupported));
    }

    #[test]
    fn a_nonce_used_again_is_counted() {
        let mut response = Request::new(crate::Method::Bye, "sip:h").response(407, None, None);
        response.headers.push(HeaderName::ProxyAuthenticate, "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"");
        let (mut state, credentials) = (NonceState::default(), mufasa("p"));
        for count in 1..3 {
            let mut request = Request::new(crate::Method::Bye, "sip:h");
            authorize(&mut request, &response, &credentials, &mut state, "c").unwrap();
            let value = request.header("Proxy-Authorization").unwrap().into_owned();
            assert!(value.contains(&format!("nc=0000000{count}")), "{value}");
        }
    }

    fn challenged(status: u16, value: &str) -> Response {
        let mut response = Request::new(crate::Method::Bye, "sip:h").response(status, None, None);
        let name = if status == 401 { HeaderName::WwwAuthenticate } else { HeaderName::ProxyAuthenticate };
        response.headers.push(name, value);
        response
    }

    #[test]
    fn a_realm_is_answered_again_only_if_stale() {
        let (mut state, credentials) = (NonceState::default(), mufasa("p"));
        let mut request = Request::new(crate::Method::Bye, "sip:h");
        let mut answer = |request: &mut Request, value: &str| {
            authorize(request, &challenged(401, value), &credentials, &mut state, "c")
        };
        assert_eq!(answer(&mut request, r#"Digest realm="r", nonce="n1""#), Ok(()));
        assert_eq!(answer(&mut request, r#"Digest realm="r", nonce="n2""#), Err(DigestError::Refused));
        assert_eq!(answer(&mut request, r#"Digest realm="r", nonce="n2", stale=true"#), Ok(()));
        assert_eq!(request.headers.count(&HeaderName::Authorization), 1);
        assert!(request.header("Authorization").unwrap().contains("nonce=\"n2\""));
        assert_eq!(answer(&mut request, r#"Digest realm="other", nonce="n3""#), Ok(()));
        assert_eq!(request.headers.count(&HeaderName::Authorization), 2);
        // The next request begins without credentials.
        assert_eq!(answer(&mut Request::new(crate::Method::Bye, "sip:h"), r#"Digest realm="r", nonce="n4""#), Ok(()));
    }

    #[test]
    fn credentials_of_other_realms_are_renewed() {
        let (mut state, credentials) = (NonceState::default(), mufasa("p"));
        let mut request = Request::new(crate::Method::Invite, "sip:h");
        for (status, value) in [
            (407, r#"Digest realm="proxy", nonce="n1", qop="auth""#),
            (401, r#"Digest realm="callee", nonce="n2", qop="auth""#),
        ] {
            authorize(&mut request, &challenged(status, value), &credentials, &mut state, "c").unwrap();
        }
        assert!(request.header("Proxy-Authorization").unwrap().contains("nc=00000002"));
        assert!(request.header("Authorization").unwrap().contains("nc=00000001"));
    }
}
