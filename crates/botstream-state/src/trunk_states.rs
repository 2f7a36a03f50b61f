//! How the trunks are, in the database `config`: written by the trunk-manager that looks after each, read by whoever places calls; and where
//! the trunk-managers speak SIP from, so that botproxies carry it.

use std::net::SocketAddr;

use botstream_api::{TrunkStatus, from_json, trunk_status::State};
use iratdb::rusqlite;
use iratdb::rusqlite::types::Type;
use iratdb::rusqlite::{Connection, Row};

/// A row for each trunk that is looked after. It stays when who wrote it dies, for whoever comes after.
pub(crate) const STATES: &str = "CREATE TABLE trunk_states (
    tenant TEXT NOT NULL,
    trunk TEXT NOT NULL,
    state TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant, trunk)
)";

/// An owned row for each trunk-manager.
pub(crate) const AGENTS: &str = "CREATE TABLE trunk_agents (
    node TEXT NOT NULL PRIMARY KEY,
    sip_udp TEXT NOT NULL
)";

fn read(row: &Row<'_>, column: usize) -> rusqlite::Result<TrunkStatus> {
    let text: String = row.get(column)?;
    from_json(text.as_bytes()).map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(e)))
}

/// How a trunk is; `None`: nobody looks after it.
pub fn get(conn: &Connection, tenant: &str, trunk: &str) -> rusqlite::Result<Option<TrunkStatus>> {
    let sql = "SELECT document FROM trunk_states WHERE tenant = ?1 AND trunk = ?2";
    crate::one(conn, sql, [tenant, trunk], |row| read(row, 0))
}

/// The keys (tenant, trunk) of all rows.
pub fn keys(conn: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = "SELECT tenant, trunk FROM trunk_states ORDER BY tenant, trunk";
    crate::all(conn, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The trunks of a tenant that are down.
pub fn down(conn: &Connection, tenant: &str) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT trunk FROM trunk_states WHERE tenant = ?1 AND state = ?2 ORDER BY trunk";
    crate::all(conn, sql, [tenant, State::Down.as_str_name()], |row| row.get(0))
}

/// Notes how a trunk is; leaves the row alone when it already says so.
pub fn put(conn: &Connection, tenant: &str, trunk: &str, status: &TrunkStatus) -> rusqlite::Result<()> {
    let text = serde_json::to_string(status).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    crate::execute(
        conn,
        "INSERT INTO trunk_states VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (tenant, trunk) DO UPDATE SET state = excluded.state, document = excluded.document
         WHERE document <> excluded.document",
        [tenant, trunk, status.state().as_str_name(), &text],
    )?;
    Ok(())
}

/// Nobody looks after a trunk any more.
pub fn remove(conn: &Connection, tenant: &str, trunk: &str) -> rusqlite::Result<()> {
    crate::execute(conn, "DELETE FROM trunk_states WHERE tenant = ?1 AND trunk = ?2", [tenant, trunk])?;
    Ok(())
}

/// Tells the botproxies where a trunk-manager speaks SIP from, in place of a process that had the same node name and may be dead.
pub fn claim_agent(conn: &Connection, node: &str, sip_udp: SocketAddr) -> rusqlite::Result<()> {
    crate::execute(conn, "INSERT OR REPLACE INTO trunk_agents VALUES (?1, ?2)", [node, &sip_udp.to_string()])?;
    Ok(())
}

/// Where the trunk-managers speak SIP from.
pub fn agents(conn: &Connection) -> rusqlite::Result<Vec<SocketAddr>> {
    let all: Vec<String> = crate::all(conn, "SELECT sip_udp FROM trunk_agents ORDER BY node", [], |row| row.get(0))?;
    Ok(all.iter().filter_map(|text| text.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_come_back_and_those_that_are_down_are_found() {
        let conn = crate::memory(crate::config::SCHEMA);
        let mut status = TrunkStatus { reason: "no answer".into(), ..TrunkStatus::default() };
        status.set_state(State::Down);
        put(&conn, "default", "a", &status).unwrap();
        put(&conn, "acme", "b", &status).unwrap();
        let before = conn.total_changes();
        put(&conn, "default", "a", &status).unwrap();
        assert_eq!(conn.total_changes(), before);
        assert_eq!(get(&conn, "default", "a").unwrap(), Some(status.clone()));
        assert_eq!(down(&conn, "default").unwrap(), ["a"]);
        status.set_state(State::Up);
        put(&conn, "default", "a", &status).unwrap();
        assert!(down(&conn, "default").unwrap().is_empty());
        remove(&conn, "default", "a").unwrap();
        assert_eq!(keys(&conn).unwrap(), [("acme".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn a_trunk_manager_that_is_back_has_its_new_address() {
        let conn = crate::memory(crate::config::SCHEMA);
        for port in [1, 2] {
            claim_agent(&conn, "t-1", SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
        }
        assert_eq!(agents(&conn).unwrap(), ["127.0.0.1:2".parse().unwrap()]);
    }
}
