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

#[derive(Debug)]
enum Queued {
    Tx(Vec<u8>),
    Large { hlc: u64, bytes: Vec<u8>, index: u32, count: u32 },
}

impl Queued {
    fn len(&self) -> usize {
        match self {
            Self::Tx(bytes) | Self::Large { bytes, .. } => bytes.len(),
        }
    }
}

/// The frames of this process's present epoch.
#[derive(Debug)]
pub struct Log {
    sequence: u64,
    queue: VecDeque<Queued>,
    queue_bytes: usize,
    dirty: Vec<BTreeSet<Key>>,
    dirty_turn: bool,
    sent: VecDeque<Bytes>,
    sent_bytes: usize,
    sent_bytes_max: usize,
}

const PART_BYTES: usize = MESSAGE_BYTES_MAX - FRAME_ROOM;

impl Log {
    /// An empty log for so many tables.
    pub fn new(tables: usize, sent_bytes_max: usize) -> Self {
        Self {
            sequence: 0,
            queue: VecDeque::new(),
            queue_bytes: 0,
            dirty: vec![BTreeSet::new(); tables],
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
        self.queue.is_empty() && self.dirty.iter().all(BTreeSet::is_empty)
    }

    /// Queues a transaction of `sender`.
    pub fn push(&mut self, hlc: u64, tx: Vec<u8>, sender: Epoch) {
        self.queue_bytes += tx.len();
        let count = tx.len().div_ceil(PART_BYTES) as u32;
        self.queue.push_back(if count > 1 {
            Queued::Large { hlc, bytes: tx, index: 0, count }
        } else {
            Queued::Tx(tx)
        });
        if self.queue_bytes > QUEUE_BYTES_MAX {
            self.coalesce(sender);
        }
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
            let bytes = match &queued {
                Queued::Tx(bytes) => bytes,
                Queued::Large { index: 0, bytes, .. } => bytes,
                Queued::Large { .. } => {
                    begun = Some(queued);
                    continue;
                }
            };
            let Ok(mut reader) = OpReader::tx(bytes, sender) else { continue };
            while let Ok(Some(op)) = reader.next() {
                if let Some(keys) = self.dirty.get_mut(op.table) {
                    keys.insert(op.key.into());
                }
            }
        }
        self.queue_bytes = begun.as_ref().map_or(0, Queued::len);
        self.queue.extend(begun);
    }

    /// A new epoch: numbers start again, and everything queued becomes dirty keys.
    pub fn restart(&mut self, sender: Epoch) {
        if let Some(Queued::Large { index, .. }) = self.queue.front_mut() {
            *index = 0;
        }
        self.coalesce(sender);
        self.sequence = 0;
        self.sent.clear();
        self.sent_bytes = 0;
    }

    /// The next frame to send, if there is something. `state` appends a row's states to what it is given.
    pub fn next_frame<E>(
        &mut self,
        header: Header,
        mut state: impl FnMut(usize, &[u8], &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Option<Bytes>, E> {
        if self.is_flushed() {
            return Ok(None);
        }
        let mut frame = FrameBuilder::new(header, self.sequence + 1);
        self.dirty_turn = !self.dirty_turn;
        let begun = matches!(self.queue.front(), Some(Queued::Large { index: 1.., .. }));
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

    fn take_queued(&mut self, frame: &mut FrameBuilder) {
        while let Some(queued) = self.queue.front_mut() {
            match queued {
                Queued::Tx(bytes) => {
                    let full = frame.len() + bytes.len() > FRAME_BYTES;
                    if full && frame.has_entries() {
                        return;
                    }
                    frame.push(&Entry::Tx(bytes));
                    self.queue_bytes -= bytes.len();
                    self.queue.pop_front();
                }
                Queued::Large { hlc, bytes, index, count } => {
                    // A part travels alone: its number in the transaction then tells the first part's frame.
                    if frame.has_entries() {
                        return;
                    }
                    let start = *index as usize * PART_BYTES;
                    let end = bytes.len().min(start + PART_BYTES);
                    let part = bytes.get(start..end).unwrap_or_default();
                    frame.push(&Entry::Part { hlc: *hlc, index: *index, count: *count, bytes: part });
                    *index += 1;
                    if index == count {
                        self.queue_bytes -= bytes.len();
                        self.queue.pop_front();
                    }
                    return;
                }
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
