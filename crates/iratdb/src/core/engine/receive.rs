//! Messages in.

use super::presence::Heard;
use super::{Destination, Engine, Now, PENDING_BYTES_MAX, Phase, RESEND_BYTES_MAX, STREAMS_MAX};
use crate::core::codec::{Body, Entry, Header, MESSAGE_BYTES_MAX, Op, OpBody, OpReader, decode, decode_header};
use crate::core::ids::{Epoch, Writer};
use crate::core::key::is_key_of;
use crate::core::schema::Table;
use crate::core::store::{Store, StoreError};
use crate::core::streams::{Repair, Stream};
use crate::core::table::TableState;

/// Whose changes a message may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A transaction: of owned tables, only the sender's rows.
    Own(Epoch),
    /// States of rows, of whomever.
    States,
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
        if header.schema != self.config.schema.hash {
            self.counters.schema_mismatches += 1;
            self.mismatch = Some(header.schema);
            if matches!(message.body, Body::Heartbeat { hello: true, .. }) {
                // Its sender should learn that it is not alone.
                self.heartbeat_due = true;
            }
            return Ok(());
        }
        if self.must_start_over(&message) {
            self.start_over(now, store)?;
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
            Body::Frame { sequence, entries } => {
                if alive {
                    self.sign_of_life(now, header.epoch, header.writer);
                }
                self.on_frame(now, header, sequence, &entries, store)
            }
            Body::EpochEnd { tail } => self.on_epoch_end(now, header, tail, store),
            Body::Heartbeat { node, ready, reader, hello, sequence, state, suspects, tails } if alive => {
                // Nothing depends on what a reader thinks of others.
                let (suspects, tails) = if reader { (Vec::new(), Vec::new()) } else { (suspects, tails) };
                let heard = Heard { node, ready, reader, hello, sequence, state, suspects, tails };
                self.on_heartbeat(now, header, heard);
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
            Body::DigestRequest { token, flushed } => {
                self.on_digest_request(header.writer, token, flushed);
                Ok(())
            }
            Body::Digests { token, tails, ended, buckets } => {
                self.on_digests(now, header.writer, token, tails, &ended, &buckets, store)
            }
            Body::Fetch { token, cursor, wanted } => self.on_fetch(header.writer, token, cursor, &wanted, store),
            Body::Rows { token, cursor, next, states } => {
                self.on_rows(now, header.writer, token, cursor.into(), next.map(Into::into), states, store)
            }
        }
    }

    /// The frames of an epoch; `None` if there are too many streams.
    pub(super) fn stream(&mut self, epoch: Epoch) -> Option<&mut Stream> {
        if self.streams.len() >= STREAMS_MAX && !self.streams.contains_key(&epoch) {
            return None;
        }
        Some(self.streams.entry(epoch).or_default())
    }

    fn on_frame(
        &mut self,
        now: Now,
        header: Header,
        sequence: u64,
        entries: &[Entry<'_>],
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let epoch = header.epoch;
        if self.members.is_ended(epoch) && !self.streams.contains_key(&epoch) {
            // Long forgotten: what else was in its frames came another way.
            self.streams.insert(epoch, Stream::starting_after(sequence - 1));
        }
        let Some(stream) = self.stream(epoch) else { return Ok(()) };
        if stream.has(sequence) {
            self.counters.frames_duplicate += 1;
            return Ok(());
        }
        for entry in entries {
            match *entry {
                Entry::Tx(bytes) => {
                    if let Ok(ops) = OpReader::tx(bytes, epoch) {
                        self.apply(now, ops, Source::Own(epoch), store)?;
                    }
                }
                Entry::States(bytes) => {
                    self.apply(now, OpReader::states(bytes), Source::States, store)?;
                }
                Entry::Part { hlc, index, count, bytes } => {
                    let Some(stream) = self.streams.get_mut(&epoch) else { continue };
                    let Some(whole) = stream.assemble(hlc, sequence, index, count, bytes) else { continue };
                    match OpReader::tx(&whole, epoch) {
                        Ok(ops) if ops.check().is_ok() => {
                            self.apply(now, ops, Source::Own(epoch), store)?;
                        }
                        _ => self.counters.malformed += 1,
                    }
                }
            }
        }
        self.counters.frames_received += 1;
        if let Some(stream) = self.streams.get_mut(&epoch) {
            stream.arrived(sequence);
        }
        self.repair_streams(now);
        Ok(())
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
                || over_limit(state, &op)
            {
                self.counters.refused += 1;
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
            let shown = state.merge(table, op.table, op.key, &op.body, now.seconds(), store)?;
            taken += 1;
            self.note(op.table, op.key, shown, false, store)?;
        }
        self.counters.rows_applied += taken;
        if self.tables.iter().map(TableState::pending_bytes).sum::<usize>() > PENDING_BYTES_MAX {
            self.drop_pending(now);
        }
        Ok(taken)
    }

    fn drop_pending(&mut self, now: Now) {
        for table in &mut self.tables {
            table.drop_pending();
        }
        self.join_any(now);
    }

    /// Whether missing frames are asked for. A joiner first learns where to start.
    pub(super) fn may_repair(&self) -> bool {
        self.phase == Phase::Ready || self.settling.is_some()
    }

    /// Asks for missing frames, or resynchronises where asking was in vain.
    pub(super) fn repair_streams(&mut self, now: Now) {
        if !self.may_repair() {
            return;
        }
        let mut asks = Vec::new();
        for (epoch, stream) in &mut self.streams {
            let Some(repair) = stream.repair(now.mono_ms) else { continue };
            let writer = self.members.get(*epoch).and_then(|member| member.writer);
            match (repair, writer) {
                (Repair::Nack(from, to), Some(writer)) => asks.push((writer, *epoch, from, to)),
                // Nobody is there to ask: heartbeats will tell who has them.
                (_, None) => {}
                (Repair::Resync, Some(writer)) => self.resync_with = Some(writer),
            }
        }
        for (writer, epoch, from, to) in asks {
            self.counters.nacks_sent += 1;
            self.send(Destination::One(writer), &Body::Nack { epoch, from, to });
        }
        if let Some(writer) = self.resync_with.take_if(|_| self.session.is_none()) {
            self.resync(now, writer);
        }
    }

    fn on_nack(&mut self, asker: Writer, epoch: Epoch, from: u64, to: u64) {
        if self.config.read_only {
            return;
        }
        if epoch != self.epoch || from < self.log.oldest() {
            let oldest = if epoch == self.epoch { self.log.oldest() } else { u64::MAX };
            self.send(Destination::One(asker), &Body::Gone { epoch, oldest });
            return;
        }
        let mut bytes = 0;
        let frames: Vec<_> = self
            .log
            .resend(from, to.min(self.log.sequence()))
            .take_while(|frame| {
                bytes += frame.len();
                bytes <= RESEND_BYTES_MAX
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
            OpBody::Put { birth, clocks, values } => {
                !birth.is_never()
                    && values.len() == table.columns.len()
                    && values.iter().zip(&table.columns).all(|(value, column)| column.accepts(value))
                    && clocks.iter().all(|(column, _)| usize::from(column) < table.columns.len())
            }
            OpBody::Update { birth, clock, columns } => {
                clock > birth
                    && columns
                        .iter()
                        .all(|(index, value)| table.columns.get(usize::from(index)).is_some_and(|c| c.accepts(value)))
            }
            OpBody::Delete { clock } => !clock.is_never(),
        }
}

/// Whether the sender may.
fn may(table: &Table, op: &Op<'_>, source: Source) -> bool {
    match source {
        Source::Own(sender) => !table.owned || op.body.owner() == sender,
        Source::States => true,
    }
}

fn over_limit(state: &TableState, op: &Op<'_>) -> bool {
    // One update fits a message, so this stays near the limit.
    matches!(op.body, OpBody::Update { .. }) && state.pending_bytes() > 2 * PENDING_BYTES_MAX
}
