//! Resynchronising, both sides. See [`crate::core::snapshot`].

use super::receive::Source;
use super::{Destination, Engine, Now, Phase};
use crate::core::codec::{Body, BucketSet, Cursor, OpReader, Tail, put_state_counted, put_state_dead, put_state_live};
use crate::core::constraint::Constrained;
use crate::core::ids::{Epoch, Writer};
use crate::core::key::Key;
use crate::core::merge::Clocks;
use crate::core::schema::Schema;
use crate::core::snapshot::{
    ANSWER_MS, ASKS_MAX, ENDED_IN_DIGESTS_MAX, Place, ROWS_BYTES, SETTLE_MS, Session, Settling, Stage, WAITING_MAX,
    buckets_from, differing, digests, keys_between, parts_of,
};
use crate::core::store::{Store, StoreError};
use crate::core::table::TableState;
use crate::core::value::Value;
use crate::core::visible::RowState;

impl Engine {
    /// Starts a resync with a member, unless one is under way: then it is the next.
    pub(super) fn resync(&mut self, now: Now, donor: Writer) {
        if donor == self.writer || !self.connected {
            return;
        }
        if let Some(session) = &self.session {
            if session.donor != donor {
                self.resync_with = Some(donor);
            }
            return;
        }
        let token = self.random.next_nonzero();
        self.session = Some(Session { donor, token, stage: Stage::Digests, asks: 0, ask_at_ms: now.mono_ms });
        self.session_tick(now);
    }

    /// Asks the present question, again if there was no answer.
    pub(super) fn session_tick(&mut self, now: Now) {
        let Some(session) = &mut self.session else { return };
        if now.mono_ms < session.ask_at_ms {
            return;
        }
        if session.asks >= ASKS_MAX {
            let lost = self.session.take();
            if self.resync_with == lost.map(|session| session.donor) {
                self.resync_with = None;
            }
            if let Some(next) = self.resync_with.take() {
                self.resync(now, next);
            }
            return;
        }
        session.asks += 1;
        session.ask_at_ms = now.mono_ms + ANSWER_MS;
        let (to, token) = (Destination::One(session.donor), session.token);
        match &session.stage {
            Stage::Digests => self.send(to, &Body::DigestRequest { token, flushed: false }),
            Stage::End { .. } => {
                // A donor under load may never have sent everything.
                let flushed = session.asks < ASKS_MAX;
                self.send(to, &Body::DigestRequest { token, flushed });
            }
            Stage::Rows { place, wanted, .. } => {
                let (place, wanted) = (place.clone(), wanted.clone());
                self.send(to, &Body::Fetch { token, cursor: place.cursor(), wanted });
            }
        }
    }

    pub(super) fn on_digest_request(&mut self, asker: Writer, token: u64, flushed: bool) {
        if self.phase != Phase::Ready || self.config.read_only {
            return;
        }
        if flushed && !self.log.is_flushed() {
            if self.waiting.len() < WAITING_MAX {
                self.waiting.push((asker, token));
            }
            return;
        }
        self.send_digests(asker, token);
    }

    pub(super) fn send_digests(&mut self, asker: Writer, token: u64) {
        let mut tails: Vec<_> =
            self.streams.iter().map(|(epoch, stream)| Tail { epoch: *epoch, sequence: stream.settled() }).collect();
        tails.push(Tail { epoch: self.epoch, sequence: self.log.sequence() });
        let since_ms = self.last_tick_ms.saturating_sub(self.config.tombstone_keep_ms);
        let ended = self.members.ended_since(since_ms).take(ENDED_IN_DIGESTS_MAX).collect();
        let buckets = digests(&self.tables);
        self.send(Destination::One(asker), &Body::Digests { token, tails, ended, buckets });
    }

    #[allow(clippy::too_many_arguments, reason = "the message's parts")]
    pub(super) fn on_digests(
        &mut self,
        now: Now,
        donor: Writer,
        token: u64,
        tails: Vec<Tail>,
        ended: &[Epoch],
        buckets: &[(u8, u8, u64)],
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let Some(session) = self.session.as_mut().filter(|s| s.donor == donor && s.token == token) else {
            return Ok(());
        };
        if let Stage::End { tails: covered } = &mut session.stage {
            let covered = std::mem::take(covered);
            self.settling = Some(Settling { tails, until_ms: now.mono_ms + SETTLE_MS });
            self.finish_session(now, &covered);
            return Ok(());
        }
        if !matches!(session.stage, Stage::Digests) {
            return Ok(());
        }
        for epoch in ended {
            if *epoch == self.epoch {
                self.restart_epoch(now);
            } else {
                self.end(now, *epoch, store)?;
                self.given_up.remove(epoch);
            }
        }
        self.settle_constraints(store)?;
        let wanted = differing(&self.tables, buckets);
        if wanted.is_empty() {
            self.finish_session(now, &tails);
            return Ok(());
        }
        self.ask_next(now, Stage::Rows { place: Place::default(), wanted, tails });
        Ok(())
    }

    fn ask_next(&mut self, now: Now, stage: Stage) {
        if let Some(session) = &mut self.session {
            session.stage = stage;
            session.asks = 0;
            session.ask_at_ms = now.mono_ms;
        }
        self.session_tick(now);
    }

    pub(super) fn on_fetch(
        &mut self,
        asker: Writer,
        token: u64,
        cursor: Cursor<'_>,
        wanted: &[(u8, BucketSet)],
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        if self.config.read_only {
            return Ok(());
        }
        let from = Place::from(cursor);
        let mut states = Vec::new();
        let mut next = None;
        'walk: for (table, bucket) in buckets_from(wanted, &from) {
            let Some(state) = self.tables.get(usize::from(table)) else { continue };
            let here = (table, bucket) == (from.table, from.bucket);
            let mut done = if here { from.after.clone() } else { None };
            for key in state.keys(usize::from(bucket), done.as_deref()) {
                if states.len() >= ROWS_BYTES {
                    next = Some(Place { table, bucket, after: done });
                    break 'walk;
                }
                let mut store = Constrained::new(&self.config.schema, &mut self.constraints, store);
                put_row(&self.tables, &self.config.schema, usize::from(table), key, &mut states, &mut store)?;
                done = Some(key.clone());
            }
        }
        let next = next.as_ref().map(Place::cursor);
        self.send(Destination::One(asker), &Body::Rows { token, cursor, next, states: &states });
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "the message's parts")]
    pub(super) fn on_rows(
        &mut self,
        now: Now,
        donor: Writer,
        token: u64,
        from: Place,
        next: Option<Place>,
        states: &[u8],
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let Some(session) = &mut self.session else { return Ok(()) };
        if session.donor != donor || session.token != token {
            return Ok(());
        }
        let Stage::Rows { place, wanted, tails } = &mut session.stage else { return Ok(()) };
        if *place != from {
            return Ok(());
        }
        let (wanted, tails) = (wanted.clone(), std::mem::take(tails));
        self.counters.rows_fetched += self.apply(now, OpReader::states(states), Source::States, store)?;
        if self.config.read_only {
            self.give_up_what_it_lacks(now, &wanted, &from, next.as_ref(), states, store)?;
        } else {
            self.send_what_it_lacks(&wanted, &from, next.as_ref(), states);
        }
        match next {
            None if self.phase == Phase::Ready => self.finish_session(now, &tails),
            None => self.ask_next(now, Stage::End { tails }),
            Some(next) => self.ask_next(now, Stage::Rows { place: next, wanted, tails }),
        }
        Ok(())
    }

    /// Marks rows of which the donor has less than we, to be sent to everybody.
    fn send_what_it_lacks(&mut self, wanted: &[(u8, BucketSet)], from: &Place, to: Option<&Place>, states: &[u8]) {
        for (table, key) in self.what_it_lacks(wanted, from, to, states) {
            self.log.mark(table, &key);
        }
    }

    /// Rows of which the donor has less than we.
    pub(super) fn what_it_lacks(
        &self,
        wanted: &[(u8, BucketSet)],
        from: &Place,
        to: Option<&Place>,
        states: &[u8],
    ) -> Vec<(usize, Key)> {
        let mut lacking = Vec::new();
        let owned = |table: usize| self.config.schema.tables.get(table).is_some_and(|table| table.owned);
        let theirs = parts_of(states, |epoch| self.members.is_ended(epoch), owned);
        for (table, key) in keys_between(&self.tables, wanted, from, to) {
            let Some(state) = self.tables.get(table).filter(|state| state.get(&key).is_some()) else { continue };
            let ours = state.part(&key);
            if ours != theirs.get(&(table, key.clone())).copied().unwrap_or(0) {
                lacking.push((table, key));
            }
        }
        lacking
    }

    /// A joiner that has the rows is ready when it has the frames that the donor had.
    pub(super) fn settle(&mut self, now: Now) {
        if let Some(Settling { tails, until_ms }) = &self.settling {
            let in_time = now.mono_ms < *until_ms;
            let here = |tail: &Tail| {
                tail.epoch == self.epoch
                    || self.members.is_ended(tail.epoch)
                    || self.streams.get(&tail.epoch).is_some_and(|stream| stream.settled() >= tail.sequence)
            };
            if in_time && !tails.iter().all(here) {
                return;
            }
        }
        self.settling = None;
        self.phase = Phase::Ready;
        self.heartbeat_due = true;
    }

    fn finish_session(&mut self, now: Now, tails: &[Tail]) {
        self.session = None;
        self.counters.resyncs += 1;
        for tail in tails {
            if tail.epoch == self.epoch {
                continue;
            }
            self.members.seen(tail.epoch, None, now.mono_ms);
            if let Some(stream) = self.stream(tail.epoch) {
                stream.cover(tail.sequence);
            }
        }
        if matches!(self.phase, Phase::Listening { .. }) {
            self.settle(now);
        }
        if let Some(next) = self.resync_with.take() {
            self.resync(now, next);
        }
        self.repair_streams(now);
    }
}

/// Appends the states of all that is known of a row.
pub(super) fn put_row(
    tables: &[TableState],
    schema: &Schema,
    index: usize,
    key: &[u8],
    out: &mut Vec<u8>,
    store: &mut impl Store,
) -> Result<(), StoreError> {
    let (Some(rows), Some(table)) = (tables.get(index), schema.tables.get(index)) else { return Ok(()) };
    let Some(state) = rows.get(key) else { return Ok(()) };
    let put = |birth, clocks: &Clocks, values: Vec<Value>, out: &mut Vec<u8>| match rows.tally(key) {
        None => put_state_live(out, index, key, birth, clocks, &values),
        Some(tally) => {
            let values = rows.at_birth(table, key, values);
            put_state_counted(out, index, key, (birth, clocks), &values, tally);
        }
    };
    match state {
        RowState::Live { birth, clocks } => {
            if let Some(values) = store.row(table, index, key)? {
                put(*birth, clocks, values, out);
            }
        }
        RowState::Dead { death, .. } => put_state_dead(out, index, key, *death),
        RowState::Slots(slots) => {
            for (_, slot) in slots.iter() {
                if !slot.death.is_never() {
                    put_state_dead(out, index, key, slot.death);
                }
                if slot.lives() {
                    let hidden = slot.hidden.as_ref().map(|values| values.to_vec());
                    let values = if hidden.is_some() { hidden } else { store.row(table, index, key)? };
                    if let Some(values) = values {
                        put(slot.birth, &slot.clocks, values, out);
                    }
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
impl Engine {
    /// Starts a resync, without a reason.
    pub(crate) fn resync_with(&mut self, now: Now, donor: Writer) {
        self.resync(now, donor);
    }
}

/// As [`put_row`], of table 0.
#[cfg(test)]
pub(crate) fn put_row_for_tests(
    tables: &[TableState],
    schema: &Schema,
    key: &[u8],
    out: &mut Vec<u8>,
    store: &mut impl Store,
) {
    put_row(tables, schema, 0, key, out, store).unwrap();
}
