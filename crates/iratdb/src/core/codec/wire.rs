//! Integers, bytes, values.

use crate::core::hlc::Stamp;
use crate::core::ids::Epoch;
use crate::core::value::ValueRef;

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It ends too early, or a count or length says more than there is.
    #[error("truncated")]
    Truncated,
    /// A version this code does not know.
    #[error("unknown version {0}")]
    Version(u8),
    /// A tag that means nothing here.
    #[error("unknown tag {0}")]
    Tag(u8),
    /// A number over its limit.
    #[error("number out of range")]
    Range,
    /// Something follows where the message should end.
    #[error("trailing bytes")]
    Trailing,
}

/// The last number that a frame may have: at a thousand a second, some hundred million years.
pub const SEQUENCE_MAX: u64 = 1 << 62;

const NULL: u8 = 0;
const INTEGER: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;
/// No value: a column of which nothing has been said.
const ABSENT: u8 = 5;

/// Appends an unsigned integer, 7 bits a byte, low first.
pub fn put_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n as u8) | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends 8 bytes, little endian.
pub fn put_u64(out: &mut Vec<u8>, n: u64) {
    out.extend_from_slice(&n.to_le_bytes());
}

/// Appends a length and bytes.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a stamp.
pub fn put_stamp(out: &mut Vec<u8>, stamp: Stamp) {
    put_u64(out, stamp.hlc);
    put_u64(out, stamp.epoch.0);
}

/// Appends a value.
pub fn put_value(out: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => out.push(NULL),
        ValueRef::Integer(i) => {
            out.push(INTEGER);
            put_varint(out, ((i << 1) ^ (i >> 63)) as u64);
        }
        ValueRef::Real(r) => {
            out.push(REAL);
            put_u64(out, r.to_bits());
        }
        ValueRef::Text(bytes) => {
            out.push(TEXT);
            put_bytes(out, bytes);
        }
        ValueRef::Blob(bytes) => {
            out.push(BLOB);
            put_bytes(out, bytes);
        }
    }
}

/// Appends a mark in place of a value.
pub(super) fn put_absent(out: &mut Vec<u8>) {
    out.push(ABSENT);
}

/// Reads a message from its front; never past its end.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Fails if something is left.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.is_empty() { Ok(()) } else { Err(DecodeError::Trailing) }
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let (head, tail) = self.rest.split_at_checked(n).ok_or(DecodeError::Truncated)?;
        self.rest = tail;
        Ok(head)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    /// 8 bytes, little endian.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        let (head, tail) = self.rest.split_first_chunk::<8>().ok_or(DecodeError::Truncated)?;
        self.rest = tail;
        Ok(u64::from_le_bytes(*head))
    }

    /// The number of a frame, 8 bytes: more than [`SEQUENCE_MAX`] no process sends, so that nobody has to think of overflows.
    pub fn sequence(&mut self) -> Result<u64, DecodeError> {
        let number = self.u64()?;
        if number > SEQUENCE_MAX { Err(DecodeError::Range) } else { Ok(number) }
    }

    /// A variable-length integer.
    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(DecodeError::Range);
            }
            n |= bits << shift;
            if byte & 0x80 == 0 {
                // One encoding per number, so that equal keys have equal bytes.
                return if byte == 0 && shift > 0 { Err(DecodeError::Range) } else { Ok(n) };
            }
        }
        Err(DecodeError::Range)
    }

    /// A count of things that take at least `each` bytes: no more than can follow.
    pub fn count(&mut self, each: usize) -> Result<usize, DecodeError> {
        let n = usize::try_from(self.varint()?).map_err(|_| DecodeError::Range)?;
        if n > self.rest.len() / each.max(1) {
            return Err(DecodeError::Truncated);
        }
        Ok(n)
    }

    /// A length and that many bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let n = self.count(1)?;
        self.take(n)
    }

    /// A stamp.
    pub fn stamp(&mut self) -> Result<Stamp, DecodeError> {
        Ok(Stamp { hlc: self.u64()?, epoch: Epoch(self.u64()?) })
    }

    /// A value, or that there is none.
    pub fn value_or_absent(&mut self) -> Result<Option<ValueRef<'a>>, DecodeError> {
        if self.rest.first() == Some(&ABSENT) {
            self.u8()?;
            return Ok(None);
        }
        self.value().map(Some)
    }

    /// A value.
    pub fn value(&mut self) -> Result<ValueRef<'a>, DecodeError> {
        Ok(match self.u8()? {
            NULL => ValueRef::Null,
            INTEGER => {
                let n = self.varint()?;
                ValueRef::Integer(((n >> 1) as i64) ^ -((n & 1) as i64))
            }
            REAL => {
                let real = f64::from_bits(self.u64()?);
                // SQLite has no NaN: it would come back as NULL.
                if real.is_nan() {
                    return Err(DecodeError::Range);
                }
                ValueRef::Real(real)
            }
            TEXT => ValueRef::Text(self.bytes()?),
            BLOB => ValueRef::Blob(self.bytes()?),
            tag => return Err(DecodeError::Tag(tag)),
        })
    }
}
