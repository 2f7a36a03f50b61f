//! Frames out: what is queued to be sent, and what was sent and may have to be sent again.
//!
//! Everything is bounded in bytes. A queue that overflows, or whose connection is away, turns into a coalesced set
//! of dirty keys: their states are sent instead of what happened to them, all together in one *batch*, taken at one moment and
//! shown at one moment. Where that would be larger than a transaction may be, a number of the sequence is left out instead: who
//! misses that frame and asks for it is told that it is gone, and resynchronises.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;

use super::codec::{Entry, FrameBuilder, Header, MESSAGE_BYTES_MAX, OpReader, Tail, read_batch, start_batch};
use super::engine::Limits;
use super::ids::Epoch;
use super::key::Key;

/// What a dirty key takes beside its bytes, for the limit.
const KEY_OVERHEAD_BYTES: usize = 48;

/// What a queued transaction takes beside its bytes, for the limit.
const QUEUED_OVERHEAD_BYTES: usize = 64;

/// A frame of small transactions is full at this size: applying it must not keep readers waiting.
pub const FRAME_BYTES: usize = 64 * 1024;

/// Room a frame keeps for its header and its entries' headers.
const FRAME_ROOM: usize = 128;

/// Frames of which is known which commits they complete. Of a commit before that, a later frame is taken for its own.
const MARKS_MAX: usize = 1024;

/// A transaction that waits.
#[derive(Debug)]
struct Queued {
    /// The last commit before it.
    covered_before: u64,
    /// Whether it is a batch.
    batch: bool,
    hlc: u64,
    bytes: Vec<u8>,
    /// Parts that have been sent, of so many; one is whole.
    index: u32,
    count: u32,
}

impl Queued {
    /// What it takes, for the limit.
    fn size(&self) -> usize {
        self.bytes.len() + QUEUED_OVERHEAD_BYTES
    }
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
    dirty_bytes: usize,
    /// Whether there are more dirty keys than fit a batch, and so none are kept.
    dirty_overflow: bool,
    /// The first commit with rows among the dirty keys.
    dirty_since: Option<u64>,
    committed: u64,
    marks: VecDeque<Mark>,
    /// Owned rows of commits up to this one are published again in this epoch; with which frame, once they have been.
    again: Option<(u64, Option<u64>)>,
    sent: VecDeque<Bytes>,
    sent_bytes: usize,
    sent_bytes_max: usize,
    queue_bytes_max: usize,
    batch_bytes_max: usize,
}

const PART_BYTES: usize = MESSAGE_BYTES_MAX - FRAME_ROOM;

impl Log {
    /// An empty log for so many tables.
    pub fn new(tables: usize, limits: &Limits, epoch: Epoch) -> Self {
        Self {
            epoch,
            sequence: 0,
            queue: VecDeque::new(),
            queue_bytes: 0,
            dirty: vec![BTreeSet::new(); tables],
            dirty_bytes: 0,
            dirty_overflow: false,
            dirty_since: None,
            committed: 0,
            marks: VecDeque::new(),
            again: None,
            sent: VecDeque::new(),
            sent_bytes: 0,
            sent_bytes_max: limits.resend_bytes_max,
            queue_bytes_max: limits.queue_bytes_max,
            batch_bytes_max: limits.batch_bytes_max,
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

    /// Whether there are rows whose states are to be sent.
    pub fn has_dirty(&self) -> bool {
        self.dirty_overflow || self.dirty.iter().any(|keys| !keys.is_empty())
    }

    /// Queues a transaction of `sender`.
    pub fn push(&mut self, hlc: u64, tx: Vec<u8>, sender: Epoch) {
        self.committed += 1;
        let count = tx.len().div_ceil(PART_BYTES) as u32;
        let covered_before = self.committed - 1;
        self.enqueue(Queued { covered_before, batch: false, hlc, bytes: tx, index: 0, count });
        if self.queue_bytes > self.queue_bytes_max {
            self.coalesce(sender);
        }
    }

    fn enqueue(&mut self, queued: Queued) {
        self.queue_bytes += queued.size();
        self.queue.push_back(queued);
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
        // A batch holds commits before its last one, too: until it has left, nothing is sure beyond what left before it.
        let queued = self.queue.front().map_or(self.committed, |queued| queued.covered_before);
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
                if sequence.is_none() && !self.is_flushed() {
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
        if self.dirty_overflow {
            return;
        }
        if let Some(keys) = self.dirty.get_mut(table)
            && !keys.contains(key)
        {
            keys.insert(key.into());
            self.dirty_bytes += key.len() + KEY_OVERHEAD_BYTES;
        }
        if self.dirty_bytes > self.batch_bytes_max {
            self.dirty_overflow = true;
            self.clear_dirty();
        }
    }

    /// Takes a mark back: nobody has to know of the row.
    pub fn unmark(&mut self, table: usize, key: &[u8]) {
        if self.dirty.get_mut(table).is_some_and(|keys| keys.remove(key)) {
            self.dirty_bytes -= key.len() + KEY_OVERHEAD_BYTES;
        }
    }

    fn clear_dirty(&mut self) {
        self.dirty.iter_mut().for_each(BTreeSet::clear);
        self.dirty_bytes = 0;
    }

    /// Turns queued transactions into dirty keys; all but one that has been sent in part, which the others wait for.
    pub fn coalesce(&mut self, sender: Epoch) {
        let mut begun = None;
        for queued in std::mem::take(&mut self.queue) {
            if queued.index > 0 {
                begun = Some(queued);
                continue;
            }
            self.dirty_since =
                Some(self.dirty_since.map_or(queued.covered_before + 1, |n| n.min(queued.covered_before + 1)));
            let reader = if queued.batch {
                read_batch(&queued.bytes).map(|(_, states)| states)
            } else {
                OpReader::tx(&queued.bytes, sender)
            };
            let Ok(mut reader) = reader else { continue };
            while let Ok(Some(op)) = reader.next() {
                self.mark(op.table, op.key);
            }
        }
        self.queue_bytes = 0;
        if let Some(begun) = begun {
            self.enqueue(begun);
        }
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

    /// Takes the rows of all dirty keys, if there are any, to be sent as one batch: `state` appends a row's states. `after` tells
    /// what others must have before they show the batch, because rows in it show parts of that. Everything that is queued goes
    /// with it. Nothing is taken while a transaction has left in part: the rest of it goes first.
    pub fn take_batch<E>(
        &mut self,
        hlc: u64,
        after: impl FnOnce(&[BTreeSet<Key>]) -> Vec<Tail>,
        mut state: impl FnMut(usize, &[u8], &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        if !self.has_dirty() || self.queue.front().is_some_and(|queued| queued.index > 0) {
            return Ok(());
        }
        self.coalesce(self.epoch);
        let covered_before = self.covered();
        let mut bytes = start_batch(&after(&self.dirty));
        let mut fits = !self.dirty_overflow;
        let keys = self.dirty.iter().enumerate().flat_map(|(table, keys)| keys.iter().map(move |key| (table, key)));
        for (table, key) in keys {
            if !fits {
                break;
            }
            state(table, key, &mut bytes)?;
            fits = bytes.len() <= self.batch_bytes_max;
        }
        self.clear_dirty();
        self.dirty_overflow = false;
        self.dirty_since = None;
        if fits {
            let count = bytes.len().div_ceil(PART_BYTES) as u32;
            self.enqueue(Queued { covered_before, batch: true, hlc, bytes, index: 0, count });
        } else {
            self.sequence += 1;
            self.sent.clear();
            self.sent_bytes = 0;
            self.mark_covered(covered_before);
        }
        Ok(())
    }

    /// The next frame to send, if there is something; `ack` asks the members to acknowledge it.
    pub fn next_frame(&mut self, header: Header, ack: bool) -> Option<Bytes> {
        if self.queue.is_empty() {
            return None;
        }
        let mut frame = FrameBuilder::new(header, self.sequence + 1, ack);
        let covered = self.covered();
        self.take_queued(&mut frame);
        self.sequence += 1;
        self.mark_covered(covered);
        let frame = Bytes::from(frame.finish());
        self.sent_bytes += frame.len();
        self.sent.push_back(frame.clone());
        while self.sent_bytes > self.sent_bytes_max {
            let Some(oldest) = self.sent.pop_front() else { break };
            self.sent_bytes -= oldest.len();
        }
        Some(frame)
    }

    fn mark_covered(&mut self, before: u64) {
        // Rows marked when the epoch began went with its first batch.
        if !self.has_dirty()
            && self.queue.is_empty()
            && let Some((_, sequence @ None)) = &mut self.again
        {
            *sequence = Some(self.sequence);
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
                frame.push(&if queued.batch { Entry::Batch(&queued.bytes) } else { Entry::Tx(&queued.bytes) });
            } else {
                // A part travels alone: its number in the transaction then tells the first part's frame.
                if frame.has_entries() {
                    return;
                }
                let Queued { batch, hlc, bytes, index, count, .. } = queued;
                let start = *index as usize * PART_BYTES;
                let end = bytes.len().min(start + PART_BYTES);
                let part = bytes.get(start..end).unwrap_or_default();
                frame.push(&Entry::Part { batch: *batch, hlc: *hlc, index: *index, count: *count, bytes: part });
                *index += 1;
                if *index < *count {
                    return;
                }
            }
            let alone = queued.count > 1;
            self.queue_bytes -= queued.size();
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
