//! Messages between members.

use super::frame::Entry;
use super::wire::{DecodeError, Reader, put_bytes, put_u64, put_varint};
use super::{OpReader, VERSION};
use crate::core::digest::BUCKETS;
use crate::core::ids::{Epoch, Writer};
use crate::core::lease::MEMBERS_MAX;
use crate::core::schema::TABLES_MAX;
use crate::core::version::DESCRIPTION_BYTES_MAX;

/// The clear front of every message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Hash of the sender's schema.
    pub schema: u64,
    /// The sending process.
    pub writer: Writer,
    /// Its present epoch; of a resent frame, the epoch it was sent in.
    pub epoch: Epoch,
}

/// A message, borrowed from the bytes received.
#[derive(Debug, Clone, PartialEq)]
pub struct Message<'a> {
    /// Who sent it.
    pub header: Header,
    /// What it says.
    pub body: Body<'a>,
}

/// How far a sender has got with somebody's frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// Whose frames.
    pub epoch: Epoch,
    /// All up to this number are in.
    pub sequence: u64,
}

/// How far a sender has got with somebody's frames, in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Whose frames.
    pub epoch: Epoch,
    /// All up to this number are in and show.
    pub settled: u64,
    /// The last that has arrived.
    pub top: u64,
    /// Changes whenever something of these frames comes to show.
    pub changes: u64,
    /// Whether something of these frames was refused.
    pub refused: bool,
}

/// Buckets of a table to be fetched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The table's index.
    pub table: u8,
    /// Buckets of which all rows are wanted.
    pub rows: BucketSet,
    /// Buckets of which only deletions are wanted.
    pub deaths: BucketSet,
}

/// A place in a table walk: the rows of this bucket with keys above `after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor<'a> {
    /// Table index.
    pub table: u8,
    /// Bucket.
    pub bucket: u8,
    /// The last key that is done, if any of the bucket is.
    pub after: Option<&'a [u8]>,
}

/// A set of a table's buckets.
pub type BucketSet = [u64; BUCKETS / 64];

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body<'a> {
    /// "I am alive": to all.
    Heartbeat {
        /// The sender's node name.
        node: &'a str,
        /// Whether the others' rows are in at the sender.
        ready: bool,
        /// Whether rows of tables that the sender's last donor did not have may be missing there.
        incomplete: bool,
        /// Whether the others should answer with a heartbeat at once.
        hello: bool,
        /// Whether the sender's frames hold all that it has written.
        flushed: bool,
        /// Number of the last frame the sender has sent in this epoch.
        sequence: u64,
        /// Digest of the sender's rows.
        state: u64,
        /// Table by table, if members of another schema are there: they compare those that both have.
        tables: Vec<(u8, u64)>,
        /// Epochs that the sender has not heard within the lease.
        suspects: Vec<Epoch>,
        /// How far the sender has got with the frames of others: of those that are gone or silent, of those of which it has
        /// got some since, and in turn of the rest.
        tails: Vec<Tail>,
        /// The same of those that are gone or silent and of which something was refused, but for what was.
        shown: Vec<Tail>,
    },
    /// Changes: to all, or to one who missed it.
    Frame {
        /// Its number in the epoch, from 1.
        sequence: u64,
        /// Whether its sender waits to hear that it has arrived.
        ack: bool,
        /// What it carries.
        entries: Vec<Entry<'a>>,
    },
    /// An epoch is over, and its owned rows are gone: to all.
    EpochEnd {
        /// Which, and how many frames of it the sender has.
        tail: Tail,
    },
    /// "I miss frames of yours": to one.
    Nack {
        /// The epoch.
        epoch: Epoch,
        /// The first missing.
        from: u64,
        /// The last missing.
        to: u64,
    },
    /// "I don't have those frames any more": to one.
    Gone {
        /// The epoch.
        epoch: Epoch,
        /// The oldest that can be had.
        oldest: u64,
    },
    /// "How far have you got with my frames? I have sent these": to all.
    AckRequest {
        /// The last frame sent.
        sequence: u64,
    },
    /// "I have got this far with your frames": to one.
    Ack {
        /// The frames' epoch, and the last up to which all are in and show.
        tail: Tail,
    },
    /// "Tell me your digests": to one.
    DigestRequest {
        /// Comes back in the answer.
        token: u64,
        /// Whether it is the end of a walk: answered when all that the sender showed until now has left in frames, and
        /// without digests.
        end: bool,
    },
    /// The answer.
    Digests {
        /// From the request.
        token: u64,
        /// Changes whenever rows of the sender change but by frames.
        version: u64,
        /// How far the sender has got with everybody's frames.
        progress: Vec<Progress>,
        /// Epochs that are over.
        ended: Vec<Epoch>,
        /// Digests of non-empty buckets: table, bucket, of rows and of deletions.
        buckets: Vec<(u8, u8, u64, u64)>,
    },
    /// "Send me rows": to one.
    Fetch {
        /// Comes back in the answer.
        token: u64,
        /// Where to start.
        cursor: Cursor<'a>,
        /// Which buckets.
        wanted: Vec<Wanted>,
    },
    /// The answer, in several messages.
    Rows {
        /// From the request.
        token: u64,
        /// The request's cursor.
        cursor: Cursor<'a>,
        /// Where it goes on; `None` at the end.
        next: Option<Cursor<'a>>,
        /// Whether it goes on without being asked.
        more: bool,
        /// States of rows.
        states: &'a [u8],
    },
    /// "This is my schema": to one who has another. The only message that is read whatever the header says of the schema.
    Schema {
        /// Whether the sender does not know the other's, and wants to.
        wanted: bool,
        /// See [`crate::core::version`].
        description: &'a [u8],
    },
}

const HEARTBEAT: u8 = 1;
const FRAME: u8 = 2;
const EPOCH_END: u8 = 3;
const NACK: u8 = 4;
const GONE: u8 = 5;
const DIGEST_REQUEST: u8 = 6;
const DIGESTS: u8 = 7;
const FETCH: u8 = 8;
const ROWS: u8 = 9;
const ACK_REQUEST: u8 = 10;
const ACK: u8 = 11;
const SCHEMA: u8 = 12;

const HEADER_BYTES: usize = 3 + 3 * 8;

const READY: u8 = 1;
const HELLO: u8 = 2;
const FLUSHED: u8 = 4;
const INCOMPLETE: u8 = 16;

fn put_header(out: &mut Vec<u8>, kind: u8, header: Header) {
    let flags = 0;
    out.extend_from_slice(&[VERSION, flags, kind]);
    put_u64(out, header.schema);
    put_u64(out, header.writer.0);
    put_u64(out, header.epoch.0);
}

pub(super) fn put_tails(out: &mut Vec<u8>, tails: &[Tail]) {
    put_varint(out, tails.len() as u64);
    for tail in tails {
        put_u64(out, tail.epoch.0);
        put_u64(out, tail.sequence);
    }
}

fn put_epochs(out: &mut Vec<u8>, epochs: &[Epoch]) {
    put_varint(out, epochs.len() as u64);
    for epoch in epochs {
        put_u64(out, epoch.0);
    }
}

fn put_cursor(out: &mut Vec<u8>, cursor: &Cursor<'_>) {
    out.extend_from_slice(&[cursor.table, cursor.bucket, u8::from(cursor.after.is_some())]);
    if let Some(after) = cursor.after {
        put_bytes(out, after);
    }
}

pub(super) fn read_tails(reader: &mut Reader<'_>) -> Result<Vec<Tail>, DecodeError> {
    let count = reader.count(16)?;
    (0..count).map(|_| Ok(Tail { epoch: Epoch(reader.u64()?), sequence: reader.sequence()? })).collect()
}

fn read_progress(reader: &mut Reader<'_>) -> Result<Vec<Progress>, DecodeError> {
    let count = reader.count(33)?;
    let one = |reader: &mut Reader<'_>| {
        let (epoch, settled) = (Epoch(reader.u64()?), reader.sequence()?);
        let (top, changes) = (reader.sequence()?, reader.u64()?);
        let refused = match reader.u8()? {
            0 => false,
            1 => true,
            tag => return Err(DecodeError::Tag(tag)),
        };
        Ok(Progress { epoch, settled, top, changes, refused })
    };
    (0..count).map(|_| one(reader)).collect()
}

fn read_tail(reader: &mut Reader<'_>) -> Result<Tail, DecodeError> {
    let tails = read_tails(reader)?;
    let [tail] = tails[..] else { return Err(DecodeError::Range) };
    Ok(tail)
}

fn read_epochs(reader: &mut Reader<'_>) -> Result<Vec<Epoch>, DecodeError> {
    let count = reader.count(8)?;
    (0..count).map(|_| Ok(Epoch(reader.u64()?))).collect()
}

fn read_tables(reader: &mut Reader<'_>) -> Result<Vec<(u8, u64)>, DecodeError> {
    let count = reader.count(9)?;
    if count > TABLES_MAX {
        return Err(DecodeError::Range);
    }
    (0..count).map(|_| Ok((reader.u8()?, reader.u64()?))).collect()
}

fn read_suspects(reader: &mut Reader<'_>) -> Result<Vec<Epoch>, DecodeError> {
    let suspects = read_epochs(reader)?;
    if suspects.len() > MEMBERS_MAX { Err(DecodeError::Range) } else { Ok(suspects) }
}

fn read_cursor<'a>(reader: &mut Reader<'a>) -> Result<Cursor<'a>, DecodeError> {
    let (table, bucket) = (reader.u8()?, reader.u8()?);
    let after = if read_bool(reader)? { Some(reader.bytes()?) } else { None };
    Ok(Cursor { table, bucket, after })
}

fn read_bool(reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        tag => Err(DecodeError::Tag(tag)),
    }
}

/// Encodes a message. Frames are made by [`FrameBuilder`].
pub fn encode(header: Header, body: &Body<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    match body {
        Body::Heartbeat {
            node,
            ready,
            incomplete,
            hello,
            flushed,
            sequence,
            state,
            tables,
            suspects,
            tails,
            shown,
        } => {
            put_header(&mut out, HEARTBEAT, header);
            let flags = [(*ready, READY), (*hello, HELLO), (*flushed, FLUSHED), (*incomplete, INCOMPLETE)];
            out.push(flags.iter().filter(|(set, _)| *set).fold(0, |flags, (_, flag)| flags | flag));
            put_bytes(&mut out, node.as_bytes());
            put_u64(&mut out, *sequence);
            put_u64(&mut out, *state);
            put_varint(&mut out, tables.len() as u64);
            for (table, digest) in tables {
                out.push(*table);
                put_u64(&mut out, *digest);
            }
            put_epochs(&mut out, suspects);
            put_tails(&mut out, tails);
            put_tails(&mut out, shown);
        }
        Body::Frame { sequence, ack, entries } => {
            let mut frame = FrameBuilder::new(header, *sequence, *ack);
            for entry in entries {
                frame.push(entry);
            }
            return frame.finish();
        }
        Body::EpochEnd { tail } => {
            put_header(&mut out, EPOCH_END, header);
            put_tails(&mut out, &[*tail]);
        }
        Body::Nack { epoch, from, to } => {
            put_header(&mut out, NACK, header);
            put_u64(&mut out, epoch.0);
            put_u64(&mut out, *from);
            put_u64(&mut out, *to);
        }
        Body::Gone { epoch, oldest } => {
            put_header(&mut out, GONE, header);
            put_u64(&mut out, epoch.0);
            put_u64(&mut out, *oldest);
        }
        Body::AckRequest { sequence } => {
            put_header(&mut out, ACK_REQUEST, header);
            put_u64(&mut out, *sequence);
        }
        Body::Ack { tail } => {
            put_header(&mut out, ACK, header);
            put_tails(&mut out, &[*tail]);
        }
        Body::DigestRequest { token, end } => {
            put_header(&mut out, DIGEST_REQUEST, header);
            put_u64(&mut out, *token);
            out.push(u8::from(*end));
        }
        Body::Digests { token, version, progress, ended, buckets } => {
            put_header(&mut out, DIGESTS, header);
            put_u64(&mut out, *token);
            put_u64(&mut out, *version);
            put_varint(&mut out, progress.len() as u64);
            for Progress { epoch, settled, top, changes, refused } in progress {
                [epoch.0, *settled, *top, *changes].iter().for_each(|n| put_u64(&mut out, *n));
                out.push(u8::from(*refused));
            }
            put_epochs(&mut out, ended);
            put_varint(&mut out, buckets.len() as u64);
            for (table, bucket, rows, deaths) in buckets {
                out.extend_from_slice(&[*table, *bucket]);
                put_u64(&mut out, *rows);
                put_u64(&mut out, *deaths);
            }
        }
        Body::Fetch { token, cursor, wanted } => {
            put_header(&mut out, FETCH, header);
            put_u64(&mut out, *token);
            put_cursor(&mut out, cursor);
            put_varint(&mut out, wanted.len() as u64);
            for Wanted { table, rows, deaths } in wanted {
                out.push(*table);
                rows.iter().chain(deaths).for_each(|word| put_u64(&mut out, *word));
            }
        }
        Body::Rows { token, cursor, next, more, states } => {
            put_header(&mut out, ROWS, header);
            put_u64(&mut out, *token);
            put_cursor(&mut out, cursor);
            out.push(u8::from(next.is_some()));
            if let Some(next) = next {
                put_cursor(&mut out, next);
            }
            out.push(u8::from(*more));
            put_bytes(&mut out, states);
        }
        Body::Schema { wanted, description } => {
            put_header(&mut out, SCHEMA, header);
            out.push(u8::from(*wanted));
            put_bytes(&mut out, description);
        }
    }
    out
}

/// Puts a frame together entry by entry.
#[derive(Debug)]
pub struct FrameBuilder {
    out: Vec<u8>,
}

impl FrameBuilder {
    /// Starts the frame of this number. `ack` asks who takes it to say so at once.
    pub fn new(header: Header, sequence: u64, ack: bool) -> Self {
        let mut out = Vec::with_capacity(512);
        put_header(&mut out, FRAME, header);
        put_u64(&mut out, sequence);
        out.push(u8::from(ack));
        Self { out }
    }

    /// Adds an entry.
    pub fn push(&mut self, entry: &Entry<'_>) {
        entry.put(&mut self.out);
    }

    /// Bytes so far, header included.
    #[allow(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether something has been added.
    pub fn has_entries(&self) -> bool {
        self.out.len() > HEADER_BYTES + 8 + 1
    }

    /// The message.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

/// Decodes a message. Checks all of it; anything may come in.
pub fn decode(bytes: &[u8]) -> Result<Message<'_>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let (kind, header) = read_header(&mut reader)?;
    let body = read_body(kind, &mut reader)?;
    reader.finish()?;
    Ok(Message { header, body })
}

/// Decodes only who sent a message.
pub fn decode_header(bytes: &[u8]) -> Result<Header, DecodeError> {
    read_header(&mut Reader::new(bytes)).map(|(_, header)| header)
}

/// Whether this is a message that a process without the write key may send: it asks, and tells of itself. It has no frames.
pub fn reader_may_say(bytes: &[u8]) -> bool {
    decode(bytes).is_ok_and(|Message { header, body }| match body {
        Body::Heartbeat { sequence, .. } => sequence == 0,
        Body::Nack { .. } | Body::DigestRequest { .. } | Body::Fetch { .. } => true,
        Body::Ack { .. } | Body::Schema { .. } => true,
        Body::EpochEnd { tail } => tail.epoch == header.epoch,
        Body::AckRequest { .. } | Body::Frame { .. } | Body::Gone { .. } | Body::Digests { .. } | Body::Rows { .. } => {
            false
        }
    })
}

fn read_header(reader: &mut Reader<'_>) -> Result<(u8, Header), DecodeError> {
    let version = reader.u8()?;
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    let flags = reader.u8()?;
    if flags != 0 {
        return Err(DecodeError::Tag(flags));
    }
    let kind = reader.u8()?;
    let header = Header { schema: reader.u64()?, writer: Writer(reader.u64()?), epoch: Epoch(reader.u64()?) };
    if header.epoch == Epoch::NONE {
        return Err(DecodeError::Range);
    }
    Ok((kind, header))
}

fn read_body<'a>(kind: u8, reader: &mut Reader<'a>) -> Result<Body<'a>, DecodeError> {
    Ok(match kind {
        HEARTBEAT => {
            let flags = reader.u8()?;
            if flags & !(READY | HELLO | FLUSHED | INCOMPLETE) != 0 {
                return Err(DecodeError::Tag(flags));
            }
            let node = reader.bytes()?;
            if node.len() > crate::core::NODE_BYTES_MAX {
                return Err(DecodeError::Range);
            }
            Body::Heartbeat {
                node: std::str::from_utf8(node).map_err(|_| DecodeError::Range)?,
                ready: flags & READY != 0,
                incomplete: flags & INCOMPLETE != 0,
                hello: flags & HELLO != 0,
                flushed: flags & FLUSHED != 0,
                sequence: reader.sequence()?,
                state: reader.u64()?,
                tables: read_tables(reader)?,
                suspects: read_suspects(reader)?,
                tails: read_tails(reader)?,
                shown: read_tails(reader)?,
            }
        }
        FRAME => {
            let sequence = reader.sequence()?;
            if sequence == 0 {
                return Err(DecodeError::Range);
            }
            let ack = read_bool(reader)?;
            let mut entries = Vec::new();
            while !reader.is_empty() {
                entries.push(Entry::read(reader)?);
            }
            Body::Frame { sequence, ack, entries }
        }
        EPOCH_END => Body::EpochEnd { tail: read_tail(reader)? },
        ACK_REQUEST => Body::AckRequest { sequence: reader.sequence()? },
        ACK => Body::Ack { tail: read_tail(reader)? },
        NACK => Body::Nack { epoch: Epoch(reader.u64()?), from: reader.sequence()?, to: reader.sequence()? },
        GONE => Body::Gone { epoch: Epoch(reader.u64()?), oldest: reader.u64()? },
        DIGEST_REQUEST => Body::DigestRequest { token: reader.u64()?, end: read_bool(reader)? },
        DIGESTS => {
            let token = reader.u64()?;
            let version = reader.u64()?;
            let progress = read_progress(reader)?;
            let ended = read_epochs(reader)?;
            let count = reader.count(18)?;
            let buckets = (0..count).map(|_| Ok((reader.u8()?, reader.u8()?, reader.u64()?, reader.u64()?)));
            let buckets = buckets.collect::<Result<_, _>>()?;
            Body::Digests { token, version, progress, ended, buckets }
        }
        FETCH => {
            let token = reader.u64()?;
            let cursor = read_cursor(reader)?;
            let count = reader.count(1 + BUCKETS / 4)?;
            if count > TABLES_MAX {
                return Err(DecodeError::Range);
            }
            let mut wanted = Vec::with_capacity(count);
            for _ in 0..count {
                let mut set = Wanted { table: reader.u8()?, ..Wanted::default() };
                for word in set.rows.iter_mut().chain(&mut set.deaths) {
                    *word = reader.u64()?;
                }
                wanted.push(set);
            }
            Body::Fetch { token, cursor, wanted }
        }
        ROWS => {
            let token = reader.u64()?;
            let cursor = read_cursor(reader)?;
            let next = if read_bool(reader)? { Some(read_cursor(reader)?) } else { None };
            let more = read_bool(reader)?;
            let states = reader.bytes()?;
            OpReader::states(states).check()?;
            Body::Rows { token, cursor, next, more, states }
        }
        SCHEMA => {
            let (wanted, description) = (read_bool(reader)?, reader.bytes()?);
            if description.len() > DESCRIPTION_BYTES_MAX {
                return Err(DecodeError::Range);
            }
            Body::Schema { wanted, description }
        }
        tag => return Err(DecodeError::Tag(tag)),
    })
}
