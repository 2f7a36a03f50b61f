//! Nodes with keys. Cryptography takes its salts and exchange keys from the system; nothing that happens depends on them, so that a
//! schedule is replayed exactly all the same.

use std::sync::LazyLock;

use bytes::Bytes;

use crate::core::cert::{Credentials, fixtures};
use crate::core::engine::{Engine, Event, Now};
use crate::core::guard::{Guard, Refusals, Settings};
use crate::core::secret::{Secret, hash};
use crate::sqlite::LocalDb;

/// What keys a process has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Writer,
    Reader,
}

static WRITER: LazyLock<Credentials> = LazyLock::new(fixtures::read_write);
static READER: LazyLock<Credentials> = LazyLock::new(fixtures::read_only);

/// Whether a schedule has keys: signatures cost time.
pub(super) fn is_keyed(seed: u64) -> bool {
    seed % 8 == 5
}

/// What a process of this name is in a schedule with keys.
pub(super) fn kind_of(name: i64) -> Kind {
    if name % 4 == 3 { Kind::Reader } else { Kind::Writer }
}

/// A guard before an engine.
#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) guard: Guard,
}

impl Guarded {
    pub(super) fn new(kind: Kind, engine: &mut Engine, db: &mut LocalDb, name: u64) -> Self {
        let credentials = match kind {
            Kind::Writer => &*WRITER,
            Kind::Reader => &*READER,
        };
        let settings = Settings { alone_after_ms: 300, lease_ms: 2_000, rotate_after_ms: 7_000 };
        let seed = Secret::new(hash("sim", &[&engine.writer().0.to_le_bytes(), &name.to_le_bytes()]));
        let database = credentials.database("sim", "sim");
        let mut guard = Guard::new(settings, credentials, database, engine.writer(), &seed).unwrap();
        guard.connect(0);
        engine.handle(Now { mono_ms: 0, wall_ms: 0 }, Event::Disconnected, db).unwrap();
        Self { guard }
    }

    /// As the NATS driver does.
    pub(super) fn handle(&mut self, now: Now, event: Event<'_>, engine: &mut Engine, db: &mut LocalDb) {
        let mut clear = Vec::new();
        match event {
            Event::Connected => self.guard.connect(now.mono_ms),
            Event::Disconnected => self.guard.disconnect(),
            Event::Message(bytes) => self.guard.receive(now.mono_ms, &Bytes::copy_from_slice(bytes), &mut clear),
            Event::Tick => self.guard.tick(now.mono_ms, &mut clear),
            Event::Close | Event::Founded => engine.handle(now, event, db).unwrap(),
        }
        if let Some(link) = self.guard.link() {
            engine.handle(now, link, db).unwrap();
        }
        for message in clear {
            engine.handle(now, Event::Message(&message), db).unwrap();
        }
        if matches!(event, Event::Tick) {
            engine.handle(now, event, db).unwrap();
        }
    }

    /// Nobody has lied, and nothing was damaged.
    pub(super) fn check(&self, name: i64) {
        let refusals = self.guard.refusals();
        let Refusals { truncated, wrong_version, malformed, bad_seal, bad_signature, bad_certificate, .. } = refusals;
        let Refusals { duplicate_epoch, unauthorised, .. } = refusals;
        let bad = [
            truncated,
            wrong_version,
            malformed,
            bad_seal,
            bad_signature,
            bad_certificate,
            duplicate_epoch,
            unauthorised,
        ];
        assert_eq!(bad, [0; 8], "{name}: {refusals:?}");
    }
}
