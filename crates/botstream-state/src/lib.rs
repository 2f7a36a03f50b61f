//! The databases that the services share: their tables, and typed queries on them.
//!
//! The one place that knows the tables. One module per database; each has `SCHEMA`, `options()` for opening it
//! through the chassis, row types, and queries that take a plain SQLite connection, so that they run inside
//! `IraTdb::read` and `IraTdb::write` alike. Nothing here waits, and nothing keeps state. [`rights`] says who reads and who writes
//! which.

pub mod calls;
pub mod cluster;
pub mod config;
pub mod dialing;
pub mod home;
pub mod load;
pub mod rights;
pub mod secrets;
pub mod trunk_states;

use iratdb::Options;
use iratdb::rusqlite;
use iratdb::rusqlite::Connection;

/// How to open a database that is known by its name only.
pub fn options(database: &str) -> Option<Options> {
    match database {
        calls::NAME => Some(calls::options()),
        cluster::NAME => Some(cluster::options()),
        config::NAME => Some(config::options()),
        dialing::NAME => Some(dialing::options()),
        load::NAME => Some(load::options()),
        secrets::NAME => Some(secrets::options()),
        _ => None,
    }
}

/// Runs a query that yields at most one row.
fn one<T>(
    conn: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    use iratdb::rusqlite::OptionalExtension;
    conn.prepare_cached(sql)?.query_row(params, read).optional()
}

/// Runs a query and collects its rows.
fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map(params, read)?.collect()
}

/// Runs a statement; says how many rows it changed.
fn execute(conn: &Connection, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<usize> {
    conn.prepare_cached(sql)?.execute(params)
}

#[cfg(test)]
fn memory(schema: &[&str]) -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    for ddl in schema {
        conn.execute_batch(ddl).unwrap();
    }
    conn
}
