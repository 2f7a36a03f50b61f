//! Hashes that are the same in every process: to place a row in its bucket, to compare replicas, to compare tables.
//!
//! They are sums, so that order does not matter and one row's part can be taken out and put in.
//! Not for authentication: who may write may also make collisions.

use super::hlc::Stamp;
use super::merge::Clocks;
use super::tally::Share;
use super::value::ValueRef;

/// Buckets a table's rows are spread over; two replicas compare buckets and exchange those that differ.
pub const BUCKETS: usize = 256;

const K0: u64 = 0xa076_1d64_78bd_642f;
const K1: u64 = 0xe703_7ed1_a0b4_28db;
const K2: u64 = 0x8ebc_6af0_9c88_c6e3;

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    let n = bytes.len().min(8);
    word[..n].copy_from_slice(&bytes[..n]);
    u64::from_le_bytes(word)
}

/// 64-bit hash of bytes.
pub fn hash64(bytes: &[u8], seed: u64) -> u64 {
    let mut state = fold(seed ^ K0, (bytes.len() as u64) ^ K1);
    let mut chunks = bytes.chunks_exact(16);
    for chunk in &mut chunks {
        state = fold(word(&chunk[..8]) ^ state ^ K1, word(&chunk[8..]) ^ state.rotate_left(29) ^ K2);
    }
    let rest = chunks.remainder();
    let (low, high) = rest.split_at(rest.len().min(8));
    state = fold(word(low) ^ state ^ K2, word(high) ^ state.rotate_left(29) ^ K0);
    fold(state ^ K0, K1)
}

/// The bucket of a row, from its key's hash.
pub fn bucket_of(key_hash: u64) -> usize {
    (key_hash >> 56) as usize
}

fn mix(state: u64, stamp: Stamp) -> u64 {
    fold(state ^ stamp.hlc ^ K1, state.rotate_left(31) ^ stamp.epoch.0 ^ K2)
}

/// A live row's part of its bucket's digest: which writes it is made of. Equal parts mean equal values,
/// because a stamp names one write.
pub fn row_part(key_hash: u64, birth: Stamp, clocks: &Clocks) -> u64 {
    let mut state = mix(key_hash ^ K0, birth);
    for (column, clock) in clocks.iter() {
        state = mix(state ^ (u64::from(column) << 32), clock);
    }
    fold(state ^ K0, K2)
}

/// A deletion's part of its bucket's digest of deletions.
pub fn death_part(key_hash: u64, death: Stamp) -> u64 {
    fold(mix(key_hash ^ K1, death) ^ K2, K0)
}

/// A part for what an epoch has added to a row's counter.
pub fn share_part(key_hash: u64, share: &Share) -> u64 {
    let stamp = Stamp { hlc: share.hlc, epoch: share.epoch };
    fold(mix(key_hash ^ K2 ^ (u64::from(share.column) << 32), stamp) ^ K1, K0)
}

/// Order-independent digest of rows' values: a sum of 128-bit row hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowsDigest {
    /// How many rows.
    pub rows: u64,
    /// The sum.
    pub sum: u128,
}

/// Collects one row's values.
#[derive(Debug, Default)]
pub struct RowHasher {
    bytes: Vec<u8>,
}

impl RowHasher {
    /// Adds the row's next value.
    pub fn value(&mut self, value: ValueRef<'_>) {
        super::codec::put_value(&mut self.bytes, value);
    }

    /// Ends the row and adds it to the digest.
    pub fn finish(&mut self, digest: &mut RowsDigest) {
        let low = hash64(&self.bytes, K0);
        let high = hash64(&self.bytes, K2);
        digest.rows += 1;
        digest.sum = digest.sum.wrapping_add((u128::from(high) << 64) | u128::from(low));
        self.bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn hashes_of_near_inputs_differ() {
        let mut seen = HashSet::new();
        for len in 0..64_usize {
            for flip in 0..len.max(1) {
                let mut bytes = vec![0_u8; len];
                if let Some(byte) = bytes.get_mut(flip) {
                    *byte = 1;
                }
                assert!(seen.insert(hash64(&bytes, 7)), "len {len} flip {flip}");
            }
        }
    }

    #[test]
    fn buckets_are_evenly_filled() {
        let mut counts = [0_u32; BUCKETS];
        for i in 0..25_600_u64 {
            counts[bucket_of(hash64(&i.to_le_bytes(), 0))] += 1;
        }
        assert!(counts.iter().all(|n| (50..200).contains(n)), "{counts:?}");
    }
}
