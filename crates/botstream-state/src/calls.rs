//! Database `calls`: every live call of the cluster, one owned row each, written by its media switch.

use botstream_api::call::{Direction, State};
use botstream_api::{Call, CallListRequest, timestamp_from_ms};
use iratdb::rusqlite;
use iratdb::rusqlite::{Connection, Row, named_params};
use iratdb::{Options, TableOptions};

/// Name of the database.
pub const NAME: &str = "calls";

/// Its tables.
pub const SCHEMA: &[&str] = &["CREATE TABLE calls (
    call_id TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    node TEXT NOT NULL,
    direction TEXT NOT NULL,
    state TEXT NOT NULL,
    from_uri TEXT NOT NULL,
    to_uri TEXT NOT NULL,
    trunk TEXT NOT NULL,
    bot_url TEXT NOT NULL,
    sip_call_id TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    answered_ms INTEGER
)"];

/// How to open it.
pub fn options() -> Options {
    Options::new(NAME).schema(SCHEMA).table("calls", TableOptions::default().owned())
}

/// A row of `calls`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRow {
    /// `<node>-<ULID>`.
    pub call_id: String,
    /// Whose call it is.
    pub tenant: String,
    /// The media switch that owns it.
    pub node: String,
    /// Inbound or outbound.
    pub direction: Direction,
    /// How far it is.
    pub state: State,
    /// Calling number or URI.
    pub from_uri: String,
    /// Called number or URI.
    pub to_uri: String,
    /// Name of the trunk.
    pub trunk: String,
    /// Where it is streamed to; empty before the route is known.
    pub bot_url: String,
    /// Call-ID of the SIP dialog with the trunk.
    pub sip_call_id: String,
    /// When it began, ms since 1970.
    pub created_ms: i64,
    /// When it was answered, ms since 1970.
    pub answered_ms: Option<i64>,
}

const COLUMNS: &str =
    "call_id, tenant, node, direction, state, from_uri, to_uri, trunk, bot_url, sip_call_id, created_ms, answered_ms";

impl CallRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let direction: String = row.get(3)?;
        let state: String = row.get(4)?;
        Ok(Self {
            call_id: row.get(0)?,
            tenant: row.get(1)?,
            node: row.get(2)?,
            // Values of a later version are carried as unspecified, not refused: the row is another process's.
            direction: Direction::from_str_name(&direction).unwrap_or_default(),
            state: State::from_str_name(&state).unwrap_or_default(),
            from_uri: row.get(5)?,
            to_uri: row.get(6)?,
            trunk: row.get(7)?,
            bot_url: row.get(8)?,
            sip_call_id: row.get(9)?,
            created_ms: row.get(10)?,
            answered_ms: row.get(11)?,
        })
    }
}

impl From<CallRow> for Call {
    fn from(row: CallRow) -> Self {
        Self {
            call_id: row.call_id,
            tenant: row.tenant,
            node: row.node,
            direction: row.direction.into(),
            state: row.state.into(),
            from: row.from_uri,
            to: row.to_uri,
            trunk: row.trunk,
            bot_url: row.bot_url,
            sip_call_id: row.sip_call_id,
            created_at: Some(timestamp_from_ms(row.created_ms)),
            answered_at: row.answered_ms.map(timestamp_from_ms),
            // Not in the table: the owner has them.
            vars: Default::default(),
        }
    }
}

/// Inserts a call, or updates what has changed of it.
pub fn put(conn: &Connection, row: &CallRow) -> rusqlite::Result<()> {
    let changed = crate::execute(
        conn,
        "INSERT INTO calls VALUES (:call_id, :tenant, :node, :direction, :state, :from_uri, :to_uri, :trunk, :bot_url,
             :sip_call_id, :created_ms, :answered_ms)
         ON CONFLICT (call_id) DO UPDATE SET state = excluded.state, from_uri = excluded.from_uri,
             to_uri = excluded.to_uri, trunk = excluded.trunk, bot_url = excluded.bot_url,
             sip_call_id = excluded.sip_call_id, answered_ms = excluded.answered_ms",
        named_params! {
            ":call_id": row.call_id, ":tenant": row.tenant, ":node": row.node,
            ":direction": row.direction.as_str_name(), ":state": row.state.as_str_name(),
            ":from_uri": row.from_uri, ":to_uri": row.to_uri, ":trunk": row.trunk, ":bot_url": row.bot_url,
            ":sip_call_id": row.sip_call_id, ":created_ms": row.created_ms, ":answered_ms": row.answered_ms,
        },
    )?;
    debug_assert_eq!(changed, 1);
    Ok(())
}

/// Removes a call; whether it was there.
pub fn remove(conn: &Connection, call_id: &str) -> rusqlite::Result<bool> {
    Ok(crate::execute(conn, "DELETE FROM calls WHERE call_id = ?1", [call_id])? > 0)
}

/// One call.
pub fn get(conn: &Connection, call_id: &str) -> rusqlite::Result<Option<CallRow>> {
    let sql = format!("SELECT {COLUMNS} FROM calls WHERE call_id = ?1");
    crate::one(conn, &sql, [call_id], CallRow::read)
}

/// Whose trunk a call is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallTrunk {
    /// The call.
    pub call_id: String,
    /// Whose call it is.
    pub tenant: String,
    /// Name of the trunk.
    pub trunk: String,
}

/// Every call with its trunk.
pub fn trunks(conn: &Connection) -> rusqlite::Result<Vec<CallTrunk>> {
    crate::all(conn, "SELECT call_id, tenant, trunk FROM calls", [], |row| {
        Ok(CallTrunk { call_id: row.get(0)?, tenant: row.get(1)?, trunk: row.get(2)? })
    })
}

/// How many calls one node has.
pub fn count_on(conn: &Connection, node: &str) -> rusqlite::Result<u32> {
    let count = crate::one(conn, "SELECT count(*) FROM calls WHERE node = ?1", [node], |row| row.get(0))?;
    Ok(count.unwrap_or(0))
}

/// Most calls in one reply.
pub const LIMIT_MAX: u32 = 1_000;

/// Calls in one reply when the request does not say.
pub const LIMIT_DEFAULT: u32 = 100;

/// One page of a tenant's calls in the order of their ids, and the cursor of the next page (empty: it was the last).
pub fn list(conn: &Connection, tenant: &str, filter: &CallListRequest) -> rusqlite::Result<(Vec<CallRow>, String)> {
    let limit = match filter.limit {
        0 => LIMIT_DEFAULT,
        limit => limit.min(LIMIT_MAX),
    };
    let state = match filter.state() {
        State::Unspecified => "",
        state => state.as_str_name(),
    };
    let direction = match filter.direction() {
        Direction::Unspecified => "",
        direction => direction.as_str_name(),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM calls
         WHERE tenant = :tenant AND call_id > :cursor AND (:state = '' OR state = :state)
             AND (:direction = '' OR direction = :direction) AND (:trunk = '' OR trunk = :trunk)
             AND (:node = '' OR node = :node)
         ORDER BY call_id LIMIT :rows"
    );
    let mut rows = crate::all(
        conn,
        &sql,
        named_params! {
            ":tenant": tenant, ":cursor": filter.cursor, ":state": state, ":direction": direction,
            ":trunk": filter.trunk, ":node": filter.node,
            // One more than asked for tells whether there is another page.
            ":rows": i64::from(limit) + 1,
        },
        CallRow::read,
    )?;
    let mut cursor = String::new();
    if rows.len() > limit as usize {
        rows.truncate(limit as usize);
        cursor = rows.last().map(|row| row.call_id.clone()).unwrap_or_default();
    }
    Ok((rows, cursor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: u32) -> CallRow {
        CallRow {
            call_id: format!("sw-1-{n:03}"),
            tenant: "default".into(),
            node: if n.is_multiple_of(2) { "sw-1" } else { "sw-2" }.into(),
            direction: Direction::Inbound,
            state: State::Ringing,
            from_uri: "+1".into(),
            to_uri: "+2".into(),
            trunk: "t".into(),
            bot_url: String::new(),
            sip_call_id: "x".into(),
            created_ms: 1_000,
            answered_ms: None,
        }
    }

    #[test]
    fn a_call_is_put_updated_and_removed() {
        let conn = crate::memory(SCHEMA);
        let mut call = row(1);
        put(&conn, &call).unwrap();
        call.state = State::Answered;
        call.answered_ms = Some(2_000);
        put(&conn, &call).unwrap();
        assert_eq!(get(&conn, &call.call_id).unwrap(), Some(call.clone()));
        assert_eq!(count_on(&conn, "sw-2").unwrap(), 1);
        assert!(remove(&conn, &call.call_id).unwrap());
        assert!(!remove(&conn, &call.call_id).unwrap());
        assert_eq!(get(&conn, &call.call_id).unwrap(), None);
    }

    #[test]
    fn pages_hold_every_call_once() {
        let conn = crate::memory(SCHEMA);
        for n in 0..25 {
            put(&conn, &row(n)).unwrap();
        }
        let mut request = CallListRequest { limit: 10, ..Default::default() };
        let mut seen = Vec::new();
        loop {
            let (rows, cursor) = list(&conn, "default", &request).unwrap();
            seen.extend(rows.into_iter().map(|row| row.call_id));
            if cursor.is_empty() {
                break;
            }
            request.cursor = cursor;
        }
        let expected: Vec<_> = (0..25).map(|n| row(n).call_id).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn filters_combine_and_tenants_are_apart() {
        let conn = crate::memory(SCHEMA);
        for n in 0..10 {
            put(&conn, &row(n)).unwrap();
        }
        let mut request = CallListRequest { node: "sw-1".into(), ..Default::default() };
        request.set_state(State::Ringing);
        assert_eq!(list(&conn, "default", &request).unwrap().0.len(), 5);
        assert_eq!(list(&conn, "acme", &request).unwrap().0.len(), 0);
        request.set_state(State::Answered);
        assert_eq!(list(&conn, "default", &request).unwrap().0.len(), 0);
    }
}
