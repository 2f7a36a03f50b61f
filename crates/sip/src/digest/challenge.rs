//! Reading WWW-Authenticate and Proxy-Authenticate.

use super::Algorithm;
use crate::headers::cursor::{Cursor, unquote};

/// Most challenges of one header field that are looked at.
const CHALLENGES_MAX: usize = 16;

/// One Digest challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The protection space.
    pub realm: String,
    /// The server's nonce.
    pub nonce: String,
    /// To be returned as it is.
    pub opaque: Option<String>,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Its name as the server spelt it, to be returned; `None` if it said nothing (MD5).
    pub algorithm_name: Option<String>,
    /// Whether it is a `-sess` algorithm.
    pub session: bool,
    /// The qualities of protection on offer; empty where the server knows none (RFC 2069).
    pub qop_options: Vec<String>,
    /// Our answer was right, but its nonce too old.
    pub stale: bool,
}

impl Challenge {
    /// Reads all Digest challenges of a header field value that have an algorithm we know; others are left out.
    #[must_use]
    pub fn parse_all(value: &str) -> Vec<Self> {
        let mut out = Vec::new();
        let mut cursor = Cursor::new(value);
        let Some(mut scheme) = cursor.token() else { return out };
        for _ in 0..CHALLENGES_MAX {
            cursor.skip_ws();
            let mut params = Vec::new();
            let mut next_scheme = None;
            while let Some(name) = cursor.token() {
                if !cursor.separator('=') {
                    // A token without a value begins the next challenge of a combined field (RFC 9110 §11.6.1).
                    next_scheme = Some(name);
                    break;
                }
                let value = if cursor.peek() == Some('"') {
                    let Some(raw) = cursor.quoted_raw() else { break };
                    unquote(raw)
                } else {
                    cursor.take_while(|c| !matches!(c, ',' | ' ' | '\t')).to_owned()
                };
                params.push((name, value));
                if !cursor.separator(',') {
                    break;
                }
                while cursor.separator(',') {}
            }
            if scheme.eq_ignore_ascii_case("Digest") {
                out.extend(Self::from_params(&params));
            }
            match next_scheme {
                Some(next) => scheme = next,
                None => break,
            }
        }
        out
    }

    fn from_params(params: &[(&str, String)]) -> Option<Self> {
        let get = |name: &str| params.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone());
        let algorithm_name = get("algorithm");
        let full = algorithm_name.clone().unwrap_or_else(|| "MD5".to_owned());
        let plain =
            full.len().checked_sub(5).filter(|at| full.get(*at..).is_some_and(|end| end.eq_ignore_ascii_case("-sess")));
        let algorithm = Algorithm::from_name(full.get(..plain.unwrap_or(full.len()))?)?;
        let qop_options = get("qop")
            .map(|q| q.split(',').map(|o| o.trim().to_ascii_lowercase()).filter(|o| !o.is_empty()).collect())
            .unwrap_or_default();
        Some(Self {
            realm: get("realm")?,
            nonce: get("nonce")?,
            opaque: get("opaque"),
            algorithm,
            algorithm_name,
            session: plain.is_some(),
            qop_options,
            stale: get("stale").is_some_and(|s| s.eq_ignore_ascii_case("true")),
        })
    }

    /// The quality of protection to use: `auth` rather than `auth-int`, which breaks when a middlebox edits SDP.
    #[must_use]
    pub fn qop(&self) -> Option<&'static str> {
        ["auth", "auth-int"].into_iter().find(|q| self.qop_options.iter().any(|o| o == q))
    }

    /// Whether it can be answered: no qop at all, or one that we know.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.qop_options.is_empty() || self.qop().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_as_they_are_really_sent() {
        let all = Challenge::parse_all(
            r#"Digest  realm="a, \"b\"",nonce="n1", stale=TRUE, algorithm="sha-256-SESS" , qop="auth-int , auth" , Basic realm="x", digest realm=plain,, nonce=n2"#,
        );
        assert_eq!(all.len(), 2);
        assert_eq!(
            (all[0].realm.as_str(), all[0].algorithm, all[0].session, all[0].stale),
            ("a, \"b\"", Algorithm::Sha256, true, true)
        );
        assert_eq!(all[0].qop(), Some("auth"));
        assert_eq!((all[1].realm.as_str(), all[1].algorithm, all[1].qop()), ("plain", Algorithm::Md5, None));
    }

    #[test]
    fn nonsense_is_left_out() {
        for value in [
            "",
            "Digest",
            "Digest realm=\"a\"",
            "Digest realm=\"a\", nonce=\"b",
            "Digest realm=a, nonce=b, algorithm=SHA3",
            "=,=",
            "Digest ,,,",
            "Digest nonce",
        ] {
            assert!(Challenge::parse_all(value).is_empty(), "{value:?}");
        }
        assert!(!Challenge::parse_all("Digest realm=a, nonce=b, qop=\"other\"")[0].is_usable());
    }
}
