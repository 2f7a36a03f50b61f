//! Frames in: of each epoch, which have arrived, which are missing, and parts of large transactions.
//!
//! *Settled* are the frames up to which all are in and show. What has arrived and does not show yet (parts of a transaction, a
//! transaction that waits for another's rows) is not settled, nor is what was dropped again.

use std::collections::BTreeMap;

use super::codec::TX_BYTES_MAX;

/// Separate runs of frames that may have arrived beyond a gap; more, and the replica resynchronises.
const RUNS_MAX: usize = 256;
/// Transactions in parts that may be incomplete at once, of one epoch.
const ASSEMBLIES_MAX: usize = 4;
/// What a part takes beside its bytes, for limits.
const PART_OVERHEAD_BYTES: usize = 64;
/// First wait for missing frames, in ms; doubles with each try.
const NACK_RETRY_MS: u64 = 100;
/// After so many requests the replica resynchronises instead.
const NACKS_MAX: u32 = 5;

/// What to do about missing frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Ask for these, first to last.
    Nack(u64, u64),
    /// Asking was in vain.
    Resync,
}

#[derive(Debug)]
struct Assembly {
    first: u64,
    count: u32,
    parts: BTreeMap<u32, Box<[u8]>>,
    bytes: usize,
}

/// The frames of one epoch.
#[derive(Debug, Default)]
pub struct Stream {
    done: u64,
    beyond: BTreeMap<u64, u64>,
    known: u64,
    /// Whether it has been heard from its beginning. What came before that is fetched as rows, never as frames: they are old, and what was
    /// deleted since may have been forgotten.
    begun: bool,
    assemblies: BTreeMap<u64, Assembly>,
    nacks: u32,
    nack_at_ms: u64,
    lost: bool,
    hole: Option<Hole>,
    /// Frames that came by way of a member that does not keep all: rows of tables that it does not have are missing.
    partly: Option<Hole>,
    /// Something of the frames beyond this one was refused, as by a broken clock: they don't count as being here.
    refused: Option<u64>,
    /// The same before it was all taken anew.
    refused_before: Option<u64>,
    /// It is a guess that what came up to this frame is here; 0 if it is none.
    guessed: u64,
    /// First frames of what is held back, and how many things that began there.
    held: BTreeMap<u64, u32>,
    /// A resync has brought what began up to this frame.
    covered: u64,
    /// A resync under way will bring what began up to this frame.
    covering: u64,
    /// How often something of these frames has come to show.
    changes: u64,
    /// A sender waits to hear of the frames up to this one.
    wanted: u64,
    /// The sender has been told of the frames up to this one.
    told: u64,
    /// What the last heartbeat told.
    shown: u64,
}

/// Frames that arrived, and of which something was dropped: a resync that covers them all has to bring it.
#[derive(Debug, Clone, Copy)]
struct Hole {
    before: u64,
    until: u64,
}

impl Stream {
    /// A stream of which everything up to this frame is here.
    pub fn starting_after(sequence: u64) -> Self {
        Self { done: sequence, known: sequence, covered: sequence, begun: true, ..Self::default() }
    }

    /// A stream of an epoch that is over, and of which what came up to this frame is not asked for: if anybody has it, it came another way.
    pub fn guessed_up_to(sequence: u64) -> Self {
        Self { guessed: sequence, ..Self::starting_after(sequence) }
    }

    /// Something of the frames that are here was dropped.
    pub fn dropped(&mut self) {
        let until = self.top();
        if until > 0 {
            self.make_hole(0, until);
        }
    }

    fn make_hole(&mut self, before: u64, until: u64) {
        let old = self.hole.unwrap_or(Hole { before, until });
        self.hole = Some(Hole { before: old.before.min(before), until: old.until.max(until) });
        self.lost = true;
    }

    /// Whether a frame has arrived.
    pub fn has(&self, sequence: u64) -> bool {
        sequence <= self.done || self.beyond.range(..=sequence).next_back().is_some_and(|(_, last)| sequence <= *last)
    }

    /// A frame has arrived.
    pub fn arrived(&mut self, sequence: u64) {
        if self.has(sequence) {
            return;
        }
        self.known = self.known.max(sequence);
        self.begun |= sequence == 1;
        self.changes += 1;
        let (mut first, mut last) = (sequence, sequence);
        if let Some((&f, &l)) = self.beyond.range(..sequence).next_back()
            && l + 1 == sequence
        {
            first = f;
        }
        if let Some(l) = self.beyond.remove(&(sequence + 1)) {
            last = l;
        }
        self.beyond.insert(first, last);
        self.settle();
        if self.beyond.len() > RUNS_MAX {
            // The frames are in; which ones, is forgotten: they will be repeated, or covered by a resync.
            self.beyond.pop_last();
            self.lost = true;
        }
    }

    fn settle(&mut self) {
        while let Some(run) = self.beyond.first_entry() {
            if *run.key() > self.done + 1 {
                break;
            }
            self.done = self.done.max(run.remove());
            self.nacks = 0;
            self.nack_at_ms = 0;
        }
    }

    /// The sender has sent frames up to this one.
    pub fn known(&mut self, sequence: u64) {
        self.begun |= sequence == 0;
        self.known = self.known.max(sequence);
    }

    /// A resync that is under way will bring everything up to this frame; 0 if it will not. Until it has, these
    /// frames are not asked for, and not settled either.
    pub fn expect(&mut self, sequence: u64) {
        self.covering = sequence;
    }

    /// No rows are missing of what came by way of a member that does not keep all.
    pub fn take_for_whole(&mut self) {
        self.partly = None;
    }

    /// Whether rows of frames that came by way of a resync may be missing, because its donor does not have their tables.
    pub fn is_partly_here(&self) -> bool {
        self.partly.is_some()
    }

    /// Everything up to this frame is in, by way of a resync; or, if it is not the whole, all but rows of tables that the donor does not have.
    pub fn cover(&mut self, sequence: u64, whole: bool) {
        let settled = self.settled();
        if whole {
            self.partly = self.partly.filter(|partly| partly.until > sequence);
        } else if sequence > settled {
            let old = self.partly.unwrap_or(Hole { before: settled, until: sequence });
            self.partly = Some(Hole { before: old.before, until: old.until.max(sequence) });
        }
        self.covering = 0;
        if sequence >= self.guessed {
            self.guessed = 0;
        }
        self.begun |= sequence > 0;
        self.covered = self.covered.max(sequence);
        self.changes += 1;
        if sequence > self.done {
            self.done = sequence;
            self.known = self.known.max(sequence);
            self.beyond.retain(|_, last| *last > sequence);
            self.settle();
        }
        self.assemblies.retain(|_, assembly| assembly.first > sequence);
        self.held.retain(|first, _| *first > sequence);
        self.nacks = 0;
        self.nack_at_ms = 0;
        self.hole = self.hole.filter(|hole| hole.until > sequence);
        self.lost = self.partly.is_some() || (self.lost && self.hole.is_some());
    }

    /// Everything up to this frame is in and shows: parts that wait for others do not.
    pub fn settled(&self) -> u64 {
        self.partly.map_or(u64::MAX, |partly| partly.before).min(self.shown_in_common())
    }

    /// Something of frames that are not settled yet, or that was refused before, is refused.
    pub fn refused(&mut self) {
        let before = [self.refused, self.refused_before].into_iter().flatten();
        self.refused = Some(before.fold(self.settled(), u64::min));
    }

    /// Whether something was refused.
    pub fn has_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// All of it is about to be taken anew.
    pub fn take_back_refusals(&mut self) {
        self.refused_before = self.refused.take();
    }

    /// How far who waits for it may be told that frames are here: those that are settled, up to the first of which something was refused.
    pub fn acknowledged(&self) -> u64 {
        self.refused.map_or(u64::MAX, |refused| refused).min(self.settled())
    }

    /// As [`Stream::settled`], but for rows of tables that a donor did not have.
    pub fn shown_in_common(&self) -> u64 {
        let here = if self.guessed > 0 { 0 } else { self.here_with(0) };
        self.held.first_key_value().map_or(here, |(first, _)| here.min(first - 1))
    }

    /// The frame up to which all are in, shown or held back, if a resync has brought all up to the given one.
    pub fn here_with(&self, covered: u64) -> u64 {
        let waiting = self.assemblies.values().map(|assembly| assembly.first);
        let waiting = waiting.filter(|first| *first > covered).map(|first| first - 1);
        let dropped = self.hole.filter(|hole| hole.until > covered).map(|hole| hole.before);
        waiting.chain(dropped).fold(self.contiguous(covered), u64::min)
    }

    /// The frame up to which all have arrived, if all up to the given one have.
    fn contiguous(&self, from: u64) -> u64 {
        let from = self.done.max(from);
        self.beyond.iter().fold(from, |done, (first, last)| if *first <= done + 1 { done.max(*last) } else { done })
    }

    /// The last frame that has arrived.
    pub fn top(&self) -> u64 {
        self.beyond.last_key_value().map_or(self.done, |(_, last)| *last)
    }

    /// Changes whenever something of these frames comes to show.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Something that began with this frame is held back.
    pub fn hold(&mut self, first: u64) {
        *self.held.entry(first).or_default() += 1;
    }

    /// Whether something that began with this frame is still to come to show: a resync may have brought it.
    pub fn is_held(&self, first: u64) -> bool {
        self.held.contains_key(&first)
    }

    /// Whether all that came before this frame shows.
    pub fn is_next(&self, first: u64) -> bool {
        self.hole.is_none() && self.shown_in_common() + 1 >= first
    }

    /// One thing that began with this frame shows now.
    pub fn release(&mut self, first: u64) {
        self.changes += 1;
        if let Some(count) = self.held.get_mut(&first) {
            *count -= 1;
            if *count == 0 {
                self.held.remove(&first);
            }
        }
    }

    /// What was held back, and came with these frames, is dropped.
    pub fn drop_held(&mut self, first: u64, last: u64) {
        self.release(first);
        self.make_hole(first - 1, last);
    }

    /// How many frames are missing that the sender has sent.
    pub fn missing(&self) -> u64 {
        let beyond: u64 = self.beyond.iter().map(|(first, last)| last - first + 1).sum();
        self.known.saturating_sub(self.done).saturating_sub(beyond)
    }

    /// The sender waits to hear of the frames up to this one.
    pub fn want(&mut self, sequence: u64) {
        self.wanted = self.wanted.max(sequence);
    }

    /// The sender asks, perhaps again, how far we have got.
    pub fn ask(&mut self, sequence: u64) {
        self.want(sequence);
        self.told = 0;
    }

    /// Whether the sender still waits to hear.
    pub fn wants_ack(&self) -> bool {
        self.wanted > self.told
    }

    /// Whether [`Stream::acknowledged`] has changed since this was last asked.
    pub fn take_change(&mut self) -> bool {
        let settled = self.acknowledged();
        settled != std::mem::replace(&mut self.shown, settled)
    }

    /// What the sender should be told now: how far we have got.
    pub fn take_ack(&mut self) -> Option<u64> {
        let settled = self.acknowledged();
        if self.wanted <= self.told || settled <= self.told {
            return None;
        }
        self.told = settled;
        Some(settled)
    }

    /// Whether missing frames have been asked for since the last one came.
    pub fn has_asked(&self) -> bool {
        self.nacks > 0
    }

    /// Whether frames are missing that the sender has sent.
    pub fn has_gap(&self) -> bool {
        self.contiguous(self.covering) < self.known
    }

    /// What to do now about missing frames, if anything.
    pub fn repair(&mut self, now_ms: u64) -> Option<Repair> {
        if self.lost && now_ms >= self.nack_at_ms {
            // What was dropped comes with a resync; until it has, try again.
            self.lost = self.hole.is_some() || self.partly.is_some();
            self.nack_at_ms = now_ms + NACK_RETRY_MS;
            return Some(Repair::Resync);
        }
        if !self.has_gap() || now_ms < self.nack_at_ms {
            return None;
        }
        if self.nacks >= NACKS_MAX || (!self.begun && self.covering == 0) {
            self.nacks = 0;
            self.nack_at_ms = now_ms + NACK_RETRY_MS;
            return Some(Repair::Resync);
        }
        self.nack_at_ms = now_ms + (NACK_RETRY_MS << self.nacks);
        self.nacks += 1;
        let done = self.contiguous(self.covering);
        let next = self.beyond.range(done + 1..).next();
        Some(Repair::Nack(done + 1, next.map_or(self.known, |(first, _)| first - 1)))
    }

    /// When [`Stream::repair`] may have something to do.
    pub fn repair_at_ms(&self) -> Option<u64> {
        (self.has_gap() || self.lost).then_some(self.nack_at_ms)
    }

    /// Adds a part, of frame `sequence`; gives its first frame and the whole when it is complete.
    pub fn assemble(
        &mut self,
        hlc: u64,
        sequence: u64,
        index: u32,
        count: u32,
        bytes: &[u8],
    ) -> Option<(u64, Vec<u8>)> {
        // A resync has brought the whole, if it brought its beginning.
        let first = sequence.checked_sub(u64::from(index)).filter(|first| *first > self.covered)?;
        let assembly =
            self.assemblies.entry(hlc).or_insert_with(|| Assembly { first, count, parts: BTreeMap::new(), bytes: 0 });
        if assembly.count != count || assembly.first != first {
            return None;
        }
        let before = assembly.parts.insert(index, bytes.into());
        assembly.bytes = assembly.bytes + bytes.len() + PART_OVERHEAD_BYTES
            - before.map_or(0, |part| part.len() + PART_OVERHEAD_BYTES);
        let size = assembly.bytes;
        if assembly.parts.len() == count as usize {
            let parts = self.assemblies.remove(&hlc)?.parts;
            return Some((first, parts.into_values().flat_map(<[u8]>::into_vec).collect()));
        }
        if (size > 2 * TX_BYTES_MAX || self.assemblies.len() > ASSEMBLIES_MAX)
            && let Some((_, dropped)) = self.assemblies.pop_first()
        {
            self.make_hole(dropped.first - 1, dropped.first + u64::from(dropped.count) - 1);
        }
        None
    }

    /// Bytes of parts held.
    pub fn assembly_bytes(&self) -> usize {
        self.assemblies.values().map(|assembly| assembly.bytes).sum()
    }

    /// Drops all parts held.
    pub fn drop_assemblies(&mut self) {
        while let Some((_, dropped)) = self.assemblies.pop_first() {
            self.make_hole(dropped.first - 1, dropped.first + u64::from(dropped.count) - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_in_any_order_settle() {
        let mut stream = Stream::default();
        for sequence in [3, 1, 5, 5, 2] {
            stream.arrived(sequence);
        }
        assert_eq!(stream.settled(), 3);
        assert!(stream.has(5) && !stream.has(4));
        assert_eq!(stream.repair(0), Some(Repair::Nack(4, 4)));
        assert_eq!(stream.repair(0), None, "not again at once");
        stream.arrived(4);
        assert_eq!(stream.settled(), 5);
        assert_eq!(stream.repair(10_000), None);
    }

    #[test]
    fn what_comes_by_way_of_who_does_not_keep_all_is_not_settled() {
        let mut stream = Stream::default();
        stream.arrived(1);
        stream.cover(5, false);
        stream.arrived(6);
        assert_eq!((stream.settled(), stream.shown_in_common()), (1, 6));
        assert!(stream.is_next(7));
        assert_eq!(stream.repair(0), Some(Repair::Resync));
        stream.cover(4, true);
        assert_eq!((stream.settled(), stream.repair(10_000)), (1, Some(Repair::Resync)), "not all of it");
        stream.cover(5, true);
        assert_eq!((stream.settled(), stream.repair(20_000)), (6, None));
        stream.cover(6, false);
        assert_eq!((stream.settled(), stream.repair(30_000)), (6, None), "it was here");
    }

    #[test]
    fn asks_until_it_is_in_vain() {
        let mut stream = Stream::default();
        stream.known(0);
        stream.known(2);
        let answers: Vec<_> = (0..6).filter_map(|i| stream.repair(i * 10_000)).collect();
        assert_eq!(answers, [[Repair::Nack(1, 2); 5].as_slice(), &[Repair::Resync]].concat());
    }

    #[test]
    fn an_incomplete_transaction_is_not_settled() {
        let mut stream = Stream::default();
        stream.arrived(1);
        assert_eq!(stream.assemble(9, 2, 0, 2, b"ab"), None);
        stream.arrived(2);
        assert_eq!(stream.settled(), 1);
        assert_eq!(stream.assemble(9, 3, 1, 2, b"cd"), Some((2, b"abcd".to_vec())));
        stream.arrived(3);
        assert_eq!(stream.settled(), 3);
    }

    #[test]
    fn a_resync_covers_what_was_missing() {
        let mut stream = Stream::default();
        stream.arrived(7);
        stream.arrived(9);
        stream.cover(7, true);
        assert_eq!(stream.settled(), 7);
        assert_eq!(stream.repair(0), Some(Repair::Nack(8, 8)));
    }

    #[test]
    fn what_a_resync_will_bring_is_not_asked_for_and_not_settled() {
        let mut stream = Stream::default();
        stream.known(0);
        stream.arrived(7);
        stream.known(9);
        stream.expect(5);
        assert_eq!(stream.repair(0), Some(Repair::Nack(6, 6)));
        stream.arrived(6);
        assert_eq!(stream.repair(1_000), Some(Repair::Nack(8, 9)));
        assert_eq!((stream.settled(), stream.here_with(5)), (0, 7));
        stream.hold(6);
        assert_eq!((stream.settled(), stream.here_with(5)), (0, 7));
        stream.expect(0);
        assert_eq!(stream.repair(10_000), Some(Repair::Nack(1, 5)));
    }

    #[test]
    fn what_was_dropped_is_settled_when_a_resync_has_brought_it() {
        let mut stream = Stream::default();
        (1..=4).for_each(|sequence| stream.arrived(sequence));
        stream.hold(3);
        assert_eq!(stream.settled(), 2);
        stream.drop_held(3, 3);
        assert_eq!((stream.settled(), stream.repair(0)), (2, Some(Repair::Resync)));
        stream.cover(2, true);
        assert_eq!((stream.settled(), stream.repair(1_000)), (2, Some(Repair::Resync)));
        stream.cover(3, true);
        assert_eq!((stream.settled(), stream.repair(2_000)), (4, None));
    }

    #[test]
    fn parts_of_what_a_resync_has_brought_are_not_waited_for() {
        let mut stream = Stream::default();
        assert_eq!(stream.assemble(9, 2, 0, 3, b"ab"), None);
        stream.cover(2, true);
        assert_eq!(stream.assemble(9, 3, 1, 3, b"cd"), None);
        stream.arrived(3);
        assert_eq!(stream.settled(), 3);
    }

    #[test]
    fn what_is_known_of_frames_beyond_a_gap_is_bounded() {
        let mut stream = Stream::default();
        stream.known(0);
        (1..=5_000).for_each(|n| stream.arrived(2 * n));
        assert_eq!((stream.beyond.len(), stream.settled()), (RUNS_MAX, 0));
        // What was forgotten comes again, or with a resync.
        assert_eq!(stream.repair(0), Some(Repair::Resync));
        (1..=10_000).for_each(|n| stream.arrived(n));
        assert_eq!((stream.beyond.len(), stream.settled(), stream.missing()), (0, 10_000, 0));
    }

    #[test]
    fn parts_are_bounded_and_what_is_dropped_is_not_settled() {
        let mut stream = Stream::default();
        stream.known(0);
        // One part each of large transactions that never become whole.
        for n in 0..100 {
            assert_eq!(stream.assemble(n, 2 * n + 1, 0, 2, &[0; 1_000]), None);
            stream.arrived(2 * n + 1);
            stream.arrived(2 * n + 2);
        }
        assert!(stream.assembly_bytes() <= ASSEMBLIES_MAX * (1_000 + PART_OVERHEAD_BYTES));
        stream.drop_assemblies();
        assert_eq!((stream.assembly_bytes(), stream.settled()), (0, 0));
        assert_eq!(stream.repair(0), Some(Repair::Resync));
        stream.cover(200, true);
        assert_eq!((stream.settled(), stream.repair(1_000)), (200, None));
    }

    #[test]
    fn a_guess_is_not_settled_before_a_resync_has_brought_all_of_it() {
        let mut stream = Stream::guessed_up_to(6);
        stream.arrived(7);
        stream.cover(0, true);
        assert_eq!((stream.settled(), stream.is_next(7), stream.repair(0)), (0, false, None));
        stream.cover(6, true);
        assert_eq!((stream.settled(), stream.is_next(8)), (7, true));
    }

    #[test]
    fn frames_from_before_it_was_heard_are_not_asked_for() {
        let mut stream = Stream::default();
        stream.known(5);
        assert_eq!(stream.repair(0), Some(Repair::Resync));
        stream.expect(4);
        assert_eq!(stream.repair(1_000), Some(Repair::Nack(5, 5)));
    }
}
