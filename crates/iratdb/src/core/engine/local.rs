//! Local transactions.

use super::{Engine, FORMER_MAX, Made, Maker, Now, Phase};
use crate::core::capture::{LocalChange, LocalKind};
use crate::core::codec::{ROW_BYTES_MAX, TX_BYTES_MAX, put_delete, put_insert, put_update, start_tx};
use crate::core::hlc::Stamp;
use crate::core::ids::Epoch;
use crate::core::store::{Store, StoreError};
use crate::core::streams::Stream;
use crate::core::table::Shown;
use crate::core::value::Value;

/// Why a transaction can't be replicated, and so must be rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It touches another process's row of an owned table.
    NotOwner {
        /// The table's index.
        table: usize,
    },
    /// This member only reads.
    ReadOnly {
        /// The table's index.
        table: usize,
    },
    /// A row is larger than a replica takes.
    RowTooLarge {
        /// The table's index.
        table: usize,
        /// Its bytes.
        bytes: usize,
    },
    /// The transaction is larger than a replica takes.
    TransactionTooLarge {
        /// Its bytes.
        bytes: usize,
    },
}

/// A transaction that may be committed.
#[derive(Debug)]
pub struct Prepared {
    now: Now,
    stamp: Stamp,
    bytes: Vec<u8>,
}

impl Engine {
    /// Checks and encodes a transaction before SQLite commits it.
    pub fn prepare(
        &mut self,
        now: Now,
        changes: &[LocalChange],
        store: &mut impl Store,
    ) -> Result<Result<Prepared, Refused>, StoreError> {
        if self.config.read_only
            && let Some(change) = changes.first()
        {
            return Ok(Err(Refused::ReadOnly { table: change.table }));
        }
        let stamp = Stamp { hlc: self.clock.tick(now.wall_ms), epoch: self.epoch };
        let mut bytes = start_tx(stamp.hlc);
        for change in changes {
            let table = change.table;
            let Some(definition) = self.config.schema.tables.get(table) else { continue };
            let touches = !matches!(change.kind, LocalKind::Insert { .. });
            let birth = if touches { self.visible_birth(table, &change.key) } else { stamp };
            if touches && definition.owned && birth.epoch != self.epoch {
                return Ok(Err(Refused::NotOwner { table }));
            }
            let start = bytes.len();
            match &change.kind {
                LocalKind::Insert { values, .. } => {
                    put_insert(&mut bytes, table, &change.key, values.iter().map(Value::as_ref));
                }
                LocalKind::Update(columns) => {
                    put_update(&mut bytes, table, &change.key, self.epoch, birth, columns);
                    // The whole row must fit a message, too; read it only if this column could be what bursts it.
                    let share = ROW_BYTES_MAX / (definition.columns.len() + definition.key.len() + 1);
                    if columns.iter().any(|(_, value)| value.as_ref().size() > share) {
                        let row = store.row(definition, table, &change.key)?.unwrap_or_default();
                        let row_bytes = row.iter().map(|value| value.as_ref().size()).sum::<usize>() + change.key.len();
                        if row_bytes > ROW_BYTES_MAX {
                            return Ok(Err(Refused::RowTooLarge { table, bytes: row_bytes }));
                        }
                    }
                }
                LocalKind::Delete => put_delete(&mut bytes, table, &change.key),
            }
            if bytes.len() - start > ROW_BYTES_MAX {
                return Ok(Err(Refused::RowTooLarge { table, bytes: bytes.len() - start }));
            }
            if bytes.len() > TX_BYTES_MAX {
                return Ok(Err(Refused::TransactionTooLarge { bytes: bytes.len() }));
            }
        }
        Ok(Ok(Prepared { now, stamp, bytes }))
    }

    pub(super) fn visible_birth(&self, table: usize, key: &[u8]) -> Stamp {
        let state = self.tables.get(table).and_then(|table| table.get(key));
        state.and_then(|state| state.visible()).map_or(Stamp::NEVER, |(birth, _)| birth)
    }

    /// Takes note of a transaction that SQLite has committed, and queues it for the others.
    pub fn commit(
        &mut self,
        prepared: Prepared,
        changes: Vec<LocalChange>,
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let Prepared { now, stamp, bytes } = prepared;
        self.counters.commits += 1;
        let away = !self.connected;
        if self.config.connected && self.phase != Phase::Closed {
            if self.connected {
                self.log.push(stamp.hlc, bytes, self.epoch);
            } else {
                self.log.push_marked();
                changes.iter().for_each(|change| self.log.mark(change.table, &change.key));
            }
        }
        for change in changes {
            let (index, key) = (change.table, &*change.key);
            let (Some(state), Some(table)) = (self.tables.get_mut(index), self.config.schema.tables.get(index)) else {
                continue;
            };
            // Rows that come and go while NATS is away leave nothing behind, or that would grow for as long as it is.
            let unheard_of = match &change.kind {
                _ if !self.config.connected => true,
                _ if !away => false,
                LocalKind::Insert { .. } if state.get(key).is_none() => self.unheard_of.insert((index, key.into())),
                LocalKind::Insert { .. } | LocalKind::Update(_) => false,
                LocalKind::Delete => self.unheard_of.remove(&(index, key.into())),
            };
            let (shown, revealed) = match change.kind {
                LocalKind::Insert { values: _, before } => {
                    let shown = if state.get(key).is_some_and(|row| row.visible().is_some()) {
                        Shown::Updated
                    } else {
                        Shown::Inserted
                    };
                    state.inserted_here(table, key, stamp, before);
                    (shown, Shown::Same)
                }
                LocalKind::Update(columns) => {
                    state.updated_here(key, columns.iter().map(|(column, _)| *column), stamp);
                    (Shown::Updated, Shown::Same)
                }
                LocalKind::Delete if unheard_of => {
                    state.forget(key);
                    self.log.unmark(index, key);
                    (Shown::Deleted, Shown::Same)
                }
                LocalKind::Delete => {
                    let revealed = state.deleted_here(table, index, key, stamp, now.seconds(), store)?;
                    (Shown::Deleted, revealed)
                }
            };
            self.note(index, key, shown, Made { hlc: stamp.hlc, maker: Maker::Here }, store)?;
            let birth = if revealed == Shown::Same { Stamp::NEVER } else { self.visible_birth(index, key) };
            let made = Made { hlc: birth.hlc, maker: self.maker(birth.epoch) };
            self.note(index, key, revealed, made, store)?;
        }
        Ok(())
    }

    /// Takes a new epoch, because the others have ended the one there was, and publishes its rows again.
    pub(super) fn restart_epoch(&mut self, now: Now) {
        let old = self.epoch;
        let new = Epoch(self.random.next_nonzero());
        self.counters.epochs_restarted += 1;
        let sequence = self.log.sequence();
        self.farewell = Some((old, sequence));
        self.former.push(old);
        if self.former.len() > FORMER_MAX {
            self.former.remove(0);
        }
        // What the former epoch sent is here, and whoever lacks some of it can have it from here.
        self.streams.insert(old, Stream::starting_after(sequence));
        self.version += 1;
        self.note_cut_off(now.mono_ms);
        self.log.restart(old, new);
        self.epoch = new;
        for (index, (table, state)) in self.config.schema.tables.iter().zip(&mut self.tables).enumerate() {
            if !table.owned {
                continue;
            }
            for key in state.keys_of_owner(old) {
                let birth = Stamp { hlc: self.clock.tick(now.wall_ms), epoch: new };
                state.rename_owner(&key, old, birth);
                self.log.mark(index, &key);
            }
        }
        self.members.end(old, now.mono_ms);
        self.heartbeat_due = true;
        self.hello_soon(now);
    }
}
