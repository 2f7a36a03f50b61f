//! Database `cluster`: every running instance of every service, one owned row each, written by its chassis.

use botstream_api::node::State;
use botstream_api::{Node, NodeListRequest, timestamp_from_ms};
use iratdb::rusqlite;
use iratdb::rusqlite::{Connection, Row, named_params};
use iratdb::{Options, TableOptions};

/// Name of the database.
pub const NAME: &str = "cluster";

/// Its tables.
pub const SCHEMA: &[&str] = &["CREATE TABLE instances (
    instance_id TEXT NOT NULL PRIMARY KEY,
    service TEXT NOT NULL,
    node TEXT NOT NULL,
    zone TEXT NOT NULL,
    version TEXT NOT NULL,
    admin_addr TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    state TEXT NOT NULL
)"];

/// How to open it.
pub fn options() -> Options {
    Options::new(NAME).schema(SCHEMA).table("instances", TableOptions::default().owned())
}

/// A row of `instances`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceRow {
    /// ULID of the process.
    pub instance_id: String,
    /// Name of the service, e.g. `media-switch`.
    pub service: String,
    /// Name of the node; unique within the cluster.
    pub node: String,
    /// Failure zone; may be empty.
    pub zone: String,
    /// Version of the software.
    pub version: String,
    /// `host:port` of health and metrics.
    pub admin_addr: String,
    /// When it started, ms since 1970.
    pub started_ms: i64,
    /// Starting, ready or draining.
    pub state: State,
}

const COLUMNS: &str = "instance_id, service, node, zone, version, admin_addr, started_ms, state";

impl InstanceRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let state: String = row.get(7)?;
        Ok(Self {
            instance_id: row.get(0)?,
            service: row.get(1)?,
            node: row.get(2)?,
            zone: row.get(3)?,
            version: row.get(4)?,
            admin_addr: row.get(5)?,
            started_ms: row.get(6)?,
            state: State::from_str_name(&state).unwrap_or_default(),
        })
    }
}

impl From<InstanceRow> for Node {
    fn from(row: InstanceRow) -> Self {
        Self {
            node: row.node,
            service: row.service,
            instance_id: row.instance_id,
            zone: row.zone,
            version: row.version,
            state: row.state.into(),
            admin_addr: row.admin_addr,
            started_at: Some(timestamp_from_ms(row.started_ms)),
        }
    }
}

/// Inserts an instance, or updates its state.
pub fn put(conn: &Connection, row: &InstanceRow) -> rusqlite::Result<()> {
    crate::execute(
        conn,
        "INSERT INTO instances VALUES (:instance_id, :service, :node, :zone, :version, :admin_addr, :started_ms, :state)
         ON CONFLICT (instance_id) DO UPDATE SET state = excluded.state",
        named_params! {
            ":instance_id": row.instance_id, ":service": row.service, ":node": row.node, ":zone": row.zone,
            ":version": row.version, ":admin_addr": row.admin_addr, ":started_ms": row.started_ms,
            ":state": row.state.as_str_name(),
        },
    )?;
    Ok(())
}

/// Instances that a request asks for, by service and node.
pub fn list(conn: &Connection, filter: &NodeListRequest) -> rusqlite::Result<Vec<InstanceRow>> {
    let state = match filter.state() {
        State::Unspecified => "",
        state => state.as_str_name(),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM instances WHERE (?1 = '' OR service = ?1) AND (?2 = '' OR state = ?2)
         ORDER BY service, node, instance_id"
    );
    crate::all(conn, &sql, (&filter.service, state), InstanceRow::read)
}

/// The instance that runs a node.
pub fn by_node(conn: &Connection, node: &str) -> rusqlite::Result<Option<InstanceRow>> {
    // Should two processes have been given one name, the newer one is meant.
    let sql = format!("SELECT {COLUMNS} FROM instances WHERE node = ?1 ORDER BY started_ms DESC LIMIT 1");
    crate::one(conn, &sql, [node], InstanceRow::read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_listed_by_service_and_state() {
        let conn = crate::memory(SCHEMA);
        let mut row = InstanceRow {
            instance_id: "1".into(),
            service: "dialer".into(),
            node: "d-1".into(),
            zone: String::new(),
            version: "0.1.0".into(),
            admin_addr: "127.0.0.1:1".into(),
            started_ms: 5,
            state: State::Starting,
        };
        put(&conn, &row).unwrap();
        row.state = State::Ready;
        put(&conn, &row).unwrap();
        let ready = |service: &str| {
            let mut request = NodeListRequest { service: service.into(), ..Default::default() };
            request.set_state(State::Ready);
            list(&conn, &request).unwrap().len()
        };
        assert_eq!((ready(""), ready("dialer"), ready("botproxy")), (1, 1, 0));
        assert_eq!(by_node(&conn, "d-1").unwrap(), Some(row));
        assert_eq!(by_node(&conn, "d-2").unwrap(), None);
    }
}
