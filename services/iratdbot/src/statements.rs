//! SQL of clients, run on a handle's replica. Blocking: for threads that may block.

use botstream_api::{Error, ErrorCode};
use iratdb::rusqlite::{self, Connection, ErrorCode as SqliteCode, params_from_iter};
use iratdb::{Commit, IraTdb};
use serde_json::{Value as Json, json};

use crate::cursors::{KEPT_BYTES_MAX, ResultSet};
use crate::value;

/// Statements of one transaction.
pub(crate) const BATCH_MAX: usize = 10_000;

/// A statement and what is bound to it.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) sql: String,
    pub(crate) params: Vec<rusqlite::types::Value>,
}

impl Bound {
    pub(crate) fn new(sql: String, params: Vec<Json>, field: &str) -> Result<Self, Error> {
        let bound = |(index, param)| value::from_json(param, &format!("{field}.{index}"));
        let params = params.into_iter().enumerate().map(bound).collect::<Result<_, _>>()?;
        Ok(Self { sql, params })
    }
}

/// What a transaction has done.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) changes: u64,
    pub(crate) last_insert_rowid: i64,
}

/// Runs statements in one transaction: all of them, or none.
pub(crate) fn exec(db: &IraTdb, statements: &[Bound]) -> Result<Commit<Outcome>, Error> {
    let mut at = 0;
    let committed = db.write(|connection| {
        let mut outcome = Outcome::default();
        for (index, statement) in statements.iter().enumerate() {
            at = index;
            outcome.changes += exec_one(connection, statement)?;
        }
        outcome.last_insert_rowid = connection.last_insert_rowid();
        Ok(outcome)
    });
    committed.map_err(|error| {
        let error = refusal(error);
        if statements.len() > 1 { error.field(format!("batch.{at}.sql")) } else { error }
    })
}

fn exec_one(connection: &Connection, statement: &Bound) -> rusqlite::Result<u64> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let is_change = !prepared.readonly();
    let mut rows = prepared.query(params_from_iter(&statement.params))?;
    // What RETURNING or a SELECT gives is not asked for here.
    while rows.next()?.is_some() {}
    Ok(if is_change { connection.changes() } else { 0 })
}

/// Runs a query and takes its whole result.
pub(crate) fn query(db: &IraTdb, statement: &Bound) -> Result<ResultSet, Error> {
    let read = db.read(|connection| {
        let mut prepared = connection.prepare_cached(&statement.sql)?;
        let columns: Vec<String> = prepared.column_names().map(str::to_owned).collect();
        let count = columns.len();
        let mut result = ResultSet::new(columns);
        let mut rows = prepared.query(params_from_iter(&statement.params))?;
        while let Some(row) = rows.next()? {
            let values = (0..count).map(|column| row.get_ref(column).map(value::to_json));
            if result.push(values.collect::<rusqlite::Result<_>>()?) > KEPT_BYTES_MAX {
                return Ok(Err(()));
            }
        }
        Ok(Ok(result))
    });
    read.map_err(refusal)?.map_err(|()| {
        let sentence = format!("the result has more than {KEPT_BYTES_MAX} bytes: ask for less, by WHERE or LIMIT");
        Error::invalid("sql", sentence)
    })
}

/// What an error of the database is to a client.
pub(crate) fn refusal(error: iratdb::Error) -> Error {
    use iratdb::Error as Db;
    let sentence = error.to_string();
    match &error {
        Db::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) => match failure.code {
            SqliteCode::OperationInterrupted => {
                let sentence = "the statement took longer, or more memory, than this service allows (its flags statement-time and \
                                statement-memory-mib)";
                Error::new(ErrorCode::Timeout, sentence).field("sql")
            }
            SqliteCode::AuthorizationForStatementDenied | SqliteCode::ReadOnly => {
                Error::new(ErrorCode::Forbidden, format!("{sentence}: not allowed here")).field("sql")
            }
            SqliteCode::SystemIoFailure | SqliteCode::OutOfMemory | SqliteCode::DatabaseCorrupt => {
                Error::internal(sentence)
            }
            _ => Error::invalid("sql", sentence),
        },
        Db::Sqlite(_)
        | Db::RowTooLarge { .. }
        | Db::TransactionTooLarge { .. }
        | Db::RolledBack
        | Db::NotANumber { .. }
        | Db::TooManyCounting { .. } => Error::invalid("sql", sentence),
        Db::ClockWentBack => Error::new(ErrorCode::WrongState, sentence),
        Db::NotOwner { .. } => Error::new(ErrorCode::Forbidden, sentence),
        Db::NoSuchTable { .. } => Error::new(ErrorCode::NotFound, sentence).field("table"),
        Db::Schema { .. } => Error::invalid("schema", sentence),
        Db::SchemaMismatch { .. } => Error::new(ErrorCode::WrongState, sentence).field("schema"),
        Db::Option { option, .. } => Error::invalid(*option, sentence),
        Db::NotReplicated { .. } => Error::new(ErrorCode::Timeout, sentence).field("wait"),
        Db::Closed => Error::new(ErrorCode::NotFound, "the handle is closed").field("handle"),
        _ => Error::internal(sentence),
    }
}

/// A row id, exact for every JSON reader.
pub(crate) fn rowid(number: i64) -> Json {
    if number == 0 { json!(0) } else { value::to_json(rusqlite::types::ValueRef::Integer(number)) }
}
