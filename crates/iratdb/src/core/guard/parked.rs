//! Messages kept for a moment, until their data key is here or their sender has proven to be alive.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::core::codec::Seal;
use crate::core::ids::Writer;
use crate::core::keyring::KeyId;

/// Bytes kept.
const PARKED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Messages kept.
const PARKED_MAX: usize = 2048;
/// How long.
const PARK_MS: u64 = 2_000;

/// A message that is kept.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) bytes: Bytes,
    pub(super) writer: Writer,
    pub(super) key: KeyId,
    counter: u64,
    /// Whether the sender that it names was known when it came. Anybody can name one, but not anybody's messages name one.
    pub(super) known: bool,
    pub(super) since_ms: u64,
}

/// The messages that are kept, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Parked {
    held: VecDeque<Held>,
    bytes: usize,
}

impl Parked {
    /// Keeps a message. False if there are too many, and one was dropped: rather one of an unknown sender.
    pub(super) fn add(&mut self, bytes: &Bytes, seal: &Seal, known: bool, since_ms: u64) -> bool {
        let mut full = false;
        while self.held.len() >= PARKED_MAX || self.bytes + bytes.len() > PARKED_BYTES_MAX {
            full = true;
            let unknown = self.held.iter().position(|held| !held.known).filter(|_| known);
            let Some(dropped) = unknown.and_then(|index| self.held.remove(index)) else { return false };
            self.bytes -= dropped.bytes.len();
        }
        self.bytes += bytes.len();
        let Seal { writer, key, counter, .. } = *seal;
        self.held.push_back(Held { bytes: bytes.clone(), writer, key, counter, known, since_ms });
        !full
    }

    /// All of them.
    pub(super) fn take(&mut self) -> VecDeque<Held> {
        self.bytes = 0;
        std::mem::take(&mut self.held)
    }

    pub(super) fn clear(&mut self) {
        self.take();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Held> {
        self.held.iter()
    }

    /// The numbers of a sender's messages.
    pub(super) fn counters_of(&self, writer: Writer) -> impl Iterator<Item = u64> + '_ {
        self.held.iter().filter(move |held| held.writer == writer).map(|held| held.counter)
    }

    fn retain(&mut self, keep: impl Fn(&Held) -> bool) {
        self.held.retain(keep);
        self.bytes = self.held.iter().map(|held| held.bytes.len()).sum();
    }

    /// Drops those under a data key that could not be had.
    pub(super) fn give_up(&mut self, key: KeyId) {
        self.retain(|held| held.key != key);
    }

    /// Drops what has been kept for long enough.
    pub(super) fn expire(&mut self, now_ms: u64) {
        if self.held.iter().any(|held| now_ms >= held.since_ms + PARK_MS) {
            self.retain(|held| now_ms < held.since_ms + PARK_MS);
        }
    }
}
