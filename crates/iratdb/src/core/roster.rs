//! The processes whose messages are taken: those that a donor has named, or that have answered a fresh number.
//!
//! A process that is not in here may be dead, and its messages a recording. One that is in here has proven to be alive when it came in, and from
//! then on each of its messages counts once: the last number that it had used then is where its window starts. So a record may be
//! forgotten at any time: its process is asked again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ring::aead::LessSafeKey;

use super::codec::{Certificate, DecodeError, Reader, put_u64, put_varint};
use super::ids::{Epoch, Writer};
use super::keyring::{DataKey, KeyId};
use super::lease::{MEMBERS_MAX, READERS_MAX};

/// How far messages may be late, in messages of their sender.
pub const WINDOW: u64 = 1024;
/// Epochs remembered of a process. It takes a new one when it was taken for dead.
const EPOCHS_MAX: usize = 4;
/// Keys kept ready for a process: for the present epoch and key, and the ones before.
const SUBKEYS_MAX: usize = 3;

/// Which of a sender's messages have been taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    top: u64,
    /// Bit n: whether `top - n` has been taken.
    taken: [u64; WINDOW as usize / 64],
}

impl Window {
    /// Nothing up to this number will be taken.
    pub fn above(top: u64) -> Self {
        Self { top, taken: [u64::MAX; WINDOW as usize / 64] }
    }

    /// The highest number taken.
    pub fn top(&self) -> u64 {
        self.top
    }

    fn bit(back: u64) -> (usize, u64) {
        ((back / 64) as usize, 1 << (back % 64))
    }

    /// Whether a message of this number may still be taken.
    pub fn is_fresh(&self, number: u64) -> bool {
        match self.top.checked_sub(number) {
            None => true,
            Some(back) if back >= WINDOW => false,
            Some(back) => {
                let (word, bit) = Self::bit(back);
                self.taken.get(word).is_some_and(|taken| taken & bit == 0)
            }
        }
    }

    /// A message of this number is taken.
    pub fn take(&mut self, number: u64) {
        if let Some(ahead) = number.checked_sub(self.top).filter(|ahead| *ahead > 0) {
            self.shift(ahead);
            self.top = number;
        }
        self.set(number, true);
    }

    /// A message of this number was there before the window started, and may be taken.
    pub fn allow(&mut self, number: u64) {
        self.set(number, false);
    }

    fn set(&mut self, number: u64, taken: bool) {
        let Some(back) = self.top.checked_sub(number).filter(|back| *back < WINDOW) else { return };
        let (word, bit) = Self::bit(back);
        if let Some(word) = self.taken.get_mut(word) {
            *word = if taken { *word | bit } else { *word & !bit };
        }
    }

    fn shift(&mut self, by: u64) {
        let words = self.taken.len();
        let (skip, bits) = ((by / 64) as usize, by % 64);
        for index in (0..words).rev() {
            let word = |at: Option<usize>| at.and_then(|at| self.taken.get(at)).copied().unwrap_or(0);
            let low = word(index.checked_sub(skip));
            let carried = if bits == 0 { 0 } else { word(index.checked_sub(skip + 1)) >> (64 - bits) };
            let shifted = if by >= WINDOW { 0 } else { (low << bits) | carried };
            if let Some(word) = self.taken.get_mut(index) {
                *word = shifted;
            }
        }
    }
}

/// A process whose messages are taken.
#[derive(Debug)]
pub struct Known {
    /// Whether it may write.
    pub writes: bool,
    /// Its Ed25519 key.
    pub public: [u8; 32],
    /// Which of its messages have been taken.
    pub window: Window,
    /// When the last came.
    pub heard_at_ms: u64,
    epochs: VecDeque<Epoch>,
    /// When the latest epoch began.
    epoch_at_ms: u64,
    subkeys: VecDeque<(KeyId, Epoch, Arc<LessSafeKey>)>,
}

impl Known {
    /// Whether no message of it has been taken yet.
    pub fn is_new(&self) -> bool {
        self.epochs.is_empty()
    }

    /// The key it seals with.
    pub fn subkey(&mut self, key: &DataKey, writer: Writer, epoch: Epoch) -> Option<Arc<LessSafeKey>> {
        if let Some((_, _, subkey)) = self.subkeys.iter().find(|(id, e, _)| (*id, *e) == (key.id, epoch)) {
            return Some(Arc::clone(subkey));
        }
        let subkey = Arc::new(key.subkey(writer, epoch)?);
        self.subkeys.push_front((key.id, epoch, Arc::clone(&subkey)));
        self.subkeys.truncate(SUBKEYS_MAX);
        Some(subkey)
    }
}

/// An entry of a donor's roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The process.
    pub writer: Writer,
    /// Whether it may write.
    pub writes: bool,
    /// Its Ed25519 key.
    pub public: [u8; 32],
    /// The highest number that the donor had taken of it.
    pub counter: u64,
}

/// The processes whose messages are taken.
#[derive(Debug, Default)]
pub struct Roster {
    known: BTreeMap<Writer, Known>,
    epochs: BTreeMap<Epoch, Writer>,
}

impl Roster {
    /// A process.
    pub fn get(&self, writer: Writer) -> Option<&Known> {
        self.known.get(&writer)
    }

    /// A process.
    pub fn get_mut(&mut self, writer: Writer) -> Option<&mut Known> {
        self.known.get_mut(&writer)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Processes that were heard since, and may write.
    pub fn writers_since(&self, since_ms: u64) -> impl Iterator<Item = Writer> + '_ {
        let heard = self.known.iter().filter(move |(_, known)| known.writes && known.heard_at_ms >= since_ms);
        heard.map(|(writer, _)| *writer)
    }

    /// Takes a process in. False if one of the same name, but another key, is there.
    pub fn admit(&mut self, entry: Entry, now_ms: u64) -> bool {
        let Entry { writer, writes, public, counter } = entry;
        if let Some(known) = self.known.get(&writer) {
            return (known.writes, known.public) == (writes, public);
        }
        self.make_room(writes);
        let known = Known {
            writes,
            public,
            window: Window::above(counter),
            heard_at_ms: now_ms,
            epochs: VecDeque::new(),
            epoch_at_ms: 0,
            subkeys: VecDeque::new(),
        };
        self.known.insert(writer, known);
        true
    }

    /// If there are too many, forgets the one that was not heard for longest: a reader, unless there is none.
    fn make_room(&mut self, writes: bool) {
        let readers = self.known.values().filter(|known| !known.writes).count();
        let full = self.known.len() >= MEMBERS_MAX || (!writes && readers >= READERS_MAX);
        let longest = || self.known.iter().min_by_key(|(_, known)| (known.writes, known.heard_at_ms));
        if full && let Some(longest) = longest().map(|(writer, _)| *writer) {
            self.forget(longest);
        }
    }

    fn forget(&mut self, writer: Writer) {
        if let Some(known) = self.known.remove(&writer) {
            for epoch in &known.epochs {
                self.epochs.remove(epoch);
            }
        }
    }

    /// Whether a process that only reads has begun another epoch within the lease: each counts as a member for so long.
    pub fn is_hasty(&self, writer: Writer, epoch: Epoch, now_ms: u64, lease_ms: u64) -> bool {
        self.known.get(&writer).is_some_and(|known| {
            let is_new = !known.epochs.is_empty() && !known.epochs.contains(&epoch);
            is_new && !known.writes && now_ms < known.epoch_at_ms + lease_ms
        })
    }

    /// A message of a process's epoch is taken. False if the epoch is another's.
    pub fn take(&mut self, writer: Writer, epoch: Epoch, counter: u64, now_ms: u64) -> bool {
        let Some(known) = self.known.get_mut(&writer) else { return false };
        if *self.epochs.entry(epoch).or_insert(writer) != writer {
            return false;
        }
        known.window.take(counter);
        known.heard_at_ms = now_ms;
        if !known.epochs.contains(&epoch) {
            known.epoch_at_ms = now_ms;
            known.epochs.push_back(epoch);
            if known.epochs.len() > EPOCHS_MAX
                && let Some(oldest) = known.epochs.pop_front()
            {
                self.epochs.remove(&oldest);
            }
        }
        true
    }

    /// Forgets those that were not heard since.
    pub fn prune(&mut self, since_ms: u64) {
        let gone: Vec<_> =
            self.known.iter().filter(|(_, known)| known.heard_at_ms < since_ms).map(|(writer, _)| *writer).collect();
        gone.into_iter().for_each(|writer| self.forget(writer));
    }

    /// Appends those that were heard since, for a joiner.
    pub fn put(&self, since_ms: u64, out: &mut Vec<u8>) {
        let recent = || self.known.iter().filter(|(_, known)| known.heard_at_ms >= since_ms);
        put_varint(out, recent().count() as u64);
        for (writer, known) in recent() {
            put_u64(out, writer.0);
            out.push(u8::from(known.writes));
            out.extend_from_slice(&known.public);
            put_u64(out, known.window.top());
        }
    }

    /// Reads a donor's roster.
    pub fn read(reader: &mut Reader<'_>) -> Result<Vec<Entry>, DecodeError> {
        let count = reader.count(49)?;
        if count > MEMBERS_MAX {
            return Err(DecodeError::Range);
        }
        let entry = |reader: &mut Reader<'_>| {
            Ok(Entry {
                writer: Writer(reader.u64()?),
                writes: reader.u8()? != 0,
                public: reader.take(32)?.try_into().map_err(|_| DecodeError::Truncated)?,
                counter: reader.u64()?,
            })
        };
        (0..count).map(|_| entry(reader)).collect()
    }
}

/// What a certificate and a counter say of a process.
pub fn entry_of(certificate: &Certificate, counter: u64) -> Entry {
    Entry { writer: certificate.writer, writes: certificate.writes, public: certificate.public, counter }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_is_taken_once(start in 0_u64..3_000, numbers in proptest::collection::vec(0_u64..6_000, 0..400)) {
            let mut window = Window::above(start);
            let mut taken = std::collections::HashSet::new();
            let mut top = start;
            for number in numbers {
                let late = number + WINDOW <= top;
                let expected = number > start && !late && !taken.contains(&number);
                prop_assert_eq!(window.is_fresh(number), expected, "{} with top {}", number, top);
                if expected {
                    window.take(number);
                    taken.insert(number);
                    top = top.max(number);
                }
            }
        }
    }

    fn entry(writer: u64, counter: u64) -> Entry {
        Entry { writer: Writer(writer), writes: true, public: [writer as u8; 32], counter }
    }

    #[test]
    fn what_was_allowed_before_the_start_is_taken_once() {
        let mut window = Window::above(100);
        window.allow(99);
        window.allow(101);
        assert!(window.is_fresh(99) && !window.is_fresh(98) && !window.is_fresh(100));
        window.take(99);
        assert!(!window.is_fresh(99));
    }

    #[test]
    fn a_name_and_an_epoch_belong_to_one_process() {
        let mut roster = Roster::default();
        assert!(roster.admit(entry(1, 5), 0));
        assert!(roster.admit(entry(2, 5), 0));
        assert!(!roster.admit(Entry { public: [9; 32], ..entry(1, 50) }, 0));
        assert_eq!(roster.get(Writer(1)).unwrap().window.top(), 5);
        assert!(roster.take(Writer(1), Epoch(10), 6, 1));
        assert!(!roster.take(Writer(2), Epoch(10), 6, 1));
        for epoch in 11..20 {
            assert!(roster.take(Writer(1), Epoch(epoch), epoch, 2));
        }
        assert!(roster.epochs.len() <= EPOCHS_MAX + 1);
        roster.prune(2);
        assert_eq!((roster.len(), roster.epochs.values().all(|writer| *writer == Writer(1))), (1, true));
    }

    #[test]
    fn a_second_proof_does_not_move_the_window() {
        let mut roster = Roster::default();
        roster.admit(entry(1, 5), 0);
        roster.take(Writer(1), Epoch(1), 9, 0);
        for counter in [3, 20] {
            assert!(roster.admit(entry(1, counter), 0));
            let window = &roster.get(Writer(1)).unwrap().window;
            assert!(!window.is_fresh(5) && window.is_fresh(6) && !window.is_fresh(9) && window.is_fresh(10));
        }
    }

    #[test]
    fn readers_make_no_room_for_themselves_among_writers() {
        let mut roster = Roster::default();
        for writer in 1..=600 {
            roster.admit(entry(writer, 0), 0);
        }
        for reader in 1_000..3_000 {
            roster.admit(Entry { writes: false, ..entry(reader, 0) }, reader);
        }
        assert!((1..=600).all(|writer| roster.get(Writer(writer)).is_some()));
        assert_eq!(roster.len(), MEMBERS_MAX);
        roster.admit(entry(601, 0), 9_000);
        assert!(roster.get(Writer(1)).is_some() && roster.len() == MEMBERS_MAX);
        // One epoch in a lease.
        let hasty = |roster: &Roster, epoch, now_ms| roster.is_hasty(Writer(2_999), Epoch(epoch), now_ms, 2_000);
        assert!(!hasty(&roster, 1, 9_000) && roster.take(Writer(2_999), Epoch(1), 1, 9_000));
        assert!(hasty(&roster, 3, 10_999) && !hasty(&roster, 1, 10_999) && !hasty(&roster, 3, 11_000));
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let mut roster = Roster::default();
        for writer in 0..3_000 {
            roster.admit(entry(writer, 0), writer);
        }
        assert_eq!(roster.len(), MEMBERS_MAX);
        assert!(roster.get(Writer(2_999)).is_some() && roster.get(Writer(0)).is_none());
        let mut out = Vec::new();
        roster.put(2_990, &mut out);
        assert_eq!(Roster::read(&mut Reader::new(&out)).unwrap().len(), 10);
    }
}
