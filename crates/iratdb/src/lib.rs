//! IraTDB: a transient, in-memory, embedded, multi-writer SQLite database, replicated over NATS
//! into every process that opens it.
//!
//! One duty: give every process its own copy of the same tables. Invariants: a read never leaves
//! the process; a commit returns when the local copy has it; replicas that have received the same
//! changes, in any order, show the same tables; what a dead process owned is gone everywhere
//! within its lease; every queue, log and buffer is bounded in bytes.
//!
//! Not yet: sealed and signed frames, and keys for reading and writing (who can use the cluster's subjects has the
//! database); UNIQUE beside the primary key, FOREIGN KEY, CHECK, triggers and generated columns in replicated tables (refused at
//! open); members with different versions of a schema. The README says more.
//!
//! [`core`] is sans-IO: replication as a pure state machine. `sqlite` holds the data, `nats` moves
//! the messages, and this module's [`IraTdb`] is what an application sees.

pub mod core;

mod changes;
mod db;
mod error;
mod nats;
mod options;
mod shared;
#[cfg(test)]
mod sim;
mod sqlite;

pub use changes::{Change, Changes, Op, Origin, RowChange};
pub use core::value::Value;
pub use db::{Commit, Digest, IraTdb, Member, Stats, TableDigest};
pub use error::{Error, Result, SchemaProblem};
pub use options::{Options, TableOptions};

pub use rusqlite;
