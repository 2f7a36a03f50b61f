//! Frames out: what is queued to be sent, and what was sent and may have to be sent again.
//!
//! Everything is bounded in bytes. A queue that overflows, or whose connection is away, turns into a coalesced set
//! of dirty keys, bounded by the database's size: their states are sent instead of what happened to them.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;

use super::codec::{Entry, FrameBuilder, Header, MESSAGE_BYTES_MAX, OpReader, TX_BYTES_MAX};
use super::ids::Epoch;
use super::key::Key;

/// Bytes of transactions that may be queued; room for one of the largest and as much again.
pub const QUEUE_BYTES_MAX: usize = 2 * TX_BYTES_MAX;

/// A frame of small transactions or rows is full at this size: applying it must not keep readers waiting.
pub const FRAME_BYTES: usize = 64 * 1024;

/// Room a frame keeps for its header and its entries' headers.
const FRAME_ROOM: usize = 128;

/// Frames of which is known which commits they complete. Of a commit before that, a later frame is taken for its own.
const MARKS_MAX: usize = 1024;

/// A transaction that waits.
#[derive(Debug)]
struct Queued {
    commit: u64,
    hlc: u64,
    bytes: Vec<u8>,
    /// Parts that have been sent, of so many; one is whole.
    index: u32,
    count: u32,
}

/// All commits up to this one have left with frames up to this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    commit: u64,
    sent: Sent,
}

/// A frame of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The epoch it was sent in.
    pub epoch: Epoch,
    /// Its number.
    pub sequence: u64,
}

/// What somebody must have to have a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    /// The frames up to this one.
    pub frames: Sent,
    /// And, if the epoch has changed since, the frames up to this one that publish its owned rows again.
    pub again: Option<Sent>,
}

/// The frames of this process's present epoch.
#[derive(Debug)]
pub struct Log {
    epoch: Epoch,
    sequence: u64,
    queue: VecDeque<Queued>,
    queue_bytes: usize,
    dirty: Vec<BTreeSet<Key>>,
    /// The first commit with rows among the dirty keys.
    dirty_since: Option<u64>,
    committed: u64,
    marks: VecDeque<Mark>,
    /// Owned rows of commits up to this one are published again in this epoch; with which frame, once they have been.
    again: Option<(u64, Option<u64>)>,
    dirty_turn: bool,
    sent: VecDeque<Bytes>,
    sent_bytes: usize,
    sent_bytes_max: usize,
}

const PART_BYTES: usize = MESSAGE_BYTES_MAX - FRAME_ROOM;

impl Log {
    /// An empty log for so many tables.
    pub fn new(tables: usize, sent_bytes_max: usize, epoch: Epoch) -> Self {
        Self {
            epoch,
            sequence: 0,
            queue: VecDeque::new(),
            queue_bytes: 0,
            dirty: vec![BTreeSet::new(); tables],
            dirty_since: None,
            committed: 0,
            marks: VecDeque::new(),
            again: None,
            dirty_turn: false,
            sent: VecDeque::new(),
            sent_bytes: 0,
            sent_bytes_max,
        }
    }

    /// Number of the last frame.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Bytes queued.
    pub fn queue_bytes(&self) -> usize {
        self.queue_bytes
    }

    /// Bytes kept to be sent again.
    pub fn sent_bytes(&self) -> usize {
        self.sent_bytes
    }

    /// Keys whose states are to be sent.
    pub fn dirty_keys(&self) -> usize {
        self.dirty.iter().map(BTreeSet::len).sum()
    }

    /// Whether there is nothing to send.
    pub fn is_flushed(&self) -> bool {
        self.queue.is_empty() && !self.has_dirty()
    }

    fn has_dirty(&self) -> bool {
        self.dirty.iter().any(|keys| !keys.is_empty())
    }

    /// Queues a transaction of `sender`.
    pub fn push(&mut self, hlc: u64, tx: Vec<u8>, sender: Epoch) {
        self.committed += 1;
        self.queue_bytes += tx.len();
        let count = tx.len().div_ceil(PART_BYTES) as u32;
        self.queue.push_back(Queued { commit: self.committed, hlc, bytes: tx, index: 0, count });
        if self.queue_bytes > QUEUE_BYTES_MAX {
            self.coalesce(sender);
        }
    }

    /// Takes note of a commit whose rows are marked, one by one, instead of its changes being queued.
    pub fn push_marked(&mut self) {
        self.committed += 1;
        self.dirty_since.get_or_insert(self.committed);
    }

    /// The number of the last commit.
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// The last commit of which everything has left.
    pub fn covered(&self) -> u64 {
        let queued = self.queue.front().map_or(self.committed, |queued| queued.commit - 1);
        let dirty = self.dirty_since.filter(|_| self.has_dirty());
        dirty.map_or(queued, |since| queued.min(since - 1))
    }

    /// What somebody must have to have a commit; nothing yet, if some of it has not left.
    pub fn needed(&self, commit: u64) -> Option<Needed> {
        if commit > self.covered() {
            return None;
        }
        let at = self.marks.partition_point(|mark| mark.commit < commit);
        let last = Sent { epoch: self.epoch, sequence: self.sequence };
        // Rows that came and went while nobody listened are in no frame.
        let frames = self.marks.get(at).map_or(last, |mark| mark.sent);
        let again = match self.again {
            Some((before, sequence)) if commit <= before && frames.epoch != self.epoch => {
                if sequence.is_none() && self.has_dirty() {
                    return None;
                }
                sequence.map(|sequence| Sent { epoch: self.epoch, sequence })
            }
            _ => None,
        };
        Some(Needed { frames, again })
    }

    /// Marks a row whose state is to be sent.
    pub fn mark(&mut self, table: usize, key: &[u8]) {
        if let Some(keys) = self.dirty.get_mut(table)
            && !keys.contains(key)
        {
            keys.insert(key.into());
        }
    }

    /// Takes a mark back: nobody has to know of the row.
    pub fn unmark(&mut self, table: usize, key: &[u8]) {
        if let Some(keys) = self.dirty.get_mut(table) {
            keys.remove(key);
        }
    }

    /// Turns queued transactions into dirty keys; all but one that has been sent in part, which the others wait for.
    pub fn coalesce(&mut self, sender: Epoch) {
        let mut begun = None;
        for queued in std::mem::take(&mut self.queue) {
            if queued.index > 0 {
                begun = Some(queued);
                continue;
            }
            self.dirty_since.get_or_insert(queued.commit);
            let Ok(mut reader) = OpReader::tx(&queued.bytes, sender) else { continue };
            while let Ok(Some(op)) = reader.next() {
                if let Some(keys) = self.dirty.get_mut(op.table) {
                    keys.insert(op.key.into());
                }
            }
        }
        self.queue_bytes = begun.as_ref().map_or(0, |queued| queued.bytes.len());
        self.queue.extend(begun);
    }

    /// A new epoch: numbers start again, and everything queued becomes dirty keys. The caller marks its owned rows.
    pub fn restart(&mut self, sender: Epoch, epoch: Epoch) {
        if let Some(queued) = self.queue.front_mut() {
            queued.index = 0;
        }
        self.coalesce(sender);
        self.epoch = epoch;
        self.again = Some((self.committed, None));
        self.sequence = 0;
        self.sent.clear();
        self.sent_bytes = 0;
    }

    /// The next frame to send, if there is something. `state` appends a row's states to what it is given.
    pub fn next_frame<E>(
        &mut self,
        header: Header,
        ack: bool,
        mut state: impl FnMut(usize, &[u8], &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Option<Bytes>, E> {
        if self.is_flushed() {
            return Ok(None);
        }
        let mut frame = FrameBuilder::new(header, self.sequence + 1, ack);
        self.dirty_turn = !self.dirty_turn;
        let covered = self.covered();
        let begun = self.queue.front().is_some_and(|queued| queued.index > 0);
        let states = if self.queue.is_empty() || (self.dirty_turn && !begun) {
            self.take_states(&mut state)?
        } else {
            Vec::new()
        };
        if states.is_empty() && self.queue.is_empty() {
            return Ok(None);
        }
        if states.is_empty() {
            self.take_queued(&mut frame);
        } else {
            frame.push(&Entry::States(&states));
        }
        self.sequence += 1;
        self.mark_covered(covered);
        let frame = Bytes::from(frame.finish());
        self.sent_bytes += frame.len();
        self.sent.push_back(frame.clone());
        while self.sent_bytes > self.sent_bytes_max {
            let Some(oldest) = self.sent.pop_front() else { break };
            self.sent_bytes -= oldest.len();
        }
        Ok(Some(frame))
    }

    fn take_states<E>(
        &mut self,
        state: &mut impl FnMut(usize, &[u8], &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Vec<u8>, E> {
        let mut states = Vec::new();
        for (table, keys) in self.dirty.iter_mut().enumerate() {
            while let Some(key) = keys.first() {
                let fits = states.len();
                state(table, key, &mut states)?;
                if states.len() > FRAME_BYTES && fits > 0 {
                    states.truncate(fits);
                    return Ok(states);
                }
                keys.pop_first();
            }
        }
        Ok(states)
    }

    fn mark_covered(&mut self, before: u64) {
        if !self.has_dirty() {
            self.dirty_since = None;
            if let Some((_, sequence @ None)) = &mut self.again {
                *sequence = Some(self.sequence);
            }
        }
        let commit = self.covered();
        if commit > before {
            self.marks.push_back(Mark { commit, sent: Sent { epoch: self.epoch, sequence: self.sequence } });
            if self.marks.len() > MARKS_MAX {
                self.marks.pop_front();
            }
        }
    }

    fn take_queued(&mut self, frame: &mut FrameBuilder) {
        while let Some(queued) = self.queue.front_mut() {
            if queued.count == 1 {
                let full = frame.len() + queued.bytes.len() > FRAME_BYTES;
                if full && frame.has_entries() {
                    return;
                }
                frame.push(&Entry::Tx(&queued.bytes));
            } else {
                // A part travels alone: its number in the transaction then tells the first part's frame.
                if frame.has_entries() {
                    return;
                }
                let Queued { hlc, bytes, index, count, .. } = queued;
                let start = *index as usize * PART_BYTES;
                let end = bytes.len().min(start + PART_BYTES);
                let part = bytes.get(start..end).unwrap_or_default();
                frame.push(&Entry::Part { hlc: *hlc, index: *index, count: *count, bytes: part });
                *index += 1;
                if *index < *count {
                    return;
                }
            }
            let alone = queued.count > 1;
            self.queue_bytes -= queued.bytes.len();
            self.queue.pop_front();
            if alone {
                return;
            }
        }
    }

    /// The oldest frame that can be sent again; one above the last if there is none.
    pub fn oldest(&self) -> u64 {
        self.sequence + 1 - self.sent.len() as u64
    }

    /// Frames to send again.
    pub fn resend(&self, from: u64, to: u64) -> impl Iterator<Item = &Bytes> + '_ {
        let oldest = self.oldest();
        let skip = from.saturating_sub(oldest) as usize;
        let take = to.saturating_add(1).saturating_sub(from.max(oldest));
        self.sent.iter().skip(skip).take(usize::try_from(take).unwrap_or(usize::MAX))
    }
}
