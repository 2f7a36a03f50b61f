//! What a data frame carries: transactions, parts of a large one, and states of rows.
//!
//! Decoding checks everything once and borrows from the message; the readers then walk checked bytes.

use super::message::{Tail, put_tails, read_tails};
use super::wire::{DecodeError, Reader, put_bytes, put_stamp, put_u64, put_value, put_varint};
use crate::core::hlc::Stamp;
use crate::core::ids::Epoch;
use crate::core::merge::Clocks;
use crate::core::tally::{Share, Tally};
use crate::core::value::{Value, ValueRef};

const ENTRY_TX: u8 = 1;
const ENTRY_PART: u8 = 2;
const ENTRY_BATCH: u8 = 3;
const ENTRY_BATCH_PART: u8 = 4;

const OP_INSERT: u8 = 1;
const OP_UPDATE_OWN: u8 = 2;
const OP_UPDATE: u8 = 3;
const OP_DELETE: u8 = 4;
const STATE_LIVE: u8 = 5;
const STATE_DEAD: u8 = 6;
const STATE_COUNTED: u8 = 7;

/// One entry of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A whole transaction: read it with [`OpReader::tx`].
    Tx(&'a [u8]),
    /// A part of a transaction, or of a batch, larger than a message. Its parts travel in consecutive frames.
    Part {
        /// Whether it is of a batch.
        batch: bool,
        /// The time of the transaction or batch.
        hlc: u64,
        /// Which part.
        index: u32,
        /// How many there are.
        count: u32,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// States of rows, to be shown all at once: read them with [`read_batch`].
    Batch(&'a [u8]),
}

impl<'a> Entry<'a> {
    /// Appends the entry.
    pub fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Tx(bytes) => {
                out.push(ENTRY_TX);
                put_bytes(out, bytes);
            }
            Self::Part { batch, hlc, index, count, bytes } => {
                out.push(if *batch { ENTRY_BATCH_PART } else { ENTRY_PART });
                put_u64(out, *hlc);
                put_varint(out, u64::from(*index));
                put_varint(out, u64::from(*count));
                put_bytes(out, bytes);
            }
            Self::Batch(bytes) => {
                out.push(ENTRY_BATCH);
                put_bytes(out, bytes);
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let tag = reader.u8()?;
        Ok(match tag {
            ENTRY_TX => {
                let bytes = reader.bytes()?;
                OpReader::tx(bytes, Epoch::NONE)?.check()?;
                Self::Tx(bytes)
            }
            ENTRY_PART | ENTRY_BATCH_PART => {
                let hlc = reader.u64()?;
                let index = u32::try_from(reader.varint()?).map_err(|_| DecodeError::Range)?;
                let count = u32::try_from(reader.varint()?).map_err(|_| DecodeError::Range)?;
                if index >= count || count as usize > super::TX_BYTES_MAX {
                    return Err(DecodeError::Range);
                }
                Self::Part { batch: tag == ENTRY_BATCH_PART, hlc, index, count, bytes: reader.bytes()? }
            }
            ENTRY_BATCH => {
                let bytes = reader.bytes()?;
                read_batch(bytes)?;
                Self::Batch(bytes)
            }
            tag => return Err(DecodeError::Tag(tag)),
        })
    }
}

/// What happened to one row.
#[derive(Debug, Clone, Copy)]
pub struct Op<'a> {
    /// The table's index in the schema.
    pub table: usize,
    /// The encoded primary key.
    pub key: &'a [u8],
    /// How long the sender has known it, in seconds: of a deletion, so that it is forgotten in time.
    pub age_s: u32,
    /// What.
    pub body: OpBody<'a>,
}

/// What happened.
#[derive(Debug, Clone, Copy)]
pub enum OpBody<'a> {
    /// An incarnation of the row with all its columns, as inserted or as it has become since.
    Put {
        /// When it was inserted.
        birth: Stamp,
        /// When columns changed since.
        clocks: ClockList<'a>,
        /// All columns; of counters, the value at the birth.
        values: Values<'a>,
        /// What was added to counters since.
        tallies: Tallies<'a>,
    },
    /// Columns of an incarnation changed.
    Update {
        /// The incarnation.
        birth: Stamp,
        /// When.
        clock: Stamp,
        /// The columns that changed.
        columns: ColumnValues<'a>,
    },
    /// The row was deleted.
    Delete {
        /// When.
        clock: Stamp,
    },
}

impl OpBody<'_> {
    /// Who owns the row, in an owned table.
    pub fn owner(&self) -> Epoch {
        match self {
            Self::Put { birth, .. } | Self::Update { birth, .. } => birth.epoch,
            Self::Delete { clock } => clock.epoch,
        }
    }

    /// The latest write in it.
    pub fn stamp_max(&self) -> Stamp {
        match self {
            Self::Put { birth, clocks, tallies, .. } => {
                let shares = tallies.iter().map(|share| Stamp { hlc: share.hlc, epoch: share.epoch });
                clocks.iter().map(|(_, clock)| clock).chain(shares).fold(*birth, Stamp::max)
            }
            Self::Update { clock, .. } | Self::Delete { clock } => *clock,
        }
    }

    /// The latest time in it.
    pub fn hlc_max(&self) -> u64 {
        match self {
            Self::Put { birth, clocks, tallies, .. } => {
                let times = clocks.iter().map(|(_, clock)| clock.hlc).chain(tallies.iter().map(|share| share.hlc));
                times.fold(birth.hlc, u64::max)
            }
            Self::Update { birth, clock, .. } => birth.hlc.max(clock.hlc),
            Self::Delete { clock } => clock.hlc,
        }
    }
}

/// All columns of a row, encoded.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> Values<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = reader.count(1)?;
        let start = reader.rest();
        for _ in 0..count {
            reader.value()?;
        }
        Ok(Self { count, bytes: &start[..start.len() - reader.rest().len()] })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The values in column order.
    pub fn iter(&self) -> impl Iterator<Item = ValueRef<'a>> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        (0..self.count).map_while(move |_| reader.value().ok())
    }
}

/// Some columns of a row, encoded.
#[derive(Debug, Clone, Copy)]
pub struct ColumnValues<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> ColumnValues<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = reader.count(2)?;
        let start = reader.rest();
        let mut above = None;
        for _ in 0..count {
            let column = reader.u8()?;
            if above.is_some_and(|above| column <= above) {
                return Err(DecodeError::Range);
            }
            above = Some(column);
            reader.value()?;
        }
        Ok(Self { count, bytes: &start[..start.len() - reader.rest().len()] })
    }

    /// The columns, ascending, and their values.
    pub fn iter(&self) -> impl Iterator<Item = (u8, ValueRef<'a>)> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        (0..self.count).map_while(move |_| Some((reader.u8().ok()?, reader.value().ok()?)))
    }
}

/// Clocks of the columns that changed since the row was inserted, encoded.
#[derive(Debug, Clone, Copy)]
pub struct ClockList<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> ClockList<'a> {
    const EACH: usize = 17;

    /// No clocks: a row as inserted.
    pub const EMPTY: Self = Self { count: 0, bytes: &[] };

    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = reader.count(Self::EACH)?;
        let list = Self { count, bytes: reader.take(count * Self::EACH)? };
        let mut above = None;
        for (column, _) in list.iter() {
            if above.is_some_and(|above| column <= above) {
                return Err(DecodeError::Range);
            }
            above = Some(column);
        }
        Ok(list)
    }

    /// The columns, ascending, and their clocks.
    pub fn iter(&self) -> impl Iterator<Item = (u8, Stamp)> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        (0..self.count).map_while(move |_| Some((reader.u8().ok()?, reader.stamp().ok()?)))
    }
}

/// What was added to a row's counters, encoded.
#[derive(Debug, Clone, Copy)]
pub struct Tallies<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> Tallies<'a> {
    const EACH: usize = 1 + 3 * 8;

    /// Nothing.
    pub const EMPTY: Self = Self { count: 0, bytes: &[] };

    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = reader.count(Self::EACH)?;
        Ok(Self { count, bytes: reader.take(count * Self::EACH)? })
    }

    /// How many shares there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The shares.
    pub fn iter(&self) -> impl Iterator<Item = Share> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        (0..self.count).map_while(move |_| {
            let (column, stamp) = (reader.u8().ok()?, reader.stamp().ok()?);
            Some(Share { column, epoch: stamp.epoch, hlc: stamp.hlc, total: reader.u64().ok()? as i64 })
        })
    }
}

/// Starts an encoded transaction.
pub fn start_tx(hlc: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    put_u64(&mut out, hlc);
    out
}

/// Appends a row's change to a transaction of `sender`. All of a transaction's writes share one stamp.
pub fn put_insert<'a>(
    out: &mut Vec<u8>,
    table: usize,
    key: &[u8],
    values: impl ExactSizeIterator<Item = ValueRef<'a>>,
) {
    out.extend_from_slice(&[table as u8, OP_INSERT]);
    put_bytes(out, key);
    put_varint(out, values.len() as u64);
    values.for_each(|value| put_value(out, value));
}

/// Appends an update to a transaction of `sender`.
pub fn put_update<'a>(
    out: &mut Vec<u8>,
    table: usize,
    key: &[u8],
    sender: Epoch,
    birth: Stamp,
    columns: impl ExactSizeIterator<Item = (u8, ValueRef<'a>)>,
) {
    let own = birth.epoch == sender;
    out.extend_from_slice(&[table as u8, if own { OP_UPDATE_OWN } else { OP_UPDATE }]);
    put_bytes(out, key);
    put_u64(out, birth.hlc);
    if !own {
        put_u64(out, birth.epoch.0);
    }
    put_varint(out, columns.len() as u64);
    for (column, value) in columns {
        out.push(column);
        put_value(out, value);
    }
}

/// Appends a deletion to a transaction.
pub fn put_delete(out: &mut Vec<u8>, table: usize, key: &[u8]) {
    out.extend_from_slice(&[table as u8, OP_DELETE]);
    put_bytes(out, key);
}

/// Appends the state of a live row.
pub fn put_state_live(out: &mut Vec<u8>, table: usize, key: &[u8], birth: Stamp, clocks: &Clocks, values: &[Value]) {
    put_live(out, table, STATE_LIVE, key, birth, clocks, values);
}

/// Appends the state of a live row with counters: their values at its birth, and what was added since.
pub fn put_state_counted(
    out: &mut Vec<u8>,
    table: usize,
    key: &[u8],
    (birth, clocks): (Stamp, &Clocks),
    values: &[Value],
    tally: &Tally,
) {
    put_live(out, table, STATE_COUNTED, key, birth, clocks, values);
    put_varint(out, tally.len() as u64);
    for share in tally.iter() {
        out.push(share.column);
        put_stamp(out, Stamp { hlc: share.hlc, epoch: share.epoch });
        put_u64(out, share.total as u64);
    }
}

fn put_live(out: &mut Vec<u8>, table: usize, kind: u8, key: &[u8], birth: Stamp, clocks: &Clocks, values: &[Value]) {
    out.extend_from_slice(&[table as u8, kind]);
    put_bytes(out, key);
    put_stamp(out, birth);
    put_varint(out, clocks.len() as u64);
    for (column, clock) in clocks.iter() {
        out.push(column);
        put_stamp(out, clock);
    }
    put_varint(out, values.len() as u64);
    values.iter().for_each(|value| put_value(out, value.as_ref()));
}

/// Appends the state of a row deleted just now.
pub fn put_state_dead(out: &mut Vec<u8>, table: usize, key: &[u8], death: Stamp) {
    put_state_dead_since(out, table, key, death, 0);
}

/// Appends the state of a deleted row, of which the sender has known for so long.
pub fn put_state_dead_since(out: &mut Vec<u8>, table: usize, key: &[u8], death: Stamp, age_s: u32) {
    out.extend_from_slice(&[table as u8, STATE_DEAD]);
    put_bytes(out, key);
    put_varint(out, u64::from(age_s));
    put_stamp(out, death);
}

/// Starts an encoded batch: what others must have before they show it, because its rows show parts of it.
pub fn start_batch(after: &[Tail]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    put_tails(&mut out, after);
    out
}

/// Takes a batch apart: what to have before it is shown, and the states.
pub fn read_batch(bytes: &[u8]) -> Result<(Vec<Tail>, OpReader<'_>), DecodeError> {
    let mut reader = Reader::new(bytes);
    let after = read_tails(&mut reader)?;
    let states = OpReader::states(reader.rest());
    states.check()?;
    Ok((after, states))
}

/// Reads the changes of a transaction, or states of rows.
#[derive(Debug, Clone, Copy)]
pub struct OpReader<'a> {
    reader: Reader<'a>,
    stamp: Option<Stamp>,
}

impl<'a> OpReader<'a> {
    /// A transaction's changes, made by `sender`.
    pub fn tx(bytes: &'a [u8], sender: Epoch) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let hlc = reader.u64()?;
        Ok(Self { reader, stamp: Some(Stamp { hlc, epoch: sender }) })
    }

    /// States of rows.
    pub fn states(bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes), stamp: None }
    }

    /// Walks through all, to see that all can be read.
    pub fn check(mut self) -> Result<(), DecodeError> {
        while self.next()?.is_some() {}
        Ok(())
    }

    /// The next one; `None` at the end.
    #[allow(clippy::should_implement_trait, reason = "it can fail")]
    pub fn next(&mut self) -> Result<Option<Op<'a>>, DecodeError> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        let reader = &mut self.reader;
        let table = usize::from(reader.u8()?);
        let kind = reader.u8()?;
        let key = reader.bytes()?;
        let mut age_s = 0;
        let body = match (kind, self.stamp) {
            (OP_INSERT, Some(stamp)) => {
                let (clocks, tallies) = (ClockList::EMPTY, Tallies::EMPTY);
                OpBody::Put { birth: stamp, clocks, values: Values::read(reader)?, tallies }
            }
            (OP_UPDATE_OWN, Some(stamp)) => {
                let birth = Stamp { hlc: reader.u64()?, epoch: stamp.epoch };
                OpBody::Update { birth, clock: stamp, columns: ColumnValues::read(reader)? }
            }
            (OP_UPDATE, Some(stamp)) => {
                let birth = reader.stamp()?;
                OpBody::Update { birth, clock: stamp, columns: ColumnValues::read(reader)? }
            }
            (OP_DELETE, Some(stamp)) => OpBody::Delete { clock: stamp },
            (STATE_LIVE, None) => {
                let birth = reader.stamp()?;
                let clocks = ClockList::read(reader)?;
                OpBody::Put { birth, clocks, values: Values::read(reader)?, tallies: Tallies::EMPTY }
            }
            (STATE_COUNTED, None) => {
                let birth = reader.stamp()?;
                let clocks = ClockList::read(reader)?;
                OpBody::Put { birth, clocks, values: Values::read(reader)?, tallies: Tallies::read(reader)? }
            }
            (STATE_DEAD, None) => {
                age_s = u32::try_from(reader.varint()?).map_err(|_| DecodeError::Range)?;
                OpBody::Delete { clock: reader.stamp()? }
            }
            (tag, _) => return Err(DecodeError::Tag(tag)),
        };
        Ok(Some(Op { table, key, age_s, body }))
    }
}
