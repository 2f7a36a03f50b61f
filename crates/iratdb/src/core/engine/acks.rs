//! Who has which of this process's commits.
//!
//! Heartbeats tell how far a member has got with everybody's frames. Who waits for a commit does not wait for the next
//! heartbeat: its frame, or a request if the frame has already left, asks the members to say at once when they have it.

use super::{Destination, Engine, Now, Phase};
use crate::core::codec::{Body, Header, Tail};
use crate::core::ids::{Epoch, Writer};
use crate::core::log::Sent;

/// How long after somebody has waited for a commit frames ask to be acknowledged: who waits once waits again.
const ASK_WITH_FRAMES_MS: u64 = 1_000;
/// How often a member that has not answered is asked.
const ASK_AGAIN_MS: u64 = 100;
/// Streams told in a heartbeat though nothing has come since the last one, in turn.
const UNCHANGED_TOLD: usize = 8;
/// Streams told in a heartbeat at most.
pub(super) const TOLD_MAX: usize = 256;

/// What this process waits to hear.
#[derive(Debug, Default)]
pub(super) struct Acks {
    /// The last commit somebody waits for.
    commit: u64,
    /// Until when somebody waits.
    until_ms: u64,
    /// When to ask again.
    ask_at_ms: u64,
    /// Until when frames ask by themselves.
    frames_until_ms: u64,
    /// Whether somebody has acknowledged something since this was last asked for.
    news: bool,
    /// Where the last heartbeat's turn through the unchanged streams ended.
    turn: Epoch,
}

impl Engine {
    /// Whether there are others at all, some day.
    pub fn has_others(&self) -> bool {
        self.config.connected
    }

    /// The number of the last local commit.
    pub fn last_commit(&self) -> u64 {
        self.log.committed()
    }

    /// How many live members, beside this one, have a commit and all before it. Those that only read don't count: what only
    /// they have can't be had from them.
    pub fn replicas(&self, commit: u64) -> usize {
        self.replicas_of(commit).len()
    }

    /// The live members, beside this one, that have a commit and all before it.
    pub fn replicas_of(&self, commit: u64) -> Vec<Writer> {
        let Some(needed) = self.log.needed(commit) else { return Vec::new() };
        let has = |settled: &std::collections::BTreeMap<Epoch, u64>, sent: Sent| {
            sent.sequence == 0 || settled.get(&sent.epoch).is_some_and(|sequence| *sequence >= sent.sequence)
        };
        let ready = self.members.iter().filter(|(_, member)| member.can_donate());
        let having = ready.filter(|(epoch, member)| {
            has(&member.settled, needed.frames)
                && needed.again.is_none_or(|again| has(&member.settled, again))
                && self.keeps(*epoch, commit)
        });
        having.filter_map(|(_, member)| member.writer).collect()
    }

    /// Whether a member has all tables with rows of a commit and of those before it.
    fn keeps(&self, epoch: Epoch, commit: u64) -> bool {
        let first_commits = self.first_commits.iter().enumerate();
        let mut used = first_commits.filter(|(_, first)| first.is_some_and(|first| first <= commit));
        self.has_all_tables(epoch) || used.all(|(table, _)| self.has_table(epoch, table))
    }

    /// Somebody waits for a commit, for so long: members are asked to tell at once that they have it.
    pub fn await_replicas(&mut self, now: Now, commit: u64, wait_ms: u64) {
        self.acks.commit = self.acks.commit.max(commit);
        self.acks.until_ms = self.acks.until_ms.max(now.mono_ms.saturating_add(wait_ms));
        self.acks.frames_until_ms = now.mono_ms + ASK_WITH_FRAMES_MS;
        // What has not left yet will ask by itself.
        let left = commit <= self.log.covered();
        self.acks.ask_at_ms = if left { now.mono_ms } else { now.mono_ms + ASK_AGAIN_MS };
        self.acks_tick(now);
    }

    /// Whether somebody may have got further since this was last asked.
    pub fn take_ack_news(&mut self) -> bool {
        std::mem::take(&mut self.acks.news)
    }

    /// Whether the next frame asks to be acknowledged.
    pub(super) fn frames_ask(&self) -> bool {
        self.last_tick_ms <= self.acks.frames_until_ms && self.acks.commit > 0
    }

    pub(super) fn acks_timeout(&self) -> Option<u64> {
        (self.acks.ask_at_ms < self.acks.until_ms).then_some(self.acks.ask_at_ms)
    }

    /// Asks those who have not answered.
    pub(super) fn acks_tick(&mut self, now: Now) {
        if now.mono_ms >= self.acks.until_ms {
            self.acks.until_ms = 0;
        }
        if now.mono_ms < self.acks.ask_at_ms || self.acks.until_ms == 0 || !self.connected {
            return;
        }
        self.acks.ask_at_ms = now.mono_ms + ASK_AGAIN_MS;
        let sequence = self.log.sequence();
        let others = self.members.iter().filter(|(_, member)| member.can_donate()).count();
        if self.replicas(self.acks.commit) >= others {
            // Nobody is left to ask; who comes later tells in its heartbeats.
            self.acks.until_ms = 0;
        } else if sequence > 0 {
            self.send(Destination::All, &Body::AckRequest { sequence });
        }
    }

    /// Tells the senders that wait for it how far we have got. A joiner does not have what it has until it is ready, and nobody waits
    /// for one that only reads.
    pub(super) fn send_acks(&mut self) {
        if self.config.reader {
            self.wanted.clear();
            return;
        }
        if self.phase != Phase::Ready {
            return;
        }
        let acks: Vec<_> = self.wanted.iter().copied().collect();
        for epoch in acks {
            let sequence = self.streams.get_mut(&epoch).and_then(|stream| {
                let ack = stream.take_ack();
                (!stream.wants_ack()).then(|| self.wanted.remove(&epoch));
                ack
            });
            let writer = self.members.get(epoch).and_then(|member| member.writer);
            if let (Some(sequence), Some(writer)) = (sequence, writer) {
                self.send(Destination::One(writer), &Body::Ack { tail: Tail { epoch, sequence } });
            }
        }
    }

    pub(super) fn on_ack_request(&mut self, header: Header, sequence: u64) {
        if let Some(stream) = self.stream(header.epoch) {
            stream.known(sequence);
            stream.ask(sequence);
            self.wanted.insert(header.epoch);
        }
    }

    /// A member said how far it has got with somebody's frames.
    pub(super) fn on_settled(&mut self, header: Header, tails: &[Tail]) {
        let ours = |epoch: Epoch| epoch == self.epoch || self.former.contains(&epoch);
        let news = tails.iter().any(|tail| ours(tail.epoch));
        // Only epochs that are known here: a member can't make this map grow.
        let known: Vec<_> =
            tails.iter().filter(|tail| ours(tail.epoch) || self.streams.contains_key(&tail.epoch)).copied().collect();
        if let Some(member) = self.members.get_mut(header.epoch) {
            for tail in known {
                let settled = member.settled.entry(tail.epoch).or_default();
                *settled = tail.sequence.max(*settled);
            }
        }
        self.acks.news |= news;
    }

    /// How far we have got with live members' frames, for a heartbeat: where something has changed, and in turn the rest.
    pub(super) fn settled_tails(&mut self) -> Vec<Tail> {
        let turn = self.acks.turn;
        let mut tails = Vec::new();
        let mut unchanged = Vec::new();
        for (epoch, stream) in &mut self.streams {
            if self.members.get(*epoch).is_none() {
                continue;
            }
            let tail = Tail { epoch: *epoch, sequence: stream.acknowledged() };
            if tails.len() < TOLD_MAX && stream.take_change() {
                tails.push(tail);
            } else {
                unchanged.push(tail);
            }
        }
        let from = unchanged.partition_point(|tail| tail.epoch <= turn);
        unchanged.rotate_left(from);
        unchanged.truncate(UNCHANGED_TOLD);
        if let Some(last) = unchanged.last() {
            self.acks.turn = last.epoch;
        }
        tails.extend(unchanged);
        tails
    }
}
