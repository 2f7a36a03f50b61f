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
use crate::message::{HeaderName, Request, Response};

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

/// How often the current nonce was used; kept from request to request of a session.
#[derive(Clone, Debug, Default)]
pub struct NonceState {
    nonce: String,
    count: u32,
}

/// Answers the challenge of a 401 or 407 in a request that is to be sent again.
///
/// # Errors
/// When there is no challenge that we can answer.
pub fn authorize(
    request: &mut Request,
    response: &Response,
    credentials: &Credentials,
    state: &mut NonceState,
    cnonce: &str,
) -> Result<(), DigestError> {
    let challenge = choose(response)?;
    if state.nonce != challenge.nonce {
        *state = NonceState { nonce: challenge.nonce.clone(), count: 0 };
    }
    state.count = state.count.saturating_add(1);
    let once = Use {
        method: request.method.as_str(),
        uri: &request.uri,
        body: &request.body,
        cnonce,
        nonce_count: state.count,
    };
    let value = answer(&challenge, credentials, &once);
    let name = if response.status == 401 { HeaderName::Authorization } else { HeaderName::ProxyAuthorization };
    request.headers.set(name, value);
    Ok(())
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
}
