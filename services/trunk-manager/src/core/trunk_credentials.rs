//! The trunks' credentials: user name and password that answer a carrier's challenges. They are in the file with the trunks, and go to
//! the database `secrets` only.

use botstream_api::subjects;
use botstream_state::secrets::{self, TrunkCredential};
use iratdb::rusqlite;
use iratdb::rusqlite::Connection;

use crate::core::credentials::is_printable;
use crate::core::telephony::Findings;

/// Takes `auth` out of each trunk: one credential for each address of the trunk that it may be shown at. `place` names a trunk in a
/// finding; no finding shows a password.
pub(crate) fn take(
    trunks: &mut [toml::Value],
    place: impl Fn(usize, &toml::Value) -> String,
    findings: &mut Findings,
) -> Vec<TrunkCredential> {
    let mut credentials = Vec::new();
    for (index, trunk) in trunks.iter_mut().enumerate() {
        let place = place(index, trunk);
        let Some(auth) = trunk.as_table_mut().and_then(|table| table.remove("auth")) else { continue };
        let (username, password) = match read(&auth) {
            Ok(read) => read,
            Err(problem) => {
                findings.add(&place, problem);
                continue;
            }
        };
        let text = |key: &str| trunk.get(key).and_then(toml::Value::as_str).filter(|text| !text.is_empty());
        let addresses = addresses(trunk);
        if addresses.is_empty() {
            findings.add(&place, "auth: answers challenges of the peer or a registrar, and there is none");
        }
        credentials.extend(addresses.into_iter().map(|address| TrunkCredential {
            tenant: text("tenant").unwrap_or(subjects::DEFAULT_TENANT).to_owned(),
            trunk: text("name").unwrap_or_default().to_owned(),
            address,
            username: username.clone(),
            password: password.clone(),
        }));
    }
    credentials.sort();
    credentials
}

/// Where a trunk's requests go, and so where its credentials may be shown.
fn addresses(trunk: &toml::Value) -> Vec<String> {
    let registrars = trunk.get("registration").and_then(|registration| registration.get("registrars"));
    let registrars = registrars.and_then(toml::Value::as_array).into_iter().flatten();
    let all = trunk.get("peer").into_iter().chain(registrars).filter_map(toml::Value::as_str);
    let mut addresses: Vec<_> = all.filter(|text| !text.is_empty()).map(str::to_owned).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

fn read(auth: &toml::Value) -> Result<(String, String), &'static str> {
    const SHAPE: &str = "auth: use { username = \"…\", password = \"…\" }";
    let table = auth.as_table().ok_or(SHAPE)?;
    let text = |key: &str| table.get(key).and_then(toml::Value::as_str).ok_or(SHAPE);
    let (username, password) = (text("username")?, text("password")?);
    if table.len() != 2 {
        return Err(SHAPE);
    }
    if username.is_empty() || !is_printable(username) || username.contains(':') {
        return Err("auth.username: use 1 to 4096 bytes without colons and control characters");
    }
    if password.is_empty() || !is_printable(password) {
        return Err("auth.password: use 1 to 4096 bytes without control characters");
    }
    Ok((username.to_owned(), password.to_owned()))
}

/// Puts in what is new. What is not needed any more stays until [`sweep`].
pub(crate) fn put(conn: &Connection, credentials: &[TrunkCredential]) -> rusqlite::Result<()> {
    credentials.iter().try_for_each(|credential| secrets::put_of_trunk(conn, credential))
}

/// Takes out all others.
pub(crate) fn sweep(conn: &Connection, credentials: &[TrunkCredential]) -> rusqlite::Result<()> {
    for present in secrets::all_of_trunks(conn)? {
        let is_wanted = |wanted: &TrunkCredential| {
            (&wanted.tenant, &wanted.trunk, &wanted.address) == (&present.tenant, &present.trunk, &present.address)
        };
        if !credentials.iter().any(is_wanted) {
            secrets::remove_of_trunk(conn, &present.tenant, &present.trunk, &present.address)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::telephony::Telephony;

    fn problem(trunk: &str) -> String {
        Telephony::parse(&format!("trunks = [{{ name = \"a\", {trunk} }}]")).unwrap_err().to_string()
    }

    #[test]
    fn credentials_are_read_apart_from_the_trunks() {
        let text = r#"trunks = [
            { name = "a", peer = "h:5060", auth = { username = "u", password = "pw-secret" } },
            { name = "b", peer = "h:5060", tenant = "acme" },
        ]"#;
        let telephony = Telephony::parse(text).unwrap();
        let expected = TrunkCredential {
            tenant: "default".into(),
            trunk: "a".into(),
            address: "h:5060".into(),
            username: "u".into(),
            password: "pw-secret".into(),
        };
        assert_eq!((telephony.trunks.len(), &telephony.trunk_credentials[..]), (2, &[expected][..]));
        assert!(!format!("{telephony:?}").contains("pw-secret"));
    }

    #[test]
    fn registrars_are_shown_them_too() {
        let text = r#"trunks = [{ name = "a", peer = "h:1", registration = { user = "u", registrars = ["r1:1", "h:1", "r2:1"] },
            auth = { username = "u", password = "p" } }]"#;
        let credentials = Telephony::parse(&text.replace('\n', " ")).unwrap().trunk_credentials;
        let addresses: Vec<_> = credentials.iter().map(|credential| credential.address.as_str()).collect();
        assert_eq!(addresses, ["h:1", "r1:1", "r2:1"]);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        let shape = r#"trunks[1] "a": auth: use { username = "…", password = "…" }"#;
        for auth in [
            "\"pw-secret\"",
            "{}",
            "{ username = \"u\" }",
            "{ username = \"u\", password = 5 }",
            "{ username = \"u\", password = \"pw-secret\", realm = \"r\" }",
        ] {
            assert_eq!(problem(&format!("peer = \"h:1\", auth = {auth}")), shape);
        }
        let of = |username: &str, password: &str| {
            problem(&format!("peer = \"h:1\", auth = {{ username = \"{username}\", password = \"{password}\" }}"))
        };
        assert!(of("a:b", "pw-secret").starts_with(r#"trunks[1] "a": auth.username: use 1 to 4096"#));
        assert!(of("u", "").starts_with(r#"trunks[1] "a": auth.password: use 1 to 4096"#));
        assert_eq!(
            problem("addresses = [\"10.0.0.1\"], auth = { username = \"u\", password = \"pw-secret\" }"),
            r#"trunks[1] "a": auth: answers challenges of the peer or a registrar, and there is none"#
        );
    }

    #[test]
    fn old_credentials_stay_until_they_are_swept() {
        let conn = Connection::open_in_memory().unwrap();
        secrets::SCHEMA.iter().for_each(|ddl| conn.execute_batch(ddl).unwrap());
        let of = |peer: &str| {
            let auth = "auth = { username = \"u\", password = \"p\" }";
            let text = format!("trunks = [{{ name = \"a\", peer = \"{peer}\", {auth} }}]");
            Telephony::parse(&text).unwrap().trunk_credentials
        };
        let (first, second) = (of("old:1"), of("new:1"));
        put(&conn, &first).unwrap();
        put(&conn, &second).unwrap();
        let is_there = |peer: &str| secrets::of_trunk(&conn, "default", "a", peer).unwrap().is_some();
        assert!(is_there("old:1") && is_there("new:1"));
        sweep(&conn, &second).unwrap();
        assert!(!is_there("old:1") && is_there("new:1"));
    }
}
