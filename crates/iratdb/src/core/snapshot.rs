//! How a replica that lacks more than a few frames gets it: by comparing digests with one member (a joiner has
//! nothing, so it gets everything) and fetching the buckets that differ, a message at a time.
//!
//! The donor keeps nothing between messages. Frames are applied meanwhile; all merges are joins, so nothing has to stand
//! still. What the donor turns out to lack is sent to everybody.
//!
//! Rows fetched one after the other can show a transaction in part that the donor took in between. So a joiner is ready only
//! when it has all frames that the donor had at the end of the walk: they bring the rest.

use std::collections::BTreeMap;

use super::codec::{BucketSet, Cursor, OpBody, OpReader, Tail};
use super::digest::{BUCKETS, hash64, row_part, share_part};
use super::ids::{Epoch, Writer};
use super::key::Key;
use super::merge::Clocks;
use super::table::TableState;

/// Bytes of rows in one answer. Smaller than a message, so that the donor is soon back at its own work.
pub const ROWS_BYTES: usize = 128 * 1024;
/// A donor that does not answer for this long is asked again, then given up.
pub const ANSWER_MS: u64 = 500;
/// How often it is asked.
pub const ASKS_MAX: u32 = 3;
/// Joiners that may wait for a donor's frames to be sent.
pub const WAITING_MAX: usize = 64;
/// How long a joiner waits for the frames that the donor had, before it takes itself for ready.
pub const SETTLE_MS: u64 = 3_000;
/// Ended epochs named in an answer.
pub const ENDED_IN_DIGESTS_MAX: usize = 4096;

/// An owned [`Cursor`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Table index.
    pub table: u8,
    /// Bucket.
    pub bucket: u8,
    /// The last key that is done.
    pub after: Option<Key>,
}

impl Place {
    /// Borrows it.
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor { table: self.table, bucket: self.bucket, after: self.after.as_deref() }
    }
}

impl From<Cursor<'_>> for Place {
    fn from(cursor: Cursor<'_>) -> Self {
        Self { table: cursor.table, bucket: cursor.bucket, after: cursor.after.map(Into::into) }
    }
}

/// A resync with one member.
#[derive(Debug)]
pub struct Session {
    /// The member's process.
    pub donor: Writer,
    /// Names the session in messages.
    pub token: u64,
    /// How far it has come.
    pub stage: Stage,
    /// How often the present question was asked.
    pub asks: u32,
    /// When to ask again.
    pub ask_at_ms: u64,
}

/// How far a resync has come.
#[derive(Debug)]
pub enum Stage {
    /// Asked for digests.
    Digests,
    /// Asked for rows.
    Rows {
        /// From where on.
        place: Place,
        /// Buckets that differ.
        wanted: Vec<(u8, BucketSet)>,
        /// What the donor had of everybody's frames before.
        tails: Vec<Tail>,
    },
    /// A joiner has the rows, and asked how far the donor's frames are now.
    End {
        /// What the donor had of everybody's frames before.
        tails: Vec<Tail>,
    },
}

/// A joiner that waits for frames.
#[derive(Debug)]
pub struct Settling {
    /// Which.
    pub tails: Vec<Tail>,
    /// How long at most.
    pub until_ms: u64,
}

/// The buckets in which a replica differs from these digests.
pub fn differing(tables: &[TableState], theirs: &[(u8, u8, u64)]) -> Vec<(u8, BucketSet)> {
    let mut other: BTreeMap<(u8, u8), u64> = BTreeMap::new();
    for (table, bucket, digest) in theirs {
        other.insert((*table, *bucket), *digest);
    }
    let mut wanted = Vec::new();
    for (table, state) in (0_u8..).zip(tables) {
        let mut set = BucketSet::default();
        for (bucket, digest) in (0_u8..=u8::MAX).zip(state.bucket_digests()) {
            if other.get(&(table, bucket)).copied().unwrap_or(0) != digest
                && let Some(word) = set.get_mut(usize::from(bucket) / 64)
            {
                *word |= 1 << (bucket % 64);
            }
        }
        if set.iter().any(|word| *word != 0) {
            wanted.push((table, set));
        }
    }
    wanted
}

/// Non-empty buckets' digests.
pub fn digests(tables: &[TableState]) -> Vec<(u8, u8, u64)> {
    let tables = (0_u8..).zip(tables);
    let all = tables.flat_map(|(t, state)| (0_u8..=u8::MAX).zip(state.bucket_digests()).map(move |(b, d)| (t, b, d)));
    all.filter(|(_, _, digest)| *digest != 0).collect()
}

/// The wanted buckets from a place on, in order.
pub fn buckets_from(wanted: &[(u8, BucketSet)], place: &Place) -> Vec<(u8, u8)> {
    let start = (place.table, place.bucket);
    let mut buckets: Vec<_> = wanted
        .iter()
        .flat_map(|(table, set)| {
            let has = |bucket: usize| set.get(bucket / 64).is_some_and(|word| word >> (bucket % 64) & 1 == 1);
            (0..BUCKETS).filter(move |bucket| has(*bucket)).map(|bucket| (*table, bucket as u8))
        })
        .filter(|at| *at >= start)
        .collect();
    buckets.sort_unstable();
    buckets
}

/// The keys of a replica between two places of a walk.
pub fn keys_between(
    tables: &[TableState],
    wanted: &[(u8, BucketSet)],
    from: &Place,
    to: Option<&Place>,
) -> Vec<(usize, Key)> {
    let mut keys = Vec::new();
    for (table, bucket) in buckets_from(wanted, from) {
        let Some(state) = tables.get(usize::from(table)) else { continue };
        let at = (table, bucket);
        let first = if at == (from.table, from.bucket) { from.after.as_deref() } else { None };
        let last = match to {
            Some(to) if at > (to.table, to.bucket) => break,
            Some(to) if at == (to.table, to.bucket) => match &to.after {
                Some(last) => Some(last),
                None => break,
            },
            _ => None,
        };
        let inside =
            state.keys(usize::from(bucket), first).into_iter().filter(|key| last.is_none_or(|last| **key <= *last));
        keys.extend(inside.map(|key| (usize::from(table), key.clone())));
    }
    keys
}

/// What a donor's rows add to digests, row by row.
pub fn parts_of(
    states: &[u8],
    ended: impl Fn(Epoch) -> bool,
    owned: impl Fn(usize) -> bool,
) -> BTreeMap<(usize, Key), u64> {
    let mut parts: BTreeMap<(usize, Key), u64> = BTreeMap::new();
    let mut reader = OpReader::states(states);
    while let Ok(Some(op)) = reader.next() {
        let part = parts.entry((op.table, op.key.into())).or_default();
        if let OpBody::Put { birth, clocks, tallies, .. } = op.body
            && !(owned(op.table) && ended(birth.epoch))
        {
            let clocks = Clocks::from_list(clocks, birth);
            let hash = hash64(op.key, 0);
            *part = part.wrapping_add(row_part(hash, birth, &clocks));
            *part = tallies.iter().fold(*part, |part, share| part.wrapping_add(share_part(hash, &share)));
        }
    }
    parts
}
