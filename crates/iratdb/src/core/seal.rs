//! Sealing and signing what goes out, opening and checking what comes in.
//!
//! AES-256-GCM with a key of the sender's epoch; the nonce is the number that the sender gives each message, whatever is in
//! it, and never gives again, so that a frame sent again is a new message, too. Then Ed25519 over the
//! SHA-256 of everything: readers hold the key of the seal, so that only the signature tells who wrote. The seal is opened before the
//! signature is checked: it costs a fraction, and stops everybody without the data key.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use ring::aead::{Aad, LessSafeKey, Nonce};

use super::cert::{DatabaseId, Identity, verify};
use super::codec::{FRONT_BYTES, SEALING_BYTES, Seal, Sealed, decode_header};
use super::engine::Destination;
use super::ids::{Epoch, Writer};
use super::keyring::{DataKey, KeyId};
use super::secret::hash;

const MESSAGE: &str = "iratdb/2 message";
const AAD_BYTES: usize = FRONT_BYTES + 32 + 8;

fn nonce(counter: u64) -> Nonce {
    let mut nonce = [0; 12];
    let (_, low) = nonce.split_at_mut(4);
    low.copy_from_slice(&counter.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Version, kind, flags, key id, writer, epoch, counter; the database; whom it is for.
fn associated(seal: &Seal, database: DatabaseId, recipient: Writer) -> [u8; AAD_BYTES] {
    let mut out = [0; AAD_BYTES];
    let (front, rest) = out.split_at_mut(FRONT_BYTES);
    front.copy_from_slice(&seal.front());
    let (middle, end) = rest.split_at_mut(32);
    middle.copy_from_slice(&database.0);
    end.copy_from_slice(&if seal.to_one { recipient.0 } else { 0 }.to_le_bytes());
    out
}

/// Seals and signs this process's messages with one data key. All its sealers share one count.
#[derive(Debug)]
pub struct Sealer {
    database: DatabaseId,
    identity: Identity,
    key: Arc<DataKey>,
    counter: Arc<AtomicU64>,
    /// The epoch sealed for last, and its key.
    present: Mutex<Option<(Epoch, LessSafeKey)>>,
}

impl Sealer {
    /// A sealer with this data key.
    pub fn new(database: DatabaseId, identity: Identity, key: Arc<DataKey>, counter: Arc<AtomicU64>) -> Self {
        Self { database, identity, key, counter, present: Mutex::new(None) }
    }

    /// The data key.
    pub fn key_id(&self) -> KeyId {
        self.key.id
    }

    /// Seals and signs a message of the engine. `None` if it is none.
    pub fn seal(&self, to: Destination, clear: &[u8]) -> Option<Bytes> {
        let header = decode_header(clear).ok()?;
        let recipient = match to {
            Destination::All => Writer(0),
            Destination::One(writer) => writer,
        };
        let seal = Seal {
            to_one: to != Destination::All,
            key: self.key.id,
            writer: self.identity.certificate.writer,
            epoch: header.epoch,
            // 2^64 messages take longer than there is time.
            counter: self.counter.fetch_add(1, Ordering::Relaxed) + 1,
        };
        let aad = associated(&seal, self.database, recipient);
        let mut out = Vec::with_capacity(clear.len() + SEALING_BYTES);
        out.extend_from_slice(&seal.front());
        out.extend_from_slice(clear);
        let tag = {
            let mut present = self.present.lock();
            if !matches!(&*present, Some((epoch, _)) if *epoch == seal.epoch) {
                *present = Some((seal.epoch, self.key.subkey(seal.writer, seal.epoch)?));
            }
            let (_, key) = present.as_ref()?;
            let (_, body) = out.split_at_mut(FRONT_BYTES);
            key.seal_in_place_separate_tag(nonce(seal.counter), Aad::from(aad), body).ok()?
        };
        out.extend_from_slice(tag.as_ref());
        let (_, sealed) = out.split_at(FRONT_BYTES);
        let signature = self.identity.sign(&hash(MESSAGE, &[&aad, sealed]));
        out.extend_from_slice(&signature);
        Some(out.into())
    }
}

/// Opens a seal. `me` is the process that received it.
pub fn open(key: &LessSafeKey, database: DatabaseId, message: &Sealed<'_>, me: Writer) -> Option<Bytes> {
    let mut clear = message.sealed.to_vec();
    let aad = associated(&message.seal, database, me);
    let length = key.open_in_place(nonce(message.seal.counter), Aad::from(aad), &mut clear).ok()?.len();
    clear.truncate(length);
    Some(clear.into())
}

/// Checks the signature of a message.
pub fn is_signed(public: &[u8; 32], database: DatabaseId, message: &Sealed<'_>, me: Writer) -> bool {
    let aad = associated(&message.seal, database, me);
    verify(public, &hash(MESSAGE, &[&aad, message.sealed]), message.signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::cert::fixtures::read_write;
    use crate::core::codec::{Body, Envelope, Header, Tail, encode};
    use crate::core::secret::Secret;

    const ME: Writer = Writer(77);

    fn clear(epoch: u64) -> Vec<u8> {
        let header = Header { schema: 1, writer: Writer(5), epoch: Epoch(epoch) };
        encode(header, &Body::EpochEnd { tail: Tail { epoch: Epoch(epoch), sequence: 3 } })
    }

    fn sealer(key: &Arc<DataKey>) -> (Sealer, DatabaseId) {
        let keys = read_write();
        let database = keys.database("main", "calls");
        let identity = keys.certify(database, Writer(5), &Secret::new([1; 32])).unwrap();
        (Sealer::new(database, identity, Arc::clone(key), Arc::default()), database)
    }

    fn sealed(bytes: &[u8]) -> Option<Sealed<'_>> {
        match Envelope::read(bytes) {
            Ok(Envelope::Sealed(sealed)) => Some(sealed),
            _ => None,
        }
    }

    /// What a receiver with the data key makes of it.
    fn receive(key: &DataKey, public: &[u8; 32], database: DatabaseId, bytes: &[u8]) -> Option<(Bytes, bool)> {
        let message = sealed(bytes)?;
        let subkey = key.subkey(message.seal.writer, message.seal.epoch)?;
        let clear = open(&subkey, database, &message, ME)?;
        Some((clear, is_signed(public, database, &message, ME)))
    }

    #[test]
    fn sealed_and_opened_and_never_the_same_twice() {
        let key = Arc::new(DataKey::new(KeyId(9), 1, Secret::new([2; 32])));
        let (sealer, database) = sealer(&key);
        let public = sealer.identity.certificate.public;
        let mut before = Vec::new();
        for (number, epoch) in [1, 1, 2, 1].into_iter().enumerate() {
            let bytes = sealer.seal(Destination::All, &clear(epoch)).unwrap();
            assert_eq!(bytes.len(), clear(epoch).len() + SEALING_BYTES);
            assert_eq!(sealed(&bytes).unwrap().seal.counter, number as u64 + 1);
            assert_eq!(receive(&key, &public, database, &bytes), Some((clear(epoch).into(), true)));
            assert!(!before.contains(&bytes));
            before.push(bytes);
        }
        assert!(sealer.seal(Destination::All, b"no message").is_none());
    }

    #[test]
    fn every_bit_counts() {
        let key = Arc::new(DataKey::new(KeyId(9), 1, Secret::new([2; 32])));
        let (sealer, database) = sealer(&key);
        let public = sealer.identity.certificate.public;
        for to in [Destination::All, Destination::One(ME)] {
            let bytes = sealer.seal(to, &clear(1)).unwrap();
            assert!(matches!(receive(&key, &public, database, &bytes), Some((_, true))));
            for at in 0..bytes.len() {
                for bit in 0..8 {
                    let mut bad = bytes.to_vec();
                    bad[at] ^= 1 << bit;
                    let taken = receive(&key, &public, database, &bad);
                    let in_signature = at >= bytes.len() - 64;
                    assert_eq!(taken.is_some(), in_signature, "bit {bit} of byte {at}: the seal");
                    assert!(!taken.is_some_and(|(_, signed)| signed), "bit {bit} of byte {at}: the signature");
                }
            }
            for length in 0..bytes.len() {
                assert!(receive(&key, &public, database, &bytes[..length]).is_none());
            }
        }
    }

    #[test]
    fn for_one_database_one_recipient_and_one_key() {
        let key = Arc::new(DataKey::new(KeyId(9), 1, Secret::new([2; 32])));
        let (sealer, database) = sealer(&key);
        let public = sealer.identity.certificate.public;
        let to_other = sealer.seal(Destination::One(Writer(78)), &clear(1)).unwrap();
        assert!(receive(&key, &public, database, &to_other).is_none());
        let to_all = sealer.seal(Destination::All, &clear(1)).unwrap();
        assert!(receive(&key, &public, DatabaseId([0; 32]), &to_all).is_none());
        let other = DataKey::new(KeyId(9), 1, Secret::new([3; 32]));
        assert!(receive(&other, &public, database, &to_all).is_none());
        assert!(matches!(receive(&key, &[8; 32], database, &to_all), Some((_, false))));
    }

    #[test]
    fn the_text_does_not_show() {
        let key = Arc::new(DataKey::new(KeyId(9), 1, Secret::new([2; 32])));
        let (sealer, _) = sealer(&key);
        let header = Header { schema: 1, writer: Writer(5), epoch: Epoch(1) };
        let heartbeat = Body::Heartbeat {
            node: "a marker that nobody must see",
            ready: true,
            incomplete: false,
            hello: false,
            flushed: true,
            sequence: 1,
            state: 1,
            tables: Vec::new(),
            suspects: Vec::new(),
            tails: Vec::new(),
            shown: Vec::new(),
        };
        let bytes = sealer.seal(Destination::All, &encode(header, &heartbeat)).unwrap();
        assert!(!bytes.windows(8).any(|part| part == b"a marker"));
        let shown = format!("{sealer:?}");
        assert!(!shown.contains("020202") && !shown.contains("2, 2, 2, 2"), "{shown}");
    }
}
