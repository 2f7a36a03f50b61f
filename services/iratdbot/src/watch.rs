//! Watches: a table's row changes, told on a subject of NATS.

use async_nats::Client;
use botstream_api::{Error, ErrorCode, subjects};
use iracluster::Chassis;
use iratdb::{Change, Changes, Conflict, ConflictReason, Op, Origin, RowChange};
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::handle::Handle;
use crate::metrics::Metrics;
use crate::statements::refusal;
use crate::value;
use crate::wire::{ChangeMessage, ChangeOrigin};

/// Watches of one handle.
const WATCHES_MAX: usize = 64;

/// A watch that tells changes from now on.
pub(crate) struct Begun {
    pub(crate) name: String,
    pub(crate) subject: String,
    /// Reads the rows there are. A change that comes meanwhile is in both.
    pub(crate) rows_sql: String,
}

/// Begins to tell a table's changes.
pub(crate) fn begin(
    chassis: &Chassis,
    metrics: &Metrics,
    handle: &Handle,
    table: &str,
    name: Option<String>,
) -> Result<Begun, Error> {
    let Some(table) = handle.db.tables().into_iter().find(|known| known.name == table) else {
        let sentence = format!("database {:?} has no replicated table {table:?}", handle.database);
        return Err(Error::new(ErrorCode::NotFound, sentence).field("table"));
    };
    let name = name.unwrap_or_else(|| Ulid::generate().to_string());
    if !subjects::is_token(&name) {
        return Err(Error::invalid("watch", "use 1 to 64 letters, digits, _ and -"));
    }
    let changes = handle.db.subscribe(&table.name).map_err(refusal)?;
    let stop = chassis.drain.closing_token().child_token();
    {
        let mut watches = handle.watches();
        if watches.contains_key(&name) {
            return Err(Error::new(ErrorCode::WrongState, format!("there is a watch {name:?} already")).field("watch"));
        }
        if watches.len() >= WATCHES_MAX {
            let sentence = format!("{WATCHES_MAX} watches are open, the most allowed for a handle");
            return Err(Error::new(ErrorCode::ConcurrencyLimit, sentence));
        }
        watches.insert(name.clone(), stop.clone());
    }
    let subject = subjects::db_watch(&chassis.cluster, &name);
    let teller = Teller { nats: chassis.nats.clone(), subject: subject.clone(), metrics: metrics.clone(), seq: 0 };
    chassis.drain.spawn("watch", teller.run(changes, stop));
    let rows_sql = format!("SELECT * FROM \"{}\"", table.name.replace('"', "\"\""));
    Ok(Begun { name, subject, rows_sql })
}

/// Tells no more.
pub(crate) fn unwatch(handle: &Handle, name: &str) -> Result<(), Error> {
    let Some(stop) = handle.watches().remove(name) else {
        return Err(Error::new(ErrorCode::NotFound, format!("no watch {name:?}")).field("watch"));
    };
    stop.cancel();
    Ok(())
}

struct Teller {
    nats: Client,
    subject: String,
    metrics: Metrics,
    seq: u64,
}

impl Teller {
    async fn run(mut self, mut changes: Changes, stop: CancellationToken) {
        loop {
            let change = tokio::select! {
                change = changes.next() => change,
                () = stop.cancelled() => None,
            };
            match change {
                // The database is closed, or nobody wants to know.
                None => return,
                Some(change) => self.tell(&change).await,
            }
        }
    }

    async fn tell(&mut self, change: &Change) {
        self.seq += 1;
        let message = match change {
            Change::Row(change) => row_message(self.seq, change),
            Change::Conflict(conflict) => conflict_message(self.seq, conflict),
            Change::Lagged => ChangeMessage {
                seq: self.seq,
                op: "lagged",
                pk: Vec::new(),
                row: None,
                origin: None,
                hlc: None,
                constraint: None,
            },
        };
        self.metrics.changes.inc();
        let sent = match serde_json::to_vec(&message) {
            Ok(body) => self.nats.publish(self.subject.clone(), body.into()).await.map_err(|e| e.to_string()),
            Err(e) => Err(e.to_string()),
        };
        if let Err(error) = sent {
            // The client sees the gap in the numbers.
            tracing::warn!(subject = self.subject, error, "a change could not be told");
        }
    }
}

fn json(values: &[iratdb::Value]) -> Vec<Json> {
    values.iter().map(value::owned_to_json).collect()
}

fn conflict_message(seq: u64, conflict: &Conflict) -> ChangeMessage {
    let (ConflictReason::Unique { constraint, .. } | ConflictReason::ForeignKey { constraint, .. }) = &conflict.reason;
    ChangeMessage {
        seq,
        op: "conflict",
        pk: json(&conflict.pk),
        row: Some(json(&conflict.row)),
        origin: None,
        hlc: None,
        constraint: Some(constraint.to_string()),
    }
}

fn row_message(seq: u64, change: &RowChange) -> ChangeMessage {
    ChangeMessage {
        seq,
        op: match change.op {
            Op::Insert => "insert",
            Op::Update => "update",
            Op::Delete => "delete",
        },
        pk: json(&change.pk),
        row: change.row.as_deref().map(json),
        constraint: None,
        origin: Some(match &change.origin {
            Origin::Local => ChangeOrigin { local: true, node: String::new() },
            Origin::Remote { node, .. } => ChangeOrigin { local: false, node: node.to_string() },
        }),
        hlc: Some(change.hlc.to_string()),
    }
}
