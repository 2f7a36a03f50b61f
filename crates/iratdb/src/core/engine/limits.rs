//! How much an engine keeps, in bytes.

use crate::core::codec::TX_BYTES_MAX;
use crate::core::snapshot::ROWS_BYTES;

/// Bytes of everything that could grow. What is over a limit is dropped, and made up for by a resync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Transactions queued to be sent; over it, only the keys of their rows are kept. Room for one of the largest and as much again.
    pub queue_bytes_max: usize,
    /// Rows sent in one batch instead of transactions, and their keys until then; over it, the others are made to resynchronise.
    pub batch_bytes_max: usize,
    /// Sent frames kept, to be sent again.
    pub resend_bytes_max: usize,
    /// Frames sent again for one request; the rest is asked for again.
    pub resend_at_once_bytes_max: usize,
    /// Other messages that wait to be sent: everything in them is asked for again.
    pub outbox_bytes_max: usize,
    /// Received transactions and batches that can't be shown yet.
    pub held_bytes_max: usize,
    /// Parts of large transactions and batches that are not complete.
    pub parts_bytes_max: usize,
    /// Updates that wait for their incarnation in vain.
    pub pending_bytes_max: usize,
    /// Row changes that subscribers have yet to be told of, all at once; over it, they are told that they have lagged.
    pub seen_bytes_max: usize,
    /// Rows in one answer to a resync. Smaller than a message, so that the donor is soon back at its own work.
    pub rows_bytes: usize,
    /// Rows gathered in one resync. What has more can't be joined.
    pub resync_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue_bytes_max: 2 * TX_BYTES_MAX,
            batch_bytes_max: TX_BYTES_MAX,
            resend_bytes_max: TX_BYTES_MAX,
            resend_at_once_bytes_max: 4 << 20,
            outbox_bytes_max: 16 << 20,
            held_bytes_max: 2 * TX_BYTES_MAX,
            parts_bytes_max: 4 * TX_BYTES_MAX,
            pending_bytes_max: 8 << 20,
            seen_bytes_max: 2 * TX_BYTES_MAX,
            rows_bytes: ROWS_BYTES,
            resync_bytes_max: 512 << 20,
        }
    }
}
