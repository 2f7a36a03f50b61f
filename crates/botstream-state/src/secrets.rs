//! Database `secrets`: credentials, written by the trunk-manager, read by those who use them.
//!
//! A credential belongs to where it is shown, not to the bot's name: whatever a reader knows of the rest of the configuration at that
//! moment, no credential goes to an address that it was not given for.

use std::fmt;

use iratdb::Options;
use iratdb::rusqlite;
use iratdb::rusqlite::{Connection, Row};

/// Name of the database.
pub const NAME: &str = "secrets";

/// Its tables.
pub const SCHEMA: &[&str] = &["CREATE TABLE bots (
    tenant TEXT NOT NULL,
    url TEXT NOT NULL,
    bearer TEXT NOT NULL,
    basic TEXT NOT NULL,
    secret TEXT NOT NULL,
    PRIMARY KEY (tenant, url)
)"];

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

#[cfg(test)]
mod tests {
    use super::*;

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
