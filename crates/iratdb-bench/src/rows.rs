//! The SQL that all sides run.

use iratdb::rusqlite::{Connection, Result, params};

/// The table.
pub(crate) const DDL: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, state TEXT, n INTEGER)";

/// A plain in-memory SQLite with so many rows.
pub(crate) fn plain(rows: i64) -> Result<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(DDL)?;
    connection.execute_batch("BEGIN")?;
    insert(&connection, 0, rows)?;
    connection.execute_batch("COMMIT")?;
    Ok(connection)
}

/// Inserts rows `from` to `to`, exclusive.
pub(crate) fn insert(c: &Connection, from: i64, to: i64) -> Result<()> {
    let mut insert = c.prepare_cached("INSERT INTO t VALUES (?1, ?2, 'ringing', 0)")?;
    (from..to).try_for_each(|id| insert.execute(params![id, format!("caller number {id}")]).map(drop))
}

/// Sets one row's number.
pub(crate) fn update(c: &Connection, id: i64, n: i64) -> Result<()> {
    c.prepare_cached("UPDATE t SET n = ?2 WHERE id = ?1")?.execute([id, n]).map(drop)
}

/// The same as a transaction of its own, where nobody else begins and ends it.
pub(crate) fn update_in_transaction(c: &Connection, id: i64, n: i64) -> Result<()> {
    c.prepare_cached("BEGIN")?.execute(())?;
    update(c, id, n)?;
    c.prepare_cached("COMMIT")?.execute(()).map(drop)
}

/// A row's number.
pub(crate) fn select(c: &Connection, id: i64) -> Result<i64> {
    c.prepare_cached("SELECT n FROM t WHERE id = ?1")?.query_row([id], |row| row.get(0))
}

/// How many rows there are.
pub(crate) fn count(c: &Connection) -> Result<i64> {
    c.prepare_cached("SELECT count(*) FROM t")?.query_row((), |row| row.get(0))
}

/// Writes a hundred rows from `first` on, whether they are there or not. Ids go round at `rows`.
pub(crate) fn upsert_hundred(c: &Connection, rows: i64, first: i64, n: i64) -> Result<()> {
    let sql = "INSERT INTO t VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO UPDATE SET name = excluded.name, state = excluded.state, n = excluded.n";
    let mut upsert = c.prepare_cached(sql)?;
    for id in first..first + 100 {
        let state = if (n + id) % 2 == 0 { "answered" } else { "ringing" };
        upsert.execute(params![scattered(id, rows), format!("caller {n}"), state, n])?;
    }
    Ok(())
}

/// Goes over all rows, neighbours far apart.
pub(crate) fn scattered(n: i64, rows: i64) -> i64 {
    n.wrapping_mul(7_919).rem_euclid(rows)
}
