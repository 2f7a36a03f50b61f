//! IraTDB: a transient, in-memory, embedded, multi-writer SQLite database, replicated over NATS
//! into every process that opens it.
//!
//! One duty: give every process its own copy of the same tables. Invariants: a read never leaves
//! the process; a commit returns when the local copy has it; replicas that have received the same
//! changes, in any order, show the same tables; what a dead process owned is gone everywhere
//! within its lease; every queue, log and buffer is bounded in bytes; with [`Keys`], a process without the read key sees
//! ciphertext only, and nothing is taken from one without the write key (`docs/security.md` is the threat model).
//!
//! ```no_run
//! # async fn example(client: async_nats::Client) -> iratdb::Result<()> {
//! use iratdb::{IraTdb, Keys, Options, TableOptions};
//!
//! let options = Options::new("calls")
//!     .schema(&["CREATE TABLE calls (id TEXT NOT NULL PRIMARY KEY, state TEXT)"])
//!     .table("calls", TableOptions::default().owned())
//!     .keys(Keys::from_directory("/etc/botstream/keys", "calls")?)
//!     .nats(client);
//! let db = IraTdb::open(options).await?;
//! db.ready().await?;
//! db.write(|tx| tx.execute("INSERT INTO calls VALUES ('c1', 'ringing')", ()))?;
//! let calls: i64 = db.read(|c| c.query_row("SELECT count(*) FROM calls", (), |row| row.get(0)))?;
//! # Ok(())
//! # }
//! ```
//!
//! [`core`] is sans-IO: replication as a pure state machine, and the guard that seals and checks. `sqlite` holds the data, `nats` moves
//! the messages, and this module's [`IraTdb`] is what an application sees.

pub mod core;

mod changes;
mod commit;
mod db;
mod error;
mod gate;
mod keys;
mod nats;
mod options;
mod overview;
mod shared;
#[cfg(any(test, feature = "simulator"))]
#[doc(hidden)]
pub mod sim;
mod sqlite;
#[cfg(any(test, feature = "simulator"))]
mod test_keys;

pub use changes::{Change, Changes, Conflict, ConflictReason, Op, Origin, RowChange};
pub use commit::Commit;
pub use core::guard::Refusals;
pub use core::value::Value;
pub use core::version::Difference as SchemaDifference;
pub use db::{IraTdb, Member, Stats, TableDescription, TableDigest};
pub use error::{Error, Result, SchemaProblem};
pub use keys::{KEY_BITS_MIN, KeyInfo, KeyProblem, Keys};
pub use options::{Lww, Options, Sandbox, TableOptions};

pub use rusqlite;
