//! What the rest of the process sees of the guard, which belongs to the task that receives: the sealer of the present
//! data key, messages of the handshake to be sent, counts.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::core::cert::DatabaseId;
use crate::core::engine::{Destination, Outgoing};
use crate::core::guard::{Guard, OUT_MAX, Refusals};
use crate::core::seal::Sealer;

#[derive(Debug, Default)]
struct Seen {
    sealer: Option<Arc<Sealer>>,
    out: VecDeque<Outgoing>,
    refusals: Refusals,
    data_keys: usize,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) database: DatabaseId,
    seen: Mutex<Seen>,
    rotate: AtomicBool,
}

impl Gate {
    pub(crate) fn new(database: DatabaseId) -> Self {
        Self { database, seen: Mutex::default(), rotate: AtomicBool::new(false) }
    }

    /// The guard has done something. Gives whether there are messages to send.
    pub(crate) fn publish(&self, guard: &mut Guard) -> bool {
        let mut seen = self.seen.lock();
        seen.sealer = guard.sealer().map(Arc::clone);
        seen.refusals = guard.refusals();
        seen.data_keys = guard.data_keys();
        while seen.out.len() < OUT_MAX
            && let Some(message) = guard.poll_message()
        {
            seen.out.push_back(message);
        }
        !seen.out.is_empty()
    }

    /// Seals messages of the engine, in order. What can't be sealed, because there is no data key, is dropped: it will be asked for.
    pub(crate) fn seal(&self, messages: impl Iterator<Item = Outgoing>) -> Vec<Outgoing> {
        let Some(sealer) = self.seen.lock().sealer.clone() else { return Vec::new() };
        messages.filter_map(|Outgoing { to, bytes }| Some(Outgoing { to, bytes: sealer.seal(to, &bytes)? })).collect()
    }

    /// Messages of the handshake to send.
    pub(crate) fn take_messages(&self) -> VecDeque<Outgoing> {
        std::mem::take(&mut self.seen.lock().out)
    }

    /// Orders a new data key.
    pub(crate) fn order_rotation(&self) {
        self.rotate.store(true, Ordering::Relaxed);
    }

    /// Whether one was ordered since.
    pub(crate) fn take_rotation(&self) -> bool {
        self.rotate.swap(false, Ordering::Relaxed)
    }

    /// Counts of refused messages, and how many data keys are held.
    pub(crate) fn counts(&self) -> (Refusals, usize) {
        let seen = self.seen.lock();
        (seen.refusals, seen.data_keys)
    }
}

/// A message for all.
pub(crate) fn for_all(bytes: Bytes) -> Outgoing {
    Outgoing { to: Destination::All, bytes }
}
