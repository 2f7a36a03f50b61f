//! Data keys. A process may hold several: when two islands with different ones meet, or after a rotation, all are kept to
//! open with, and one, the same everywhere, is used to seal.

use std::sync::Arc;

use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};

use super::codec::{DecodeError, Reader, put_u64, put_varint};
use super::ids::{Epoch, Writer};
use super::secret::Secret;

/// Data keys held at most. Over it, those that lose are given up first.
pub const KEYS_MAX: usize = 16;

/// Names a data key: a random number, not zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u64);

impl KeyId {
    /// No key.
    pub const NONE: Self = Self(0);
}

/// A data key. Nothing is sealed with it: it gives a key for each epoch of each process.
#[derive(Debug)]
pub struct DataKey {
    /// Its name.
    pub id: KeyId,
    /// A key made to replace others has a higher one than they.
    pub generation: u64,
    secret: Secret,
    prk: Prk,
}

impl DataKey {
    /// This key.
    pub fn new(id: KeyId, generation: u64, secret: Secret) -> Self {
        let prk = Salt::new(HKDF_SHA256, b"iratdb/2 data key").extract(secret.bytes());
        Self { id, generation, secret, prk }
    }

    /// The key that a process seals with in an epoch: HKDF over key id, writer and epoch. `None` can't happen.
    pub fn subkey(&self, writer: Writer, epoch: Epoch) -> Option<LessSafeKey> {
        let info: [&[u8]; 3] = [&self.id.0.to_le_bytes(), &writer.0.to_le_bytes(), &epoch.0.to_le_bytes()];
        let okm = self.prk.expand(&info, &AES_256_GCM).ok()?;
        Some(LessSafeKey::new(UnboundKey::from(okm)))
    }
}

#[derive(Debug)]
struct Held {
    key: Arc<DataKey>,
    /// Since when nothing is sealed with it, unless it is the one: at this time it was so for this long.
    unused_at_ms: u64,
    unused_for_ms: u64,
}

impl Held {
    fn unused_ms(&self, now_ms: u64) -> u64 {
        self.unused_for_ms.saturating_add(now_ms.saturating_sub(self.unused_at_ms))
    }
}

/// A data key that another has sent.
#[derive(Debug)]
pub struct Given {
    /// The key.
    pub key: DataKey,
    /// For how long it has known another to be the one to seal with.
    pub unused_ms: u64,
}

/// The data keys of a process, the one to seal with first.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: Vec<Held>,
    /// Chosen over the first.
    preferred: Option<KeyId>,
    /// Since when the one to seal with is the one.
    best_since_ms: u64,
}

impl KeyRing {
    /// The key to seal with: of the highest generation, and of those the highest id, unless another is preferred.
    pub fn best(&self) -> Option<&Arc<DataKey>> {
        let preferred = self.preferred.and_then(|id| self.get(id));
        preferred.or_else(|| self.keys.first().map(|held| &held.key))
    }

    /// Prefers a key. A process that only reads seals with the one that it sees writers use: it can't hand them another.
    pub fn prefer(&mut self, id: KeyId, now_ms: u64) {
        let before = self.best_id();
        self.preferred = Some(id);
        self.may_have_changed(before, now_ms);
    }

    fn best_id(&self) -> Option<KeyId> {
        self.best().map(|best| best.id)
    }

    /// From now on the one that was the best, if it is no more, is not used here.
    fn may_have_changed(&mut self, before: Option<KeyId>, now_ms: u64) {
        if self.best_id() == before {
            return;
        }
        self.best_since_ms = now_ms;
        if let Some(held) = self.keys.iter_mut().find(|held| Some(held.key.id) == before) {
            (held.unused_at_ms, held.unused_for_ms) = (now_ms, 0);
        }
    }

    /// How long it has been the one.
    pub fn age_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.best_since_ms)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// A key.
    pub fn get(&self, id: KeyId) -> Option<&Arc<DataKey>> {
        self.keys.iter().map(|held| &held.key).find(|key| key.id == id)
    }

    /// Adds a key. False if it was there.
    pub fn add(&mut self, Given { key, unused_ms }: Given, now_ms: u64) -> bool {
        if key.id == KeyId::NONE || self.get(key.id).is_some() {
            return false;
        }
        let before = self.best_id();
        self.keys.push(Held { key: Arc::new(key), unused_at_ms: now_ms, unused_for_ms: unused_ms });
        self.keys.sort_by_key(|held| std::cmp::Reverse((held.key.generation, held.key.id)));
        self.keys.truncate(KEYS_MAX);
        self.may_have_changed(before, now_ms);
        true
    }

    /// Gives up keys that have not been the one to seal with for so long, as far as is known here or was to who handed them on: so
    /// one that was replaced does not live on by being handed from member to member.
    pub fn retire(&mut self, now_ms: u64, keep_ms: u64) {
        let best = self.best_id();
        self.keys.retain(|held| Some(held.key.id) == best || held.unused_ms(now_ms) < keep_ms);
    }

    /// Appends all keys: for a message that will be sealed.
    pub fn put(&self, now_ms: u64, out: &mut Vec<u8>) {
        let best = self.best_id();
        put_varint(out, self.keys.len() as u64);
        for held in &self.keys {
            put_u64(out, held.key.id.0);
            put_u64(out, held.key.generation);
            put_u64(out, if Some(held.key.id) == best { 0 } else { held.unused_ms(now_ms) });
            out.extend_from_slice(held.key.secret.bytes());
        }
    }

    /// Reads keys that another has sent.
    pub fn read(reader: &mut Reader<'_>) -> Result<Vec<Given>, DecodeError> {
        let count = reader.count(56)?;
        if count > KEYS_MAX {
            return Err(DecodeError::Range);
        }
        let key = |reader: &mut Reader<'_>| {
            let (id, generation, unused_ms) = (KeyId(reader.u64()?), reader.u64()?, reader.u64()?);
            let secret: [u8; 32] = reader.take(32)?.try_into().map_err(|_| DecodeError::Truncated)?;
            Ok(Given { key: DataKey::new(id, generation, Secret::new(secret)), unused_ms })
        };
        (0..count).map(|_| key(reader)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: u64, generation: u64) -> Given {
        Given { key: DataKey::new(KeyId(id), generation, Secret::new([id as u8; 32])), unused_ms: 0 }
    }

    fn best(ring: &KeyRing) -> Option<u64> {
        ring.best().map(|key| key.id.0)
    }

    #[test]
    fn whatever_the_order_one_wins() {
        let mut keys = vec![(1, 1), (9, 1), (5, 1), (2, 2)];
        for _ in 0..keys.len() {
            keys.rotate_left(1);
            let mut ring = KeyRing::default();
            for (id, generation) in &keys {
                assert!(ring.add(key(*id, *generation), 0));
            }
            assert_eq!(best(&ring), Some(2));
            assert!(!ring.add(key(9, 7), 0), "known by its id");
            assert_eq!(ring.len(), 4);
        }
    }

    #[test]
    fn losers_are_given_up_in_the_end() {
        let mut ring = KeyRing::default();
        ring.add(key(1, 1), 0);
        ring.add(key(2, 1), 1_000);
        ring.retire(1_999, 1_000);
        assert_eq!(ring.len(), 2, "others may still seal with it");
        ring.retire(2_000, 1_000);
        assert_eq!((ring.len(), best(&ring)), (1, Some(2)));
        ring.retire(9_000, 1_000);
        assert_eq!(ring.len(), 1, "never the last");
        for id in 3..100 {
            ring.add(key(id, 1), 10_000);
        }
        assert_eq!((ring.len(), best(&ring)), (KEYS_MAX, Some(99)));
    }

    #[test]
    fn a_preferred_key_is_the_best_as_long_as_it_is_there() {
        let mut ring = KeyRing::default();
        ring.add(key(1, 1), 0);
        ring.add(key(9, 1), 0);
        ring.prefer(KeyId(1), 5_000);
        assert_eq!(best(&ring), Some(1));
        ring.prefer(KeyId(1), 5_500);
        ring.retire(5_999, 1_000);
        assert_eq!(ring.len(), 2);
        ring.retire(6_000, 1_000);
        assert_eq!((ring.len(), best(&ring)), (1, Some(1)));
        ring.prefer(KeyId(7), 7_000);
        assert_eq!(best(&ring), Some(1), "7 is not there");
    }

    #[test]
    fn a_replaced_key_does_not_live_on_from_hand_to_hand() {
        let (mut ring, mut now_ms) = (KeyRing::default(), 0);
        ring.add(key(1, 1), 0);
        ring.add(key(2, 2), 5_000);
        for _ in 0..4 {
            now_ms += 300;
            // A process that has just started, with its own clock.
            let (mut out, mut next) = (Vec::new(), KeyRing::default());
            ring.put(5_000 + now_ms, &mut out);
            for given in KeyRing::read(&mut Reader::new(&out)).unwrap() {
                next.add(given, 5_000 + now_ms);
            }
            next.retire(5_000 + now_ms, 1_000);
            ring = next;
        }
        assert_eq!((ring.len(), best(&ring)), (1, Some(2)), "1,200 ms after it was replaced");
    }

    #[test]
    fn what_is_sent_is_read() {
        let mut ring = KeyRing::default();
        ring.add(key(1, 1), 0);
        ring.add(key(2, 3), 0);
        let mut out = Vec::new();
        ring.put(700, &mut out);
        let read = KeyRing::read(&mut Reader::new(&out)).unwrap();
        let said = |given: &Given| (given.key.id.0, given.key.generation, given.unused_ms);
        assert_eq!(read.iter().map(said).collect::<Vec<_>>(), [(2, 3, 0), (1, 1, 700)]);
        assert!(KeyRing::read(&mut Reader::new(&out[..out.len() - 1])).is_err());
        let shown = format!("{ring:?}{read:?}");
        assert!(!shown.contains("2, 2, 2") && !shown.contains("0202"), "{shown}");
    }
}
