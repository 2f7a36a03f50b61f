//! The bots' credentials: they are in the file with the bots, and go another way, to who needs them only.

use std::collections::BTreeMap;

use botstream_api::subjects;
use botstream_state::secrets::{self, BotCredential};
use iratdb::rusqlite;
use iratdb::rusqlite::Connection;

use crate::core::telephony::Findings;

/// Longest token, password or key that is taken: it goes into one header.
pub(super) const CREDENTIAL_LEN_MAX: usize = 4_096;

/// Takes `auth` out of each bot. `place` names a bot in a finding; no finding shows a token.
pub(crate) fn take(
    bots: &mut [toml::Value],
    place: impl Fn(usize, &toml::Value) -> String,
    findings: &mut Findings,
) -> Vec<BotCredential> {
    let mut by_url: BTreeMap<(String, String), (Option<BotCredential>, String)> = BTreeMap::new();
    for (index, bot) in bots.iter_mut().enumerate() {
        let place = place(index, bot);
        let auth = bot.as_table_mut().and_then(|table| table.remove("auth"));
        let credential = auth.and_then(|auth| match read(&auth) {
            Ok(credential) => Some(credential),
            Err(problem) => {
                findings.add(&place, problem);
                None
            }
        });
        let text = |key: &str| bot.get(key).and_then(toml::Value::as_str).filter(|text| !text.is_empty());
        let tenant = text("tenant").unwrap_or(subjects::DEFAULT_TENANT).to_owned();
        // Without a URL it is no bot, and that is found elsewhere.
        let Some(url) = text("url") else { continue };
        match by_url.get(&(tenant.clone(), url.to_owned())) {
            Some((other, other_place)) if *other != credential => {
                findings.add(&place, format!("auth: {other_place} has the same url and another auth; a url has one"));
            }
            Some(_) => {}
            None => drop(by_url.insert((tenant, url.to_owned()), (credential, place))),
        }
    }
    let credential = |((tenant, url), (credential, _)): (_, (Option<BotCredential>, _))| {
        Some(BotCredential { tenant, url, ..credential? })
    };
    by_url.into_iter().filter_map(credential).collect()
}

/// Reads `auth`; tenant and URL are still to be filled in.
fn read(auth: &toml::Value) -> Result<BotCredential, &'static str> {
    const SHAPE: &str = "auth: use { bearer = \"the token that the bot wants to see\" }, { basic = \"user:password\" } \
                         or { hmac_secret = \"the key of signatures\" }";
    let table = auth.as_table().ok_or(SHAPE)?;
    let mut credential = BotCredential::default();
    for (key, value) in table {
        let text = value.as_str().ok_or(SHAPE)?;
        let place = match key.as_str() {
            "bearer" if !is_token(text) => {
                return Err("auth.bearer: use 1 to 4096 letters, digits and -._~+/, and = at its end (RFC 6750)");
            }
            "bearer" => &mut credential.bearer,
            "basic" if !is_user_password(text) => {
                return Err("auth.basic: use user:password, of at most 4096 bytes and without control characters");
            }
            "basic" => &mut credential.basic,
            "hmac_secret" if text.is_empty() || !is_printable(text) => {
                return Err("auth.hmac_secret: use 1 to 4096 bytes without control characters");
            }
            "hmac_secret" => &mut credential.secret,
            _ => return Err(SHAPE),
        };
        text.clone_into(place);
    }
    match (credential.bearer.is_empty(), credential.basic.is_empty(), credential.secret.is_empty()) {
        (false, false, _) => Err("auth: has both bearer and basic; a request has one Authorization"),
        (true, true, true) => Err(SHAPE),
        _ => Ok(credential),
    }
}

pub(super) fn is_printable(text: &str) -> bool {
    text.len() <= CREDENTIAL_LEN_MAX && !text.chars().any(char::is_control)
}

/// RFC 7617 §2: the user's name has no colon, so the first one ends it.
fn is_user_password(text: &str) -> bool {
    is_printable(text) && text.contains(':')
}

/// `b64token` of RFC 6750 §2.1.
fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
    !body.is_empty() && text.len() <= CREDENTIAL_LEN_MAX && body.bytes().all(is_allowed)
}

/// Puts in what is new. What is not needed any more stays until [`sweep`], for those whose configuration is not the new one yet.
pub(crate) fn put(conn: &Connection, credentials: &[BotCredential]) -> rusqlite::Result<()> {
    credentials.iter().try_for_each(|credential| secrets::put(conn, credential))
}

/// Takes out all others. `credentials` are sorted, as [`take`] gives them.
pub(crate) fn sweep(conn: &Connection, credentials: &[BotCredential]) -> rusqlite::Result<()> {
    for present in secrets::all(conn)? {
        let key = (&present.tenant, &present.url);
        if credentials.binary_search_by(|wanted| (&wanted.tenant, &wanted.url).cmp(&key)).is_err() {
            secrets::remove(conn, &present.tenant, &present.url)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::telephony::Telephony;

    fn problem(bots: &str) -> String {
        Telephony::parse(&format!("bots = [{bots}]")).unwrap_err().to_string()
    }

    #[test]
    fn credentials_are_read_apart_from_the_bots() {
        let text = r#"bots = [
            { name = "b", url = "wss://h/b", auth = { bearer = "tok-b" } },
            { name = "a", url = "wss://h/a" },
            { name = "c", url = "wss://h/b", auth = { bearer = "tok-b" } },
            { name = "d", url = "wss://h/b", tenant = "acme", auth = { bearer = "tok-d==" } },
        ]"#;
        let telephony = Telephony::parse(text).unwrap();
        let of = |tenant: &str, url: &str, bearer: &str| BotCredential {
            tenant: tenant.into(),
            url: url.into(),
            bearer: bearer.into(),
            ..BotCredential::default()
        };
        let expected = [of("acme", "wss://h/b", "tok-d=="), of("default", "wss://h/b", "tok-b")];
        assert_eq!(telephony.credentials, expected);
        assert_eq!(telephony.bots.len(), 4);
        assert!(!format!("{telephony:?}").contains("tok-"), "not even to be debugged");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_token() {
        let shape = r#"bots[1] "b": auth: use { bearer = "the token that the bot wants to see" }, { basic = "user:password" } or { hmac_secret = "the key of signatures" }"#;
        for auth in
            ["\"tok-secret\"", "{}", "{ token = \"tok-secret\" }", "{ bearer = 5 }", "{ bearer = \"t\", x = 1 }"]
        {
            assert_eq!(problem(&format!("{{ name = \"b\", url = \"ws://h/\", auth = {auth} }}")), shape);
        }
        for token in ["", "=", "tok secret", "tok\\nsecret", "tok-\u{e9}"] {
            let problem = problem(&format!("{{ name = \"b\", url = \"ws://h/\", auth = {{ bearer = \"{token}\" }} }}"));
            assert!(problem.starts_with(r#"bots[1] "b": auth.bearer: use 1 to 4096"#), "{problem}");
        }
        let one = r#"{ name = "a", url = "ws://h/", auth = { bearer = "tok-secret" } }"#;
        for other in ["", ", auth = { bearer = \"tok-other\" }"] {
            let two = problem(&format!("{one}, {{ name = \"b\", url = \"ws://h/\"{other} }}"));
            assert_eq!(two, r#"bots[2] "b": auth: bots[1] "a" has the same url and another auth; a url has one"#);
        }
        // Nor when the file can't be read at all.
        let broken = Telephony::parse("[[bots]]\nauth = { bearer = \"tok-secret\" x\n").unwrap_err().to_string();
        assert!(broken.starts_with("line 2: ") && !broken.contains("tok-secret"), "{broken}");
    }

    #[test]
    fn old_credentials_stay_until_they_are_swept() {
        let conn = Connection::open_in_memory().unwrap();
        secrets::SCHEMA.iter().for_each(|ddl| conn.execute_batch(ddl).unwrap());
        let parsed = |url: &str, token: &str| {
            let text = format!(r#"bots = [{{ name = "b", url = "{url}", auth = {{ bearer = "{token}" }} }}]"#);
            Telephony::parse(&text).unwrap().credentials
        };
        let (first, second) = (parsed("ws://old/", "one"), parsed("ws://new/", "two"));
        put(&conn, &first).unwrap();
        put(&conn, &second).unwrap();
        // Whichever configuration a switch has, its bot gets its own token.
        let bearer = |url: &str| secrets::credential(&conn, "default", url).unwrap().map(|found| found.bearer);
        assert_eq!((bearer("ws://old/").as_deref(), bearer("ws://new/").as_deref()), (Some("one"), Some("two")));
        sweep(&conn, &second).unwrap();
        assert_eq!((bearer("ws://old/"), bearer("ws://new/").as_deref()), (None, Some("two")));
        let before = conn.total_changes();
        put(&conn, &second).unwrap();
        sweep(&conn, &second).unwrap();
        assert_eq!(conn.total_changes(), before);
    }
}
