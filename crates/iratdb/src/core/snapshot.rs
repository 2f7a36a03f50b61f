//! How a replica that lacks more than a few frames gets it: by comparing digests with one member (a joiner has
//! nothing, so it gets everything) and fetching the buckets that differ, a message at a time.
//!
//! The donor keeps no more between messages than the keys of the bucket it is at, and nothing has to stand still: frames are applied meanwhile, and all merges are
//! joins. But rows fetched one after the other show transactions in part that the donor took in between. So they are gathered
//! aside, and shown all at once when it is certain that they make whole transactions. With [`Cut`]s of how far the donor had got at the start
//! and at the end of the walk, every frame is one of these:
//!
//! - It showed at the donor at the start: all of it has been fetched, or was here.
//! - It came to show there before the end: the rows may have some of it. They are not shown before it has arrived here, too.
//! - It came later: the rows have nothing of it.
//!
//! If a frame of the second kind can't be had, or the donor's rows changed otherwise than by frames, the walk starts anew. If the donor
//! goes, what was gathered is dropped.

use std::collections::BTreeMap;

use super::codec::{BucketSet, Cursor, OpBody, OpReader, Progress, Wanted};
use super::digest::{BUCKETS, hash64, row_part, share_part};
use super::ids::{Epoch, Writer};
use super::key::Key;
use super::merge::Clocks;
use super::streams::Stream;
use super::table::TableState;
use super::version::Fit;

/// Bytes of rows in one message of an answer. Little, so that the donor is soon back at its own work.
pub const ROWS_BYTES: usize = 8 * 1024;
/// Messages that answer one question for rows; then the asker asks on.
pub const ANSWERS_AT_ONCE: u32 = 32;
/// Questions for rows that are answered at a time, of one asker each.
pub const SERVED_MAX: usize = 16;
/// A donor that does not answer for this long is asked again, then given up.
pub const ANSWER_MS: u64 = 500;
/// How often it is asked.
pub const ASKS_MAX: u32 = 3;
/// Askers that may wait for a donor's frames to be sent.
pub const WAITING_MAX: usize = 64;
/// How long the frames that the donor had at the end are waited for, before the walk starts anew.
pub const SETTLE_MS: u64 = 1_500;
/// How often a walk starts anew before the donor is given up.
pub const WALKS_MAX: u32 = 4;
/// Ended epochs named in an answer.
pub const ENDED_IN_DIGESTS_MAX: usize = 4096;

/// An owned [`Cursor`].
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
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

/// A message of an answer to a question for rows.
#[derive(Debug)]
pub struct Answer {
    /// Where it starts.
    pub from: Place,
    /// Where the next goes on; `None` at the end.
    pub next: Option<Place>,
    /// Whether the next comes without being asked for.
    pub more: bool,
    /// The states of rows.
    pub states: Box<[u8]>,
}

/// How far a donor had got at one moment.
#[derive(Debug, Clone, Default)]
pub struct Cut {
    /// Changes whenever its rows change but by frames.
    pub version: u64,
    /// How far it had got with frames.
    pub progress: BTreeMap<Epoch, Progress>,
}

impl Cut {
    /// From a message.
    pub fn new(version: u64, progress: Vec<Progress>) -> Self {
        Self { version, progress: progress.into_iter().map(|progress| (progress.epoch, progress)).collect() }
    }

    /// The frames of an epoch up to which all showed.
    pub fn settled(&self, epoch: Epoch) -> u64 {
        self.progress.get(&epoch).map_or(0, |progress| progress.settled)
    }

    /// Whether rows fetched between this cut and `end` can be shown, together with what is here of an epoch's frames: whether all
    /// that came to show at the donor in between is here. What is held back for rows that it updates counts: the rows fetched have them.
    pub fn is_whole(&self, end: &Progress, here: Option<&Stream>) -> bool {
        let start = self.progress.get(&end.epoch);
        if start.is_some_and(|start| start.changes == end.changes) {
            return true;
        }
        let start = start.map_or(0, |start| start.settled);
        here.map_or(start, |stream| stream.here_with(start)) >= end.top
    }
}

/// A resync with one member.
#[derive(Debug)]
pub struct Session {
    /// The member's process.
    pub donor: Writer,
    /// Names the walk in messages.
    pub token: u64,
    /// How far it has come.
    pub stage: Stage,
    /// How often the present question was asked.
    pub asks: u32,
    /// When to ask again.
    pub ask_at_ms: u64,
    /// How many walks have been started.
    pub walks: u32,
    /// How far the donor had got at the start.
    pub start: Cut,
    /// The buckets that it is about, by this replica's numbers of tables. Places in the walk are by the donor's.
    pub wanted: Vec<Wanted>,
    /// Digest of this replica's rows when it learned of them.
    pub our_state: u64,
    /// The tables that the donor has, if its schema is another.
    pub fit: Option<Fit>,
    /// Messages of the present answer that have overtaken others, by where they start.
    pub early: BTreeMap<Place, Answer>,
    /// The rows fetched.
    pub rows: Vec<Box<[u8]>>,
    /// Their bytes.
    pub rows_bytes: usize,
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
        wanted: Vec<Wanted>,
    },
    /// The rows are here. Asked how far the donor's frames are now.
    End,
    /// Waiting for these frames.
    Settling {
        /// How far the donor had got at the end.
        end: Cut,
        /// How long at most.
        until_ms: u64,
    },
}

/// The buckets in which a replica differs from these digests, of tables that both have.
pub fn differing(tables: &[TableState], theirs: &[(u8, u8, u64, u64)], has: impl Fn(usize) -> bool) -> Vec<Wanted> {
    let mut other: BTreeMap<(u8, u8), (u64, u64)> = BTreeMap::new();
    for (table, bucket, rows, deaths) in theirs {
        other.insert((*table, *bucket), (*rows, *deaths));
    }
    let mut wanted = Vec::new();
    for (table, state) in (0_u8..).zip(tables).filter(|(table, _)| has(usize::from(*table))) {
        let mut buckets = Wanted { table, ..Wanted::default() };
        for (bucket, (rows, deaths)) in (0_u8..=u8::MAX).zip(state.bucket_digests()) {
            let theirs = other.get(&(table, bucket)).copied().unwrap_or_default();
            if theirs.0 != rows {
                add(&mut buckets.rows, bucket);
            } else if theirs.1 != deaths {
                add(&mut buckets.deaths, bucket);
            }
        }
        if buckets.rows.iter().chain(&buckets.deaths).any(|word| *word != 0) {
            wanted.push(buckets);
        }
    }
    wanted
}

/// All buckets that either has.
pub fn everything(tables: &[TableState], theirs: &[(u8, u8, u64, u64)]) -> Vec<Wanted> {
    let mut wanted: Vec<_> = (0_u8..).zip(tables).map(|(table, _)| Wanted { table, ..Wanted::default() }).collect();
    for (table, bucket, ..) in digests(tables).iter().chain(theirs) {
        if let Some(buckets) = wanted.get_mut(usize::from(*table)) {
            add(&mut buckets.rows, *bucket);
        }
    }
    wanted.retain(|wanted| wanted.rows.iter().any(|word| *word != 0));
    wanted
}

/// What rows add to digests, row by row.
pub fn parts_of(
    rows: &[Box<[u8]>],
    ended: impl Fn(Epoch) -> bool,
    owned: impl Fn(usize) -> bool,
) -> BTreeMap<(usize, Key), u64> {
    let mut parts: BTreeMap<(usize, Key), u64> = BTreeMap::new();
    for states in rows {
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
    }
    parts
}

fn add(set: &mut BucketSet, bucket: u8) {
    if let Some(word) = set.get_mut(usize::from(bucket) / 64) {
        *word |= 1 << (bucket % 64);
    }
}

fn has(set: &BucketSet, bucket: usize) -> bool {
    set.get(bucket / 64).is_some_and(|word| word >> (bucket % 64) & 1 == 1)
}

/// Non-empty buckets' digests.
pub fn digests(tables: &[TableState]) -> Vec<(u8, u8, u64, u64)> {
    let tables = (0_u8..).zip(tables);
    let all =
        tables.flat_map(|(t, state)| (0_u8..=u8::MAX).zip(state.bucket_digests()).map(move |(b, (r, d))| (t, b, r, d)));
    all.filter(|(_, _, rows, deaths)| (*rows, *deaths) != (0, 0)).collect()
}

/// The wanted buckets from a place on, in order, and whether only deletions are wanted.
pub fn buckets_from(wanted: &[Wanted], place: &Place) -> Vec<(u8, u8, bool)> {
    let start = (place.table, place.bucket);
    let mut buckets: Vec<_> = wanted
        .iter()
        .flat_map(|wanted| {
            let asked = move |bucket: &usize| has(&wanted.rows, *bucket) || has(&wanted.deaths, *bucket);
            let of = move |bucket: usize| (wanted.table, bucket as u8, !has(&wanted.rows, bucket));
            (0..BUCKETS).filter(asked).map(of)
        })
        .filter(|(table, bucket, _)| (*table, *bucket) >= start)
        .collect();
    buckets.sort_unstable();
    buckets
}
