//! Database `secrets`: credentials, written by the trunk-manager, read by those who use them.
//!
//! A credential belongs to where it is shown, not only to the bot's or the trunk's name: whatever a reader knows of the rest of the
//! configuration at that moment, no credential goes to an address that it was not given for.

use std::fmt;

use iratdb::Options;
use iratdb::rusqlite;
use iratdb::rusqlite::{Connection, Row};

/// Name of the database.
pub const NAME: &str = "secrets";

/// Its tables.
pub const SCHEMA: &[&str] = &[
    "CREATE TABLE bots (
    tenant TEXT NOT NULL,
    url TEXT NOT NULL,
    bearer TEXT NOT NULL,
    basic TEXT NOT NULL,
    secret TEXT NOT NULL,
    PRIMARY KEY (tenant, url)
)",
    "CREATE TABLE trunks (
    tenant TEXT NOT NULL,
    trunk TEXT NOT NULL,
    address TEXT NOT NULL,
    username TEXT NOT NULL,
    password TEXT NOT NULL,
    PRIMARY KEY (tenant, trunk, address)
)",
];

/// How to open it.
pub fn options() -> Options {
    Options::new(NAME).schema(SCHEMA)
}

/// What a switch shows to the bots of a tenant at one URL, or proves that it knows. Empty is none.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BotCredential {
    /// The bots' tenant.
    pub tenant: String,
    /// The bots' URL, as the configuration has it.
    pub url: String,
    /// Bearer token (RFC 6750 §2.1).
    pub bearer: String,
    /// `user:password` (RFC 7617).
    pub basic: String,
    /// Key of signatures; a dialect may send it as its token.
    pub secret: String,
}

impl fmt::Debug for BotCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotCredential").field("tenant", &self.tenant).field("url", &self.url).finish_non_exhaustive()
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<BotCredential> {
    Ok(BotCredential {
        tenant: row.get(0)?,
        url: row.get(1)?,
        bearer: row.get(2)?,
        basic: row.get(3)?,
        secret: row.get(4)?,
    })
}

/// What is shown to a bot of a tenant at this URL.
pub fn credential(conn: &Connection, tenant: &str, url: &str) -> rusqlite::Result<Option<BotCredential>> {
    let sql = "SELECT tenant, url, bearer, basic, secret FROM bots WHERE tenant = ?1 AND url = ?2";
    crate::one(conn, sql, [tenant, url], read)
}

/// All of them.
pub fn all(conn: &Connection) -> rusqlite::Result<Vec<BotCredential>> {
    crate::all(conn, "SELECT tenant, url, bearer, basic, secret FROM bots ORDER BY tenant, url", [], read)
}

/// Inserts a credential or changes it; leaves the row alone when it already says so.
pub fn put(conn: &Connection, credential: &BotCredential) -> rusqlite::Result<()> {
    crate::execute(
        conn,
        "INSERT INTO bots VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (tenant, url) DO UPDATE
         SET bearer = excluded.bearer, basic = excluded.basic, secret = excluded.secret
         WHERE (bearer, basic, secret) <> (excluded.bearer, excluded.basic, excluded.secret)",
        [&credential.tenant, &credential.url, &credential.bearer, &credential.basic, &credential.secret],
    )?;
    Ok(())
}

/// Removes a credential; whether it was there.
pub fn remove(conn: &Connection, tenant: &str, url: &str) -> rusqlite::Result<bool> {
    Ok(crate::execute(conn, "DELETE FROM bots WHERE tenant = ?1 AND url = ?2", [tenant, url])? > 0)
}

/// What answers the challenges of a trunk at one address (RFC 3261 §22).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrunkCredential {
    /// The trunk's tenant.
    pub tenant: String,
    /// The trunk's name.
    pub trunk: String,
    /// `host:port`, as the trunk has it.
    pub address: String,
    /// User name.
    pub username: String,
    /// Password, in clear: each algorithm makes another hash of it.
    pub password: String,
}

impl fmt::Debug for TrunkCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrunkCredential")
            .field("tenant", &self.tenant)
            .field("trunk", &self.trunk)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

fn read_of_trunk(row: &Row<'_>) -> rusqlite::Result<TrunkCredential> {
    Ok(TrunkCredential {
        tenant: row.get(0)?,
        trunk: row.get(1)?,
        address: row.get(2)?,
        username: row.get(3)?,
        password: row.get(4)?,
    })
}

/// What answers the challenges of a trunk at this address.
pub fn of_trunk(
    conn: &Connection,
    tenant: &str,
    trunk: &str,
    address: &str,
) -> rusqlite::Result<Option<TrunkCredential>> {
    let sql = "SELECT tenant, trunk, address, username, password FROM trunks
         WHERE tenant = ?1 AND trunk = ?2 AND address = ?3";
    crate::one(conn, sql, [tenant, trunk, address], read_of_trunk)
}

/// Those of all trunks.
pub fn all_of_trunks(conn: &Connection) -> rusqlite::Result<Vec<TrunkCredential>> {
    let sql = "SELECT tenant, trunk, address, username, password FROM trunks ORDER BY tenant, trunk, address";
    crate::all(conn, sql, [], read_of_trunk)
}

/// Inserts a trunk's credential or changes it; leaves the row alone when it already says so.
pub fn put_of_trunk(conn: &Connection, credential: &TrunkCredential) -> rusqlite::Result<()> {
    crate::execute(
        conn,
        "INSERT INTO trunks VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (tenant, trunk, address) DO UPDATE
         SET username = excluded.username, password = excluded.password
         WHERE (username, password) <> (excluded.username, excluded.password)",
        [&credential.tenant, &credential.trunk, &credential.address, &credential.username, &credential.password],
    )?;
    Ok(())
}

/// Removes a trunk's credential; whether it was there.
pub fn remove_of_trunk(conn: &Connection, tenant: &str, trunk: &str, address: &str) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM trunks WHERE tenant = ?1 AND trunk = ?2 AND address = ?3";
    Ok(crate::execute(conn, sql, [tenant, trunk, address])? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunks_credential_is_for_one_address_and_is_not_shown() {
        let conn = crate::memory(SCHEMA);
        let given = TrunkCredential {
            tenant: "default".into(),
            trunk: "carrier".into(),
            address: "h:5060".into(),
            username: "u".into(),
            password: "the-password".into(),
        };
        put_of_trunk(&conn, &TrunkCredential { password: "older".into(), ..given.clone() }).unwrap();
        put_of_trunk(&conn, &given).unwrap();
        let before = conn.total_changes();
        put_of_trunk(&conn, &given).unwrap();
        assert_eq!(conn.total_changes(), before);
        assert_eq!(of_trunk(&conn, "default", "carrier", "h:5060").unwrap(), Some(given.clone()));
        assert_eq!(of_trunk(&conn, "default", "carrier", "other:5060").unwrap(), None);
        assert_eq!(of_trunk(&conn, "acme", "carrier", "h:5060").unwrap(), None);
        assert_eq!(all_of_trunks(&conn).unwrap(), std::slice::from_ref(&given));
        assert!(!format!("{given:?}").contains("the-password"));
        assert!(remove_of_trunk(&conn, "default", "carrier", "h:5060").unwrap());
        assert!(!remove_of_trunk(&conn, "default", "carrier", "h:5060").unwrap());
    }

    fn credential(tenant: &str, url: &str, bearer: &str) -> BotCredential {
        BotCredential { tenant: tenant.into(), url: url.into(), bearer: bearer.into(), ..BotCredential::default() }
    }

    #[test]
    fn a_credential_is_for_one_tenant_and_one_url() {
        let conn = crate::memory(SCHEMA);
        put(&conn, &credential("default", "wss://a/", "first")).unwrap();
        put(&conn, &credential("default", "wss://a/", "token")).unwrap();
        put(&conn, &credential("acme", "wss://a/", "other")).unwrap();
        let of = |tenant: &str, url: &str| super::credential(&conn, tenant, url).unwrap().map(|found| found.bearer);
        assert_eq!(of("default", "wss://a/").as_deref(), Some("token"));
        assert_eq!(of("acme", "wss://a/").as_deref(), Some("other"));
        assert_eq!(of("default", "wss://a/b"), None);
        assert_eq!(all(&conn).unwrap().len(), 2);
        assert!(remove(&conn, "acme", "wss://a/").unwrap());
        assert!(!remove(&conn, "acme", "wss://a/").unwrap());
    }

    #[test]
    fn an_unchanged_credential_writes_nothing_and_none_is_shown() {
        let conn = crate::memory(SCHEMA);
        let shown = credential("default", "wss://a/", "token-of-the-bot");
        put(&conn, &shown).unwrap();
        let before = conn.total_changes();
        put(&conn, &shown).unwrap();
        assert_eq!(conn.total_changes(), before);
        assert!(!format!("{shown:?}").contains("token-of-the-bot"));
    }
}
