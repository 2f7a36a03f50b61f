//! Resynchronising, both sides. See [`crate::core::snapshot`].

use std::collections::BTreeMap;

use super::past::Forgotten;
use super::peers::Numbers;
use super::receive::Source;
use super::{Destination, Engine, Now, Phase};
use crate::core::codec::{Body, OpReader, Progress, put_state_counted, put_state_dead_since, put_state_live};
use crate::core::ids::{Epoch, Writer};
use crate::core::merge::Clocks;
use crate::core::schema::Schema;
use crate::core::snapshot::{
    ANSWER_MS, ANSWERS_AT_ONCE, ASKS_MAX, Answer, Cut, ENDED_IN_DIGESTS_MAX, Place, SETTLE_MS, Session, Stage,
    WAITING_MAX, WALKS_MAX, differing, digests, everything,
};
use crate::core::store::{Store, StoreError};
use crate::core::streams::Stream;
use crate::core::table::TableState;
use crate::core::tail::Tail;
use crate::core::value::Value;
use crate::core::version::Fit;
use crate::core::visible::RowState;

/// What an answer takes beside its rows, for the limit.
const ANSWER_OVERHEAD_BYTES: usize = 64;

/// A member that waits for the end of its walk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    asker: Writer,
    token: u64,
    /// The commits that must have left.
    commit: u64,
}

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
        self.walk(now, donor, 1);
    }

    fn walk(&mut self, now: Now, donor: Writer, walks: u32) {
        let token = self.random.next_nonzero();
        self.session = Some(Session {
            donor,
            token,
            stage: Stage::Digests,
            asks: 0,
            ask_at_ms: now.mono_ms,
            walks,
            start: Cut::default(),
            wanted: Vec::new(),
            our_state: 0,
            fit: None,
            early: BTreeMap::new(),
            rows: Vec::new(),
            rows_bytes: 0,
        });
        self.session_ask(now);
    }

    /// Does what a resync has to do in time.
    pub(super) fn session_tick(&mut self, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        if self.session.as_ref().is_some_and(|session| matches!(session.stage, Stage::Settling { .. })) {
            return self.settle(now, store);
        }
        self.session_ask(now);
        Ok(())
    }

    /// Asks the present question, again if there was no answer.
    fn session_ask(&mut self, now: Now) {
        let Some(session) = &mut self.session else { return };
        if now.mono_ms < session.ask_at_ms {
            return;
        }
        if session.asks >= ASKS_MAX {
            self.give_up(now);
            return;
        }
        session.asks += 1;
        session.ask_at_ms = now.mono_ms + ANSWER_MS;
        let (to, token) = (Destination::One(session.donor), session.token);
        match &session.stage {
            Stage::Digests => self.send(to, &Body::DigestRequest { token, end: false }),
            Stage::End => self.send(to, &Body::DigestRequest { token, end: true }),
            Stage::Rows { place, wanted } => {
                let (place, wanted) = (place.clone(), wanted.clone());
                self.send(to, &Body::Fetch { token, cursor: place.cursor(), wanted });
            }
            Stage::Settling { .. } => {}
        }
    }

    /// Ends a resync without having got anything.
    pub(super) fn drop_session(&mut self) -> Option<Session> {
        self.streams.values_mut().for_each(|stream| stream.expect(0));
        self.session.take()
    }

    fn give_up(&mut self, now: Now) {
        let lost = self.drop_session();
        if self.resync_with == lost.map(|session| session.donor) {
            self.resync_with = None;
        }
        if let Some(next) = self.resync_with.take() {
            self.resync(now, next);
        }
    }

    /// What was gathered may be in part: once more from the start, if that is not in vain.
    fn walk_again(&mut self, now: Now) {
        let Some(session) = self.drop_session() else { return };
        self.counters.resyncs_repeated += 1;
        if session.walks < WALKS_MAX {
            self.walk(now, session.donor, session.walks + 1);
        } else if let Some(next) = self.resync_with.take() {
            self.resync(now, next);
        }
    }

    pub(super) fn on_digest_request(&mut self, asker: Writer, token: u64, end: bool) {
        if self.phase != Phase::Ready || self.config.reader {
            return;
        }
        let commit = self.log.committed();
        if end && self.log.covered() < commit {
            if self.waiting.len() < WAITING_MAX {
                self.waiting.push(Waiting { asker, token, commit });
            }
            return;
        }
        self.send_digests(asker, token, end);
    }

    /// Answers those whose walks could not end because something of what they had seen had not left.
    pub(super) fn answer_waiting(&mut self) {
        let covered = self.log.covered();
        let ready: Vec<_> = self.waiting.extract_if(.., |waiting| waiting.commit <= covered).collect();
        for waiting in ready {
            self.send_digests(waiting.asker, waiting.token, true);
        }
    }

    fn send_digests(&mut self, asker: Writer, token: u64, end: bool) {
        let of = |(epoch, stream): (&Epoch, &Stream)| Progress {
            epoch: *epoch,
            settled: stream.settled(),
            top: stream.top(),
            changes: stream.changes(),
            refused: stream.has_refused(),
        };
        let mut progress: Vec<_> = self.streams.iter().map(of).collect();
        let sent = self.log.sequence();
        let changes = self.log.committed();
        progress.push(Progress { epoch: self.epoch, settled: sent, top: sent, changes, refused: false });
        let since_ms = self.last_tick_ms.saturating_sub(self.config.tombstone_keep_ms);
        let ended = self.members.ended_since(since_ms).take(ENDED_IN_DIGESTS_MAX).collect();
        let buckets = if end { Vec::new() } else { digests(&self.tables) };
        let version = self.version;
        self.send(Destination::One(asker), &Body::Digests { token, version, progress, ended, buckets });
    }

    pub(super) fn on_digests(
        &mut self,
        now: Now,
        (donor, token, numbers): (Writer, u64, Numbers<'_>),
        cut: Cut,
        ended: &[Epoch],
        buckets: &[(u8, u8, u64, u64)],
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let asked = |session: &Session| session.donor == donor && session.token == token;
        let Some(session) = self.session.as_ref().filter(|session| asked(session)) else { return Ok(()) };
        let at_end = match session.stage {
            Stage::Digests => false,
            Stage::End => true,
            Stage::Rows { .. } | Stage::Settling { .. } => return Ok(()),
        };
        for epoch in ended {
            // Also for a joiner: who was cut off before may be back later.
            if !self.members.is_ended(*epoch) {
                self.note_cut_off(now.mono_ms);
            }
            if *epoch == self.epoch {
                self.restart_epoch(now);
            } else {
                self.end(now, *epoch, store)?;
                self.given_up.remove(epoch);
            }
        }
        self.settle_constraints(store)?;
        if at_end {
            self.ask_next(now, Stage::Settling { end: cut, until_ms: now.mono_ms + SETTLE_MS });
            return self.settle(now, store);
        }
        for progress in cut.progress.values() {
            if progress.epoch != self.epoch
                && let Some(stream) = self.stream(progress.epoch)
            {
                stream.expect(progress.settled);
            }
        }
        let wanted = match self.stale {
            Some(_) => everything(&self.tables, buckets),
            None => differing(&self.tables, buckets, |table| numbers.is_none_or(|fit| fit.has(table))),
        };
        let same = wanted.is_empty();
        let our_state = self.state();
        if let Some(session) = &mut self.session {
            session.start = cut.clone();
            session.wanted.clone_from(&wanted);
            session.our_state = our_state;
            session.fit = numbers.cloned();
        }
        if same {
            // What is here is what the donor showed: there is nothing to wait for.
            self.ask_next(now, Stage::Settling { end: cut, until_ms: now.mono_ms + SETTLE_MS });
            return self.settle(now, store);
        }
        self.ask_next(now, Stage::Rows { place: Place::default(), wanted });
        Ok(())
    }

    fn ask_next(&mut self, now: Now, stage: Stage) {
        if let Some(session) = &mut self.session {
            session.stage = stage;
            session.asks = 0;
            session.ask_at_ms = now.mono_ms;
        }
        self.session_ask(now);
    }

    pub(super) fn on_rows(&mut self, now: Now, (donor, token): (Writer, u64), answer: Answer) {
        // The answer at the end is known by a token of its own: one from the start that comes twice is not taken for it.
        let end_token = self.random.next_nonzero();
        let Some(session) = &mut self.session else { return };
        if session.donor != donor || session.token != token {
            return;
        }
        let Stage::Rows { place, wanted } = &mut session.stage else { return };
        if answer.from > *place && session.early.len() < ANSWERS_AT_ONCE as usize {
            // It has overtaken others.
            session.early.entry(answer.from.clone()).or_insert(answer);
            return;
        }
        if *place != answer.from {
            return;
        }
        let (mut next, mut more, mut bytes) = (answer.next, answer.more, 0);
        let mut rows = vec![answer.states];
        while let Some(early) = next.as_ref().and_then(|place| session.early.remove(place)) {
            (next, more) = (early.next, early.more);
            rows.push(early.states);
        }
        let wanted = std::mem::take(wanted);
        for states in rows {
            bytes += states.len() + ANSWER_OVERHEAD_BYTES;
            if !states.is_empty() {
                session.rows.push(states);
            }
        }
        session.rows_bytes += bytes;
        if session.rows_bytes > self.config.limits.resync_bytes_max {
            self.counters.resyncs_too_large += 1;
            self.too_large = true;
            self.give_up(now);
            return;
        }
        match next {
            None => {
                session.token = end_token;
                self.ask_next(now, Stage::End);
            }
            Some(place) if more => {
                session.early.retain(|from, _| *from > place);
                session.stage = Stage::Rows { place, wanted };
                session.asks = 0;
                session.ask_at_ms = now.mono_ms + ANSWER_MS;
            }
            Some(place) => self.ask_next(now, Stage::Rows { place, wanted }),
        }
    }

    /// Shows what was gathered, if it is whole.
    pub(super) fn settle(&mut self, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        let Some(session) = &self.session else { return Ok(()) };
        let Stage::Settling { end, until_ms } = &session.stage else { return Ok(()) };
        let start = &session.start;
        let here = |progress: &Progress| {
            progress.epoch == self.epoch || start.is_whole(progress, self.streams.get(&progress.epoch))
        };
        if start.version != end.version {
            self.walk_again(now);
            return Ok(());
        }
        if !end.progress.values().all(here) || self.may_tear(start, end) {
            if now.mono_ms >= *until_ms {
                self.walk_again(now);
            }
            return Ok(());
        }
        let end = end.clone();
        let Some(session) = self.drop_session() else { return Ok(()) };
        self.give_up_what_it_lacks(&session, store)?;
        for progress in session.start.progress.values() {
            if let Some(stream) = self.stream(progress.epoch) {
                // What the donor has not taken can't be had from it.
                if progress.refused { stream.refused() } else { stream.take_back_refusals() }
            }
        }
        for rows in &session.rows {
            self.counters.rows_fetched += self.apply(now, OpReader::states(rows), Source::States, store)?;
        }
        self.counters.resyncs += 1;
        self.version += u64::from(!session.rows.is_empty());
        self.too_large = false;
        let has_all = session.fit.as_ref().is_none_or(Fit::has_all);
        for progress in session.start.progress.values() {
            if progress.epoch == self.epoch {
                continue;
            }
            self.members.seen(progress.epoch, None, now.mono_ms);
            let whole = session.fit.as_ref().is_none_or(|donor| !self.writes_more(progress.epoch, donor));
            if let Some(stream) = self.stream(progress.epoch) {
                stream.cover(progress.settled, whole);
            }
        }
        if has_all {
            self.incomplete_since_ms = None;
            self.completed();
        } else if matches!(self.phase, Phase::Listening { .. }) || self.streams.values().any(Stream::is_partly_here) {
            // Rows of tables that the donor does not have are missing, if there are any.
            self.incomplete_since_ms = Some(now.mono_ms);
        }
        self.show_with(now, &end, store)?;
        self.release_held(now, store)?;
        if matches!(self.phase, Phase::Listening { .. }) {
            self.phase = Phase::Ready;
            self.heartbeat_due = true;
        }
        if let Some(next) = self.resync_with.take_if(|next| *next != session.donor) {
            self.resync(now, next);
        }
        self.repair_streams(now);
        Ok(())
    }
}

/// Appends the states of all that is known of a row.
pub(super) fn put_row(
    tables: &[TableState],
    schema: &Schema,
    index: usize,
    key: &[u8],
    (now_s, forgotten): (u32, Forgotten),
    out: &mut Vec<u8>,
    store: &mut impl Store,
) -> Result<(), StoreError> {
    let (Some(rows), Some(table)) = (tables.get(index), schema.tables.get(index)) else { return Ok(()) };
    let Some(state) = rows.get(key) else { return Ok(()) };
    let put = |birth, clocks: &Clocks, values: Vec<Value>, tail: &Tail, out: &mut Vec<u8>| match rows.tally(key) {
        None => put_state_live(out, index, key, birth, clocks, (&values, tail)),
        Some(tally) => {
            let values = rows.at_birth(table, key, values);
            put_state_counted(out, index, key, (birth, clocks), (&values, tail), tally);
        }
    };
    match state {
        RowState::Live { birth, clocks } => {
            if let Some(values) = store.row(table, index, key)? {
                put(*birth, clocks, values, &Tail::EMPTY, out);
            }
        }
        RowState::Dead { seen_s, .. } if *seen_s < forgotten.before_s(table) => {}
        RowState::Dead { death, seen_s } => {
            put_state_dead_since(out, index, key, *death, now_s.saturating_sub(*seen_s));
        }
        RowState::Slots(slots) => {
            for (_, slot) in slots.iter() {
                if !slot.death.is_never() {
                    let age_s = now_s.saturating_sub(slot.death_seen_s);
                    put_state_dead_since(out, index, key, slot.death, age_s);
                }
                if slot.lives() {
                    let hidden = slot.hidden.as_ref().map(|values| values.to_vec());
                    let values = if hidden.is_some() { hidden } else { store.row(table, index, key)? };
                    if let Some(values) = values {
                        put(slot.birth, &slot.clocks, values, &slot.tail, out);
                    }
                }
            }
        }
    }
    Ok(())
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
    put_row(tables, schema, 0, key, (0, Forgotten::default()), out, store).unwrap();
}
