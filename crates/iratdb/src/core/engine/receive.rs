//! Messages in.

use super::held::Frames;
use super::peers::{Numbers, renumbered, renumbered_buckets, renumbered_states, renumbered_wanted};
use super::presence::Heard;
use super::serve::OUTBOX_BYTES;
use super::{Destination, Engine, Made, Now, Phase, STREAMS_MAX};
use crate::core::codec::{
    Body, ColumnValues, Entry, Header, MESSAGE_BYTES_MAX, Op, OpBody, OpReader, decode, decode_header, read_batch,
};
use crate::core::constraint::Constrained;
use crate::core::ids::{Epoch, Writer};
use crate::core::key::is_key_of;
use crate::core::schema::{COLUMNS_MAX, Column, Merge, ROW_CLOCK, Table};
use crate::core::snapshot::{Answer, Cut, Stage};
use crate::core::store::{Store, StoreError};
use crate::core::streams::{Repair, Stream};
use crate::core::table::TableState;
use crate::core::value::ValueRef;

/// Whose changes a message may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A transaction of these frames: of owned tables, only the sender's rows.
    Own(Frames),
    /// States of rows, of whomever, that came with these frames.
    Batch(Frames),
    /// States of rows, of whomever, from a donor.
    Donor,
}

impl Engine {
    pub(super) fn receive(&mut self, now: Now, bytes: &[u8], store: &mut impl Store) -> Result<(), StoreError> {
        // NATS gives a sender its own messages, too.
        if decode_header(bytes).is_ok_and(|header| header.writer == self.writer) {
            return Ok(());
        }
        let too_long = bytes.len() > 2 * MESSAGE_BYTES_MAX;
        let Some(message) = (!too_long).then(|| decode(bytes).ok()).flatten() else {
            self.counters.malformed += 1;
            return Ok(());
        };
        let header = message.header;
        let asks = matches!(
            message.body,
            Body::Schema { .. } | Body::Nack { .. } | Body::DigestRequest { .. } | Body::Fetch { .. }
        );
        // Those that write go before: who is not answered asks again.
        if asks && header.epoch.is_readers() && self.outbox_bytes >= OUTBOX_BYTES {
            return Ok(());
        }
        if let Body::Schema { wanted, description } = message.body {
            self.on_schema(now, header, wanted, description);
            return Ok(());
        }
        let Some(fit) = self.numbers_of(now, &message) else { return Ok(()) };
        let numbers: Numbers<'_> = fit.as_deref();
        if self.must_start_over(now, &message) {
            self.start_over(now);
        }
        let alive = match message.body {
            // May be a frame of an epoch that its writer has left, sent again.
            Body::Frame { .. } => !self.members.is_ended(header.epoch),
            // The last thing an epoch says.
            Body::EpochEnd { tail } if tail.epoch == header.epoch => true,
            _ => self.sign_of_life(now, header.epoch, header.writer),
        };
        if !alive {
            self.remind(now, header.epoch);
        }
        match message.body {
            Body::Frame { sequence, ack, entries } => {
                if alive {
                    self.sign_of_life(now, header.epoch, header.writer);
                }
                self.on_frame(now, (header, numbers), sequence, &entries, store)?;
                if ack
                    && alive
                    && let Some(stream) = self.streams.get_mut(&header.epoch)
                {
                    stream.want(sequence);
                    self.wanted.insert(header.epoch);
                }
                Ok(())
            }
            Body::AckRequest { sequence } => {
                if alive {
                    self.on_ack_request(header, sequence);
                    self.repair_streams(now);
                }
                Ok(())
            }
            Body::Ack { tail } => {
                if alive {
                    self.on_settled(header, &[tail]);
                }
                Ok(())
            }
            Body::EpochEnd { tail } => self.on_epoch_end(now, header, tail, store),
            Body::Heartbeat {
                node,
                ready,
                incomplete,
                hello,
                flushed,
                sequence,
                state,
                tables,
                suspects,
                tails,
                shown,
            } if alive => {
                // Nothing depends on what a reader thinks of others.
                let suspects = if header.epoch.is_readers() { Vec::new() } else { suspects };
                let heard =
                    Heard { node, ready, incomplete, hello, flushed, sequence, state, tables, suspects, tails, shown };
                self.on_heartbeat(now, (header, numbers), heard);
                self.repair_streams(now);
                Ok(())
            }
            Body::Heartbeat { .. } => Ok(()),
            Body::Nack { epoch, from, to } => {
                self.on_nack(header.writer, epoch, from, to);
                Ok(())
            }
            Body::Gone { .. } => {
                self.resync(now, header.writer);
                Ok(())
            }
            Body::DigestRequest { token, end } => {
                self.on_digest_request(header.writer, token, end);
                Ok(())
            }
            Body::Digests { token, version, progress, ended, mut buckets } => {
                let cut = Cut::new(version, progress);
                renumbered_buckets(numbers, &mut buckets);
                self.on_digests(now, (header.writer, token, numbers), cut, &ended, &buckets, store)
            }
            Body::Fetch { token, cursor, mut wanted } => {
                renumbered_wanted(numbers, &mut wanted);
                self.on_fetch(header.writer, token, cursor, &wanted, store)
            }
            Body::Rows { token, cursor, next, more, states } => {
                match renumbered_states(numbers, states) {
                    // Places in the walk are the donor's own.
                    Ok(states) => {
                        let next = next.map(Into::into);
                        let answer = Answer { from: cursor.into(), next, more, states: states.into() };
                        self.on_rows(now, (header.writer, token), answer);
                    }
                    Err(_) => self.counters.malformed += 1,
                }
                Ok(())
            }
            // Read before all others.
            Body::Schema { .. } => Ok(()),
        }
    }

    /// The frames of an epoch; `None` if there are too many streams, or it is of a process that only reads: it has none.
    pub(super) fn stream(&mut self, epoch: Epoch) -> Option<&mut Stream> {
        if epoch.is_readers() {
            return None;
        }
        if self.streams.len() >= STREAMS_MAX && !self.streams.contains_key(&epoch) {
            return None;
        }
        Some(self.streams.entry(epoch).or_default())
    }

    fn on_frame(
        &mut self,
        now: Now,
        (header, numbers): (Header, Numbers<'_>),
        sequence: u64,
        entries: &[Entry<'_>],
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let epoch = header.epoch;
        if self.members.is_ended(epoch) && !self.streams.contains_key(&epoch) {
            // Long forgotten: what else was in its frames came another way.
            if let Some(stream) = self.stream(epoch) {
                *stream = Stream::guessed_up_to(sequence - 1);
            }
        }
        let Some(stream) = self.stream(epoch) else { return Ok(()) };
        if stream.has(sequence) {
            self.counters.frames_duplicate += 1;
            return Ok(());
        }
        // Who has not been answered by anybody may not have been heard by anybody, and then nobody keeps deletions for it: it takes
        // nothing yet. What it will lack it asks for.
        if !self.takes_frames() {
            if let Some(stream) = self.streams.get_mut(&epoch) {
                stream.known(sequence);
            }
            return Ok(());
        }
        let here = Frames { epoch, first: sequence, last: sequence };
        for entry in entries {
            let assembled;
            let (from, batch, bytes) = match *entry {
                Entry::Tx(bytes) => (here, false, bytes),
                Entry::Batch(bytes) => (here, true, bytes),
                Entry::Part { batch, hlc, index, count, bytes } => {
                    let Some(stream) = self.streams.get_mut(&epoch) else { continue };
                    let Some((first, whole)) = stream.assemble(hlc, sequence, index, count, bytes) else { continue };
                    let sound = match batch {
                        true => read_batch(&whole).is_ok(),
                        false => OpReader::tx(&whole, epoch).is_ok_and(|ops| ops.check().is_ok()),
                    };
                    if !sound {
                        self.counters.malformed += 1;
                        continue;
                    }
                    assembled = whole;
                    (Frames { epoch, first, last: first + u64::from(count) - 1 }, batch, &assembled[..])
                }
            };
            match renumbered(numbers, batch, bytes) {
                Ok(bytes) => self.take_in(now, from, batch, &bytes, store)?,
                Err(_) => self.counters.malformed += 1,
            }
        }
        self.bound_parts(epoch);
        self.counters.frames_received += 1;
        if let Some(stream) = self.streams.get_mut(&epoch) {
            stream.arrived(sequence);
        }
        self.repair_streams(now);
        Ok(())
    }

    /// Drops what is incomplete of an epoch's large transactions if all of that is too much: a resync brings them.
    fn bound_parts(&mut self, epoch: Epoch) {
        let bytes: usize = self.streams.values().map(Stream::assembly_bytes).sum();
        if bytes > self.config.limits.parts_bytes_max
            && let Some(stream) = self.streams.get_mut(&epoch)
        {
            stream.drop_assemblies();
        }
    }

    /// Joins changes into the tables. Gives how many were taken.
    pub(super) fn apply(
        &mut self,
        now: Now,
        mut ops: OpReader<'_>,
        source: Source,
        store: &mut impl Store,
    ) -> Result<u64, StoreError> {
        let mut taken = 0;
        while let Ok(Some(op)) = ops.next() {
            let (Some(table), Some(state)) = (self.config.schema.tables.get(op.table), self.tables.get_mut(op.table))
            else {
                self.counters.refused += 1;
                continue;
            };
            if !fits(table, &op)
                || !may(table, &op, source)
                || !self.clock.observe(op.body.hlc_max(), now.wall_ms)
                || over_limit(state, &op, self.config.limits.pending_bytes_max)
            {
                self.counters.refused += 1;
                self.refused(op.body.stamp_max().epoch, source);
                continue;
            }
            if table.owned {
                let owner = op.body.owner();
                if owner == self.epoch || self.members.is_ended(owner) {
                    // Ours are what we say they are; the dead have none.
                    continue;
                }
                self.members.seen(owner, None, now.mono_ms);
            }
            let seen_s = now.seconds().saturating_sub(op.age_s);
            state.forget_death(op.key, self.forgotten.before_s(table));
            let mut constrained = Constrained::new(&self.config.schema, &mut self.constraints, store);
            let shown = state.merge(table, op.table, op.key, &op.body, seen_s, &mut constrained)?;
            taken += 1;
            if !table.links.constrained {
                let stamp = op.body.stamp_max();
                let made = Made { hlc: stamp.hlc, maker: self.maker(stamp.epoch) };
                self.note(op.table, op.key, shown, made, store)?;
            }
        }
        self.settle_constraints(store)?;
        self.counters.rows_applied += taken;
        if self.tables.iter().map(TableState::pending_bytes).sum::<usize>() > self.config.limits.pending_bytes_max {
            self.drop_pending(now);
        }
        Ok(taken)
    }

    /// A row is not taken: neither its last writer nor who has sent it is told that it is here.
    fn refused(&mut self, writer: Epoch, source: Source) {
        let sender = match source {
            Source::Own(frames) | Source::Batch(frames) => Some(frames),
            Source::Donor => None,
        };
        if let Some(stream) = self.streams.get_mut(&writer) {
            stream.refused(0);
        }
        if let Some(frames) = sender
            && let Some(stream) = self.streams.get_mut(&frames.epoch)
        {
            stream.refused(frames.last);
        }
    }

    fn drop_pending(&mut self, now: Now) {
        for table in &mut self.tables {
            table.drop_pending();
        }
        // Of which frames, nobody knows.
        self.streams.values_mut().for_each(Stream::dropped);
        self.join_any(now);
    }

    /// Whether frames are taken: by who is ready, or is fetching rows from a member that has told how far it is.
    pub(super) fn takes_frames(&self) -> bool {
        let walks = || self.session.as_ref().is_some_and(|session| !matches!(session.stage, Stage::Digests));
        self.phase == Phase::Ready || walks()
    }

    /// Asks for missing frames, or resynchronises where asking was in vain. A joiner first learns where to start.
    pub(super) fn repair_streams(&mut self, now: Now) {
        if !self.takes_frames() {
            return;
        }
        let mut asks = Vec::new();
        for (epoch, stream) in &mut self.streams {
            let first = !stream.has_asked();
            let Some(repair) = stream.repair(now.mono_ms) else { continue };
            let writer = self.members.get(*epoch).and_then(|member| member.writer);
            match (repair, writer) {
                (Repair::Nack(from, to), Some(writer)) => asks.push((writer, *epoch, from, to, first)),
                // Nobody is there to ask: heartbeats will tell who has them.
                (_, None) => {}
                (Repair::Resync, Some(writer)) => self.resync_with = Some(writer),
            }
        }
        for (writer, epoch, from, to, first) in asks {
            self.counters.gaps += u64::from(first);
            self.counters.nacks_sent += 1;
            self.send(Destination::One(writer), &Body::Nack { epoch, from, to });
        }
        if let Some(writer) = self.resync_with.take_if(|_| self.session.is_none()) {
            self.resync(now, writer);
        }
    }

    fn on_nack(&mut self, asker: Writer, epoch: Epoch, from: u64, to: u64) {
        // Who has been answered much that has not left yet asks again.
        if self.config.reader || self.outbox_bytes >= self.config.limits.resend_at_once_bytes_max {
            return;
        }
        if epoch != self.epoch || from < self.log.oldest() {
            let oldest = if epoch == self.epoch { self.log.oldest() } else { u64::MAX };
            self.send(Destination::One(asker), &Body::Gone { epoch, oldest });
            return;
        }
        let at_once = self.config.limits.resend_at_once_bytes_max;
        let mut bytes = 0;
        let frames: Vec<_> = self
            .log
            .resend(from, to.min(self.log.sequence()))
            .take_while(|frame| {
                bytes += frame.len();
                bytes <= at_once || bytes == frame.len()
            })
            .cloned()
            .collect();
        self.counters.frames_resent += frames.len() as u64;
        for frame in frames {
            self.send_bytes(Destination::One(asker), frame);
        }
    }
}

/// Whether SQLite would take it as it is.
fn fits(table: &Table, op: &Op<'_>) -> bool {
    is_key_of(table, op.key)
        && match &op.body {
            OpBody::Put { birth, clocks, values, tallies } => {
                !birth.is_never()
                    && values.len() <= COLUMNS_MAX
                    && table.columns.iter().zip(values.iter().chain(std::iter::repeat(None))).all(|(column, value)| {
                        match value {
                            Some(value) => takes(table, column, value),
                            None => column.default.is_some(),
                        }
                    })
                    && clocks.iter().all(|(column, _)| {
                        usize::from(column) < values.len() || (table.row_wise && column == ROW_CLOCK)
                    })
                    && tallies
                        .iter()
                        .all(|share| table.merge_of(share.column) == Merge::Counter && share.hlc > birth.hlc)
            }
            OpBody::Update { birth, clock, columns } => {
                let takes = |(index, value): (u8, _)| match table.columns.get(usize::from(index)) {
                    Some(column) => takes(table, column, value),
                    // Of who knows more columns.
                    None => usize::from(index) < COLUMNS_MAX,
                };
                clock > birth && columns.iter().all(takes) && !leaves_out(table, columns)
            }
            OpBody::Delete { clock } => !clock.is_never(),
        }
}

/// Whether it is a row that wins as a whole, and lacks a column that can't be left out.
fn leaves_out(table: &Table, columns: &ColumnValues<'_>) -> bool {
    let of_row = |column: u8| table.clock_index(column) == ROW_CLOCK;
    if !table.row_wise || !columns.iter().any(|(column, _)| of_row(column)) {
        return false;
    }
    let mut said = [false; COLUMNS_MAX + 1];
    columns.iter().for_each(|(column, _)| said[usize::from(column)] = true);
    let needed = (0_u8..).zip(&table.columns).filter(|(_, definition)| definition.default.is_none());
    needed.filter(|(column, _)| of_row(*column)).any(|(column, _)| !said[usize::from(column)])
}

/// Constraints compare values as they are; so there they must be as SQLite would store them.
fn takes(table: &Table, column: &Column, value: ValueRef<'_>) -> bool {
    column.accepts(value) && (!table.links.constrained || column.keeps(value))
}

/// Whether the sender may.
fn may(table: &Table, op: &Op<'_>, source: Source) -> bool {
    match source {
        Source::Own(frames) => !table.owned || op.body.owner() == frames.epoch,
        // Who only reads owns nothing.
        Source::Batch(_) | Source::Donor => !table.owned || !op.body.owner().is_readers(),
    }
}

fn over_limit(state: &TableState, op: &Op<'_>, bytes_max: usize) -> bool {
    // One update fits a message, so this stays near the limit.
    matches!(op.body, OpBody::Update { .. }) && state.pending_bytes() > 2 * bytes_max
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::codec::{put_update, start_tx};
    use crate::core::engine::{Config, Limits};
    use crate::core::hlc::Stamp;
    use crate::core::key::key_of;
    use crate::core::value::{Value, ValueRef};
    use crate::options::Options;
    use crate::sqlite::LocalDb;

    #[test]
    fn updates_that_wait_in_vain_are_bounded() {
        let schema = ["CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)"];
        let mut db = LocalDb::open(&Options::new("pending").schema(&schema)).unwrap();
        let now = Now { mono_ms: 0, wall_ms: 1_700_000_000_000 };
        let config = Config {
            schema: Arc::clone(db.schema()),
            node: "".into(),
            heartbeat_ms: 500,
            lease_ms: 2_000,
            alone_after_ms: 300,
            tombstone_keep_ms: 60_000,
            limits: Limits { pending_bytes_max: 1_000, ..Limits::default() },
            read_only: false,
            reader: false,
            connected: true,
            seed: 7,
        };
        let mut engine = Engine::new(config, now);
        let pending = |engine: &Engine| engine.tables.iter().map(TableState::pending_bytes).sum::<usize>();
        let (epoch, mut most) = (Epoch(9), 0);
        for n in 1..1_000 {
            let mut tx = start_tx(1_000 + n);
            let key = key_of(&[Value::Integer(n as i64)]);
            let birth = Stamp { hlc: n, epoch };
            // Some that change nothing.
            let columns = if n % 2 == 0 { vec![(0, ValueRef::Integer(1))] } else { Vec::new() };
            put_update(&mut tx, 0, &key, epoch, birth, columns.into_iter());
            let source = Source::Own(Frames { epoch, first: n, last: n });
            engine.apply(now, OpReader::tx(&tx, epoch).unwrap(), source, &mut db).unwrap();
            most = most.max(pending(&engine));
        }
        assert!(most > 500 && most <= 1_000, "{most}");
        let keys: usize = (0..256).map(|bucket| engine.tables[0].keys(bucket, None).len()).sum();
        assert!(keys < 100, "{keys}: what was dropped leaves nothing behind");
    }
}
