//! Answering questions for rows. An answer goes in small messages, made one by one between frames, so that transactions of this
//! process never wait longer for a joiner than reading a few rows takes.

use super::sync::put_row;
use super::{Destination, Engine, Phase};
use crate::core::codec::{Body, Cursor, Wanted};
use crate::core::constraint::Constrained;
use crate::core::ids::Writer;
use crate::core::key::Key;
use crate::core::snapshot::{ANSWERS_AT_ONCE, Place, SERVED_MAX, buckets_from};
use crate::core::store::{Store, StoreError};
use crate::core::visible::RowState;

/// Answers wait while more than this is to be sent, in bytes.
pub(super) const OUTBOX_BYTES: usize = 256 * 1024;

/// A question that is being answered.
#[derive(Debug)]
pub(super) struct Serving {
    asker: Writer,
    token: u64,
    /// How far it is.
    place: Place,
    /// Buckets that are left, the next one last, and whether only their deletions are wanted.
    buckets: Vec<(u8, u8, bool)>,
    /// Keys of the present bucket that are left, the next one last. Rows that come meanwhile come as frames.
    keys: Option<Vec<Key>>,
    answers: u32,
}

impl Engine {
    pub(super) fn on_fetch(
        &mut self,
        asker: Writer,
        token: u64,
        cursor: Cursor<'_>,
        wanted: &[Wanted],
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        if self.phase != Phase::Ready || self.config.reader {
            return Ok(());
        }
        // Who asks anew has not got the answer, or is further.
        self.serving.retain(|serving| serving.asker != asker);
        if self.serving.len() >= SERVED_MAX {
            return Ok(());
        }
        let place = Place::from(cursor);
        let mut buckets = buckets_from(wanted, &place);
        buckets.reverse();
        self.serving.push_back(Serving { asker, token, place, buckets, keys: None, answers: 0 });
        // The first message goes at once; if there are more, they are made one by one between frames.
        self.serve(store)
    }

    /// Whether questions for rows wait for answers.
    pub(super) fn is_serving(&self) -> bool {
        !self.serving.is_empty() && self.outbox_bytes < OUTBOX_BYTES
    }

    /// Makes one message of an answer. Askers take turns.
    pub(super) fn serve(&mut self, store: &mut impl Store) -> Result<(), StoreError> {
        if self.phase != Phase::Ready {
            self.serving.clear();
        }
        if !self.is_serving() {
            return Ok(());
        }
        let Some(mut serving) = self.serving.pop_front() else { return Ok(()) };
        let cursor = serving.place.clone();
        let states = self.next_states(&mut serving, store)?;
        serving.answers += 1;
        let goes_on = !serving.buckets.is_empty();
        let more = goes_on && serving.answers < ANSWERS_AT_ONCE;
        let next = goes_on.then(|| serving.place.cursor());
        let body = Body::Rows { token: serving.token, cursor: cursor.cursor(), next, more, states: &states };
        self.send(Destination::One(serving.asker), &body);
        if more {
            self.serving.push_back(serving);
        }
        Ok(())
    }

    /// The next rows, as many as go into a message; no buckets are left if those were the last.
    fn next_states(&mut self, serving: &mut Serving, store: &mut impl Store) -> Result<Vec<u8>, StoreError> {
        let mut states = Vec::new();
        let ages = ((self.last_tick_ms / 1000) as u32, self.forgotten);
        while let Some((table, bucket, deaths_only)) = serving.buckets.last().copied() {
            let Some(state) = self.tables.get(usize::from(table)) else {
                serving.buckets.pop();
                continue;
            };
            let keys = serving.keys.get_or_insert_with(|| {
                let here = (table, bucket) == (serving.place.table, serving.place.bucket);
                let after = serving.place.after.as_deref().filter(|_| here);
                state.keys(usize::from(bucket), after).into_iter().rev().cloned().collect()
            });
            while let Some(key) = keys.last() {
                if states.len() >= self.config.limits.rows_bytes {
                    return Ok(states);
                }
                if !deaths_only || state.get(key).is_some_and(|row| !matches!(row, RowState::Live { .. })) {
                    let mut store = Constrained::new(&self.config.schema, &mut self.constraints, store);
                    put_row(&self.tables, &self.config.schema, usize::from(table), key, ages, &mut states, &mut store)?;
                }
                serving.place = Place { table, bucket, after: keys.pop() };
            }
            serving.keys = None;
            serving.buckets.pop();
            if let Some((table, bucket, _)) = serving.buckets.last() {
                serving.place = Place { table: *table, bucket: *bucket, after: None };
            }
        }
        Ok(states)
    }
}
