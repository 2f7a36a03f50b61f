//! Subscriptions: row changes from local and remote commits.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::core::value::Value;

/// What a subscriber receives.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A row changed.
    Row(Arc<RowChange>),
    /// A row is hidden, because what concurrent writers did breaks a constraint together. It comes back as an insert when
    /// what hides it goes. If it was visible before, a `Row` with [`Op::Delete`] came first.
    Conflict(Arc<Conflict>),
    /// Changes were dropped because the subscriber was slower than its byte limit allows: read the table again.
    Lagged,
}

/// One row's change, as it became visible here.
#[derive(Debug, Clone, PartialEq)]
pub struct RowChange {
    /// The table.
    pub table: Arc<str>,
    /// What happened to the row.
    pub op: Op,
    /// The primary key, in the order of its declaration.
    pub pk: Vec<Value>,
    /// The whole row after the change, in column order; `None` when it was deleted.
    pub row: Option<Vec<Value>>,
    /// Who made the change.
    pub origin: Origin,
    /// When it was made: a hybrid clock, milliseconds since 1970 in the upper 48 bits and a counter in the lower 16. Zero if no
    /// write did it, but the end of the row's owner.
    pub hlc: u64,
    pub(crate) columns: Arc<[String]>,
}

/// A row that is not visible because of a constraint.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// The table.
    pub table: Arc<str>,
    /// The primary key, in the order of its declaration.
    pub pk: Vec<Value>,
    /// The whole row, in column order.
    pub row: Vec<Value>,
    /// What hides it.
    pub reason: ConflictReason,
}

/// What hides a row.
#[derive(Debug, Clone, PartialEq)]
pub enum ConflictReason {
    /// Another row has the same values in the columns of a UNIQUE constraint, and got them later.
    Unique {
        /// The constraint, as `table(column, column)`.
        constraint: Arc<str>,
        /// The primary key of the row that is visible instead.
        winner: Vec<Value>,
    },
    /// The row that a foreign key refers to is not there or is hidden, too.
    ForeignKey {
        /// The foreign key, as `child(column) REFERENCES parent`.
        constraint: Arc<str>,
        /// The parent table.
        parent: Arc<str>,
        /// The primary key of the hidden parent; `None` if there is none.
        hidden_parent: Option<Vec<Value>>,
    },
}

impl Conflict {
    fn size(&self) -> usize {
        CHANGE_OVERHEAD_BYTES + self.pk.iter().chain(&self.row).map(|value| value.as_ref().size()).sum::<usize>()
    }
}

/// What waits to be delivered.
#[derive(Debug, Clone)]
pub(crate) enum Queued {
    Row(Arc<RowChange>),
    Conflict(Arc<Conflict>),
}

impl Queued {
    fn size(&self) -> usize {
        match self {
            Self::Row(change) => change.size(),
            Self::Conflict(conflict) => conflict.size(),
        }
    }
}

impl RowChange {
    /// The column names, in the order of [`RowChange::row`].
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// A column's value after the change.
    pub fn get(&self, column: &str) -> Option<&Value> {
        let index = self.columns.iter().position(|name| name == column)?;
        self.row.as_ref()?.get(index)
    }
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// It appeared.
    Insert,
    /// Some of its columns changed.
    Update,
    /// It is gone.
    Delete,
}

/// Where a change was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In this process.
    Local,
    /// In another process.
    Remote {
        /// The process, as [`crate::Member::id`]; `None` if it had left before its change came.
        member: Option<u64>,
        /// Its node's name; empty if it is not known.
        node: Arc<str>,
    },
}

impl Origin {
    /// Whether the change was made in this process.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Local)
    }
}

/// What a queued change takes beside its values, for the limit.
const CHANGE_OVERHEAD_BYTES: usize = 128;

impl RowChange {
    fn size(&self) -> usize {
        let values = self.pk.iter().chain(self.row.iter().flatten());
        CHANGE_OVERHEAD_BYTES + values.map(|value| value.as_ref().size()).sum::<usize>()
    }
}

/// A subscriber's undelivered changes, bounded in bytes.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    news: Notify,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    changes: VecDeque<Queued>,
    bytes: usize,
    lagged: bool,
    closed: bool,
    abandoned: bool,
}

impl Waiting {
    fn lag(&mut self) {
        self.changes.clear();
        self.bytes = 0;
        self.lagged = true;
    }
}

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { waiting: Mutex::default(), news: Notify::new(), bytes_max }
    }

    /// Adds a change. Over the limit, all that wait are dropped and the subscriber is told so.
    pub(crate) fn push(&self, change: Queued) {
        let mut waiting = self.waiting.lock();
        let bytes = change.size();
        if waiting.bytes + bytes > self.bytes_max {
            waiting.lag();
        } else {
            waiting.bytes += bytes;
            waiting.changes.push_back(change);
        }
        drop(waiting);
        self.news.notify_one();
    }

    /// Changes are missing: drops those that wait, and tells the subscriber.
    pub(crate) fn lag(&self) {
        self.waiting.lock().lag();
        self.news.notify_one();
    }

    /// No more changes will come.
    pub(crate) fn close(&self) {
        self.waiting.lock().closed = true;
        self.news.notify_one();
    }

    /// Whether the subscriber is gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.waiting.lock().abandoned
    }

    /// What to deliver: something, or the end, or nothing yet.
    fn pop(&self) -> Option<Option<Change>> {
        let mut waiting = self.waiting.lock();
        if std::mem::take(&mut waiting.lagged) {
            return Some(Some(Change::Lagged));
        }
        if let Some(change) = waiting.changes.pop_front() {
            waiting.bytes -= change.size();
            return Some(Some(match change {
                Queued::Row(change) => Change::Row(change),
                Queued::Conflict(conflict) => Change::Conflict(conflict),
            }));
        }
        waiting.closed.then_some(None)
    }
}

/// A subscription to one table. Dropping it ends it.
#[derive(Debug)]
pub struct Changes {
    queue: Arc<Queue>,
}

impl Changes {
    pub(crate) fn new(queue: Arc<Queue>) -> Self {
        Self { queue }
    }

    /// The next change; `None` once the database is closed and everything before has been delivered. Dropping the
    /// future loses nothing.
    pub async fn next(&mut self) -> Option<Change> {
        loop {
            if let Some(change) = self.queue.pop() {
                return change;
            }
            self.queue.news.notified().await;
        }
    }

    /// The next change, if one waits.
    pub fn try_next(&mut self) -> Option<Change> {
        self.queue.pop().flatten()
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        self.queue.waiting.lock().abandoned = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(n: i64) -> Arc<RowChange> {
        Arc::new(RowChange {
            table: "t".into(),
            op: Op::Insert,
            pk: vec![Value::Integer(n)],
            row: None,
            origin: Origin::Local,
            hlc: 1,
            columns: [].into(),
        })
    }

    #[test]
    fn a_slow_subscriber_is_told_and_then_goes_on() {
        let queue = Arc::new(Queue::new(3 * change(0).size()));
        let mut changes = Changes::new(Arc::clone(&queue));
        (0..4).for_each(|n| queue.push(Queued::Row(change(n))));
        queue.push(Queued::Row(change(4)));
        assert_eq!(changes.try_next(), Some(Change::Lagged));
        assert_eq!(changes.try_next(), Some(Change::Row(change(4))));
        assert_eq!(changes.try_next(), None);
    }
}
