//! The wire format. Version 1; every count is checked against what is left of the message, so that
//! arbitrary bytes neither panic nor allocate more than their own length.
//!
//! A message is a header (version, flags, kind, schema, writer, epoch) and a body. In a database with keys, all of it travels
//! sealed, in an envelope: see [`Envelope`].

mod envelope;
mod frame;
mod message;
mod renumber;
mod wire;

pub use envelope::{
    Certificate, Challenge, Claim, Counts, Envelope, FRONT_BYTES, Grant, Hello, Nonce, Offer, Proof, SEALED_VERSION,
    SEALING_BYTES, SIGNATURE_BYTES, Seal, Sealed, Signed,
};
pub use frame::{
    ClockList, ColumnValues, Entry, Op, OpBody, OpReader, Row, Tallies, Values, put_delete, put_insert,
    put_state_counted, put_state_dead, put_state_dead_since, put_state_live, put_update, read_batch, start_batch,
    start_tx,
};
pub use message::{
    Body, BucketSet, Cursor, FrameBuilder, Header, Message, Progress, Tail, Wanted, decode, decode_header, encode,
    reader_may_say,
};
pub use renumber::{renumber_batch, renumber_states, renumber_tx};
pub use wire::{DecodeError, Reader, SEQUENCE_MAX, put_bytes, put_stamp, put_u64, put_value, put_varint};

/// Version of the format.
pub const VERSION: u8 = 1;
/// Largest message sent, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 512 * 1024;
/// Largest encoded row, key included, in bytes: a row always fits a message.
pub const ROW_BYTES_MAX: usize = 128 * 1024;
/// Largest encoded transaction, in bytes; larger than a message, it travels in parts.
pub const TX_BYTES_MAX: usize = 16 * 1024 * 1024;
