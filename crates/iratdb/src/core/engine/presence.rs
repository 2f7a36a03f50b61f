//! Heartbeats, leases, the ends of epochs, joining and leaving.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use super::peers::Numbers;
use super::{Destination, Engine, Made, Now, Phase, TAILS_MAX};
use crate::core::codec::{Body, Header, Tail, encode};
use crate::core::constraint::Constrained;
use crate::core::digest::BUCKETS;
use crate::core::hlc::Stamp;
use crate::core::ids::{Epoch, Writer};
use crate::core::store::{Store, StoreError};
use crate::core::streams::Stream;
use crate::core::table::Shown;
use crate::core::version::Fit;

/// How long the last frames of an epoch that is over are told, in leases.
const TAIL_LEASES: u64 = 30;
/// How often a listener says hello before it takes itself for alone.
const HELLOS: u64 = 3;
/// Buckets of each table swept at a heartbeat.
const SWEEP_BUCKETS: usize = 8;

/// What a heartbeat said, beside who said it.
pub(super) struct Heard<'a> {
    pub(super) node: &'a str,
    pub(super) ready: bool,
    pub(super) incomplete: bool,
    pub(super) hello: bool,
    pub(super) flushed: bool,
    pub(super) sequence: u64,
    pub(super) state: u64,
    pub(super) tables: Vec<(u8, u64)>,
    pub(super) suspects: Vec<Epoch>,
    pub(super) tails: Vec<Tail>,
    pub(super) shown: Vec<Tail>,
}

impl Engine {
    pub(super) fn tick(&mut self, now: Now, store: &mut impl Store) -> Result<(), StoreError> {
        let asleep_ms = now.mono_ms.saturating_sub(self.last_tick_ms);
        self.last_tick_ms = now.mono_ms;
        if !self.connected {
            self.heartbeat_at_ms = now.mono_ms + self.config.heartbeat_ms;
            return Ok(());
        }
        if asleep_ms > self.config.lease_ms / 2 + self.config.heartbeat_ms {
            // This process did not run. What the others sent meanwhile has yet to be read.
            self.members.forgive(now.mono_ms);
        }
        self.session_tick(now, store)?;
        self.listen(now);
        self.release_held(now, store)?;
        self.acks_tick(now);
        self.send_acks();
        self.repair_streams(now);
        if self.members.forget_silent_readers(now.mono_ms, self.config.lease_ms) {
            // It may be back, and has to learn what was deleted.
            self.note_cut_off(now.mono_ms);
        }
        let more = self.members.suspect(now.mono_ms, self.config.lease_ms);
        let to_end = if self.config.reader { self.left_alone(now) } else { self.members.to_end(self.epoch) };
        for epoch in to_end {
            self.note_cut_off(now.mono_ms);
            self.end(now, epoch, store)?;
            if self.config.reader {
                continue;
            }
            let sequence = self.streams.get(&epoch).map_or(0, |stream| stream.settled());
            self.send(Destination::All, &Body::EpochEnd { tail: Tail { epoch, sequence } });
        }
        if now.mono_ms >= self.heartbeat_at_ms {
            self.heartbeat(now, false);
            self.complete_tick(now);
            self.past_tick(now);
            self.sweep(now);
        } else if more || self.heartbeat_due {
            self.heartbeat(now, false);
        }
        Ok(())
    }

    fn listen(&mut self, now: Now) {
        let Phase::Listening { until_ms, hello_at_ms } = self.phase else { return };
        if self.session.is_some() {
            return;
        }
        if now.mono_ms >= until_ms {
            if !self.has_ready_member() {
                self.only_mismatches = self.difference(now.mono_ms).is_some();
                if !self.only_mismatches && !self.hears_strangers(now) {
                    self.phase = Phase::Ready;
                    self.heartbeat(now, false);
                    return;
                }
            }
            // Somebody is there whose rows could not be had yet: try again.
            self.join_any(now);
            let until_ms = now.mono_ms + self.config.alone_after_ms;
            self.phase = Phase::Listening { until_ms, hello_at_ms: now.mono_ms };
            if self.session.is_none() {
                self.hello_soon(now);
            }
        } else if now.mono_ms >= hello_at_ms {
            self.hello_soon(now);
        }
    }

    /// Says hello: the others answer at once.
    pub(super) fn hello_soon(&mut self, now: Now) {
        if let Phase::Listening { hello_at_ms, .. } = &mut self.phase {
            *hello_at_ms = now.mono_ms + (self.config.alone_after_ms / HELLOS).max(1);
        }
        self.heartbeat(now, true);
    }

    fn has_ready_member(&self) -> bool {
        self.members.iter().any(|(_, member)| member.can_donate())
    }

    /// Takes another ready member as donor, any one, but rather one that has all our tables.
    pub(super) fn join_any(&mut self, now: Now) {
        let donors: Vec<_> = self.members.iter().filter(|(_, member)| member.can_donate()).collect();
        let best = donors.iter().map(|(epoch, member)| self.completeness(*epoch, member)).max();
        let donors = donors.iter().filter(|(epoch, member)| Some(self.completeness(*epoch, member)) == best);
        let ready: Vec<_> = donors.filter_map(|(_, member)| member.writer).collect();
        if ready.is_empty() {
            return;
        }
        let pick = self.random.next_nonzero() as usize % ready.len();
        if let Some(donor) = ready.get(pick) {
            self.resync(now, *donor);
        }
    }

    /// The next message is a heartbeat. It is made when there is room to send it: one that had to wait is not out of date, and never
    /// are there two.
    fn heartbeat(&mut self, now: Now, hello: bool) {
        self.heartbeat_at_ms = now.mono_ms + self.config.heartbeat_ms;
        self.heartbeat_due = false;
        if self.connected {
            self.heartbeat = Some(self.heartbeat.unwrap_or(false) || hello);
        }
    }

    pub(super) fn make_heartbeat(&mut self, hello: bool) -> Bytes {
        let since_ms = self.last_tick_ms.saturating_sub(TAIL_LEASES * self.config.lease_ms);
        let gone = self.members.ended_since(since_ms).chain(self.members.suspects().iter().copied());
        let gone: Vec<_> = gone.take(TAILS_MAX).collect();
        let of = |epoch: &Epoch, how_far: fn(&Stream) -> u64| {
            let sequence = self.streams.get(epoch).map_or(0, how_far);
            (sequence > 0).then_some(Tail { epoch: *epoch, sequence })
        };
        let mut tails: Vec<_> = gone.iter().filter_map(|epoch| of(epoch, Stream::acknowledged)).collect();
        let has_refused = |epoch: &&Epoch| self.streams.get(epoch).is_some_and(Stream::has_refused);
        let shown: Vec<_> = gone.iter().filter(has_refused).filter_map(|epoch| of(epoch, Stream::settled)).collect();
        if self.phase == Phase::Ready {
            tails.extend(self.settled_tails());
        }
        let node = Arc::clone(&self.config.node);
        let body = Body::Heartbeat {
            node: &node,
            ready: self.phase == Phase::Ready,
            incomplete: self.incomplete_since_ms.is_some(),
            hello,
            flushed: self.log.is_flushed(),
            sequence: self.log.sequence(),
            state: self.state(),
            tables: match self.is_mixed() {
                true => (0..).zip(&self.tables).map(|(table, state)| (table, state.digest())).collect(),
                false => Vec::new(),
            },
            suspects: self.members.suspects().to_vec(),
            tails,
            shown,
        };
        encode(self.header(), &body).into()
    }

    pub(super) fn on_heartbeat(&mut self, now: Now, (header, numbers): (Header, Numbers<'_>), heard: Heard<'_>) {
        let our_state = self.state();
        let other_rows = self.differs(numbers, heard.state, &heard.tables);
        let we_are_ready = self.phase == Phase::Ready;
        let Some(member) = self.members.get_mut(header.epoch) else { return };
        if *member.node != *heard.node {
            member.node = heard.node.into();
        }
        // Both at rest since the last heartbeat, and still different: something was lost for good.
        let at_rest = member.state == heard.state && member.our_state == our_state;
        let reader = header.epoch.is_readers();
        let donor = heard.ready && !reader;
        let differ = at_rest && member.ready && donor && we_are_ready && other_rows;
        member.state = heard.state;
        member.our_state = our_state;
        member.ready = heard.ready;
        member.incomplete = heard.incomplete;
        member.schema = Some(header.schema);
        member.suspects.clone_from(&heard.suspects);
        for suspect in heard.suspects {
            // Either it missed the end of that one, or we have never heard it, and soon second that.
            self.remind(now, suspect);
            if suspect != self.epoch {
                self.members.seen(suspect, None, now.mono_ms);
            }
        }
        if let Some(stream) = self.stream(header.epoch) {
            stream.known(heard.sequence);
        }
        let has_all = numbers.is_none_or(Fit::has_all);
        if donor && we_are_ready && has_all && !heard.incomplete && heard.state == our_state {
            self.same_rows(header.epoch, heard.flushed.then_some(heard.sequence), &heard.tails);
        }
        // From who does not have all our tables, what is here but for these can't be had.
        let has = |stream: &Stream| if has_all { stream.settled() } else { stream.shown_in_common() };
        let behind = heard.tails.iter().chain(&heard.shown).any(|tail| {
            !reader
                && tail.epoch != self.epoch
                && self.members.is_ended(tail.epoch)
                && self.streams.get(&tail.epoch).map_or(0, has) < tail.sequence
        });
        if heard.hello {
            self.heartbeat_due = true;
        }
        self.on_settled(header, &heard.tails);
        self.note_past(header.epoch, heard.sequence, heard.flushed);
        // One that has not all is taken when it is time, and no better one is there.
        let is_best = has_all && !heard.incomplete;
        let joining = matches!(self.phase, Phase::Listening { .. }) && self.session.is_none() && is_best;
        let completes =
            self.incomplete_since_ms.is_some() && we_are_ready && has_all && (is_best || !self.hears_complete());
        // Who is not ready gives nothing, nor one that only reads.
        if (differ || behind || joining || completes) && donor {
            self.resync(now, header.writer);
            self.yield_to = (differ && self.config.reader).then_some(header.writer);
        }
    }

    /// A member shows what shows here, and has taken all of some frames: so nothing of these is missing here, whatever was refused.
    fn same_rows(&mut self, member: Epoch, flushed: Option<u64>, tails: &[Tail]) {
        let its_own = flushed.map(|sequence| Tail { epoch: member, sequence });
        for tail in tails.iter().copied().chain(its_own) {
            if let Some(stream) = self.streams.get_mut(&tail.epoch) {
                stream.has_all_up_to(tail.sequence);
            }
        }
    }

    /// An epoch is over: its owned rows are gone.
    pub(super) fn end(&mut self, now: Now, epoch: Epoch, store: &mut impl Store) -> Result<(), StoreError> {
        if epoch == self.epoch {
            return Ok(());
        }
        let maker = self.maker(epoch);
        if !self.members.end(epoch, now.mono_ms) {
            return Ok(());
        }
        self.wanted.remove(&epoch);
        self.counters.epochs_ended += 1;
        for index in 0..self.tables.len() {
            let (Some(table), Some(state)) = (self.config.schema.tables.get(index), self.tables.get_mut(index)) else {
                continue;
            };
            if !table.owned {
                continue;
            }
            let mut gone = Vec::new();
            for key in state.keys_of_owner(epoch) {
                let mut constrained = Constrained::new(&self.config.schema, &mut self.constraints, store);
                let shown = state.end_owner(table, index, &key, epoch, &mut constrained)?;
                if !table.links.constrained {
                    gone.push((key, shown));
                }
            }
            for (key, shown) in gone {
                let revealed = if shown == Shown::Updated { self.visible_birth(index, &key) } else { Stamp::NEVER };
                let maker = if revealed.is_never() { maker.clone() } else { self.maker(revealed.epoch) };
                self.note(index, &key, shown, Made { hlc: revealed.hlc, maker }, store)?;
            }
        }
        self.settle_constraints(store)
    }

    pub(super) fn on_epoch_end(
        &mut self,
        now: Now,
        header: Header,
        tail: Tail,
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        if tail.epoch == self.epoch {
            self.restart_epoch(now);
            return self.settle_constraints(store);
        }
        if header.epoch != tail.epoch {
            self.note_cut_off(now.mono_ms);
        }
        self.end(now, tail.epoch, store)?;
        self.given_up.remove(&tail.epoch);
        let have = self.streams.get(&tail.epoch).map_or(0, |stream| stream.settled());
        if have < tail.sequence {
            if header.epoch == tail.epoch {
                // It has closed: whoever has its last frames will say so in a heartbeat.
                if let Some(stream) = self.stream(tail.epoch) {
                    stream.known(tail.sequence);
                }
            } else {
                self.resync(now, header.writer);
            }
        }
        Ok(())
    }

    /// Tells an epoch that is over and does not know it.
    pub(super) fn remind(&mut self, now: Now, epoch: Epoch) {
        if !self.config.reader && self.members.remind(epoch, now.mono_ms, self.config.heartbeat_ms) {
            let sequence = self.streams.get(&epoch).map_or(0, |stream| stream.settled());
            self.send(Destination::All, &Body::EpochEnd { tail: Tail { epoch, sequence } });
        }
    }

    /// All local changes have gone into frames: after the rows of a new epoch it is time for the end of the former one, for those who
    /// have not heard.
    pub(super) fn all_sent(&mut self) {
        if let Some((epoch, sequence)) = self.farewell.take() {
            self.send(Destination::All, &Body::EpochEnd { tail: Tail { epoch, sequence } });
        }
    }

    pub(super) fn connect(&mut self, now: Now) {
        if self.connected || !self.config.connected {
            return;
        }
        self.connected = true;
        self.unheard_of = HashSet::default();
        self.last_tick_ms = now.mono_ms;
        self.members.forgive(now.mono_ms);
        if let Phase::Listening { until_ms, .. } = &mut self.phase {
            *until_ms = now.mono_ms + self.config.alone_after_ms;
        }
        self.hello_soon(now);
    }

    pub(super) fn disconnect(&mut self) {
        if !std::mem::replace(&mut self.connected, false) {
            return;
        }
        self.note_cut_off(self.last_tick_ms);
        self.drop_session();
        self.waiting.clear();
        self.serving.clear();
        self.log.coalesce(self.epoch);
        self.heartbeat = None;
        self.signs.clear();
        self.outbox.clear();
        self.outbox_bytes = 0;
    }

    pub(super) fn leave(&mut self) {
        let tail = Tail { epoch: self.epoch, sequence: self.log.sequence() };
        self.send(Destination::All, &Body::EpochEnd { tail });
        self.heartbeat = None;
        self.phase = Phase::Closed;
    }

    /// Forgets what no member can bring up again, a part of it at a time.
    fn sweep(&mut self, now: Now) {
        self.forgotten = self.forgotten.and(self.forgettable(now));
        for (state, table) in self.tables.iter_mut().zip(&self.config.schema.tables) {
            for bucket in self.sweep_bucket..self.sweep_bucket + SWEEP_BUCKETS {
                state.sweep(bucket % BUCKETS, self.forgotten.before_s(table));
            }
        }
        self.sweep_bucket = (self.sweep_bucket + SWEEP_BUCKETS) % BUCKETS;
        let since_ms = now.mono_ms.saturating_sub(TAIL_LEASES * self.config.lease_ms);
        let recent: Vec<_> = self.members.ended_since(since_ms).collect();
        let members = &self.members;
        self.streams.retain(|epoch, _| members.get(*epoch).is_some() || recent.contains(epoch));
        let (streams, ours) = (&self.streams, [&[self.epoch], &*self.former].concat());
        self.members.forget_settled(|epoch| streams.contains_key(&epoch) || ours.contains(&epoch));
        self.forget_held();
    }

    /// Any message of a member counts as a sign of life. False if its epoch is over.
    pub(super) fn sign_of_life(&mut self, now: Now, epoch: Epoch, writer: Writer) -> bool {
        if self.members.is_ended(epoch) {
            return false;
        }
        self.members.seen(epoch, Some(writer), now.mono_ms)
    }
}
