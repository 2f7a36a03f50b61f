//! Replication without IO: no sockets, tasks, clock or randomness; time and seeds are passed in.
//!
//! [`engine::Engine`] takes local commits, messages and the passing of time, and gives out messages to send. The
//! values are in the [`store::Store`] it is given; beside them it keeps who wrote what when. From the bottom up: [`value`],
//! [`key`], [`schema`], [`ids`], [`hlc`]; [`codec`], the wire format; [`merge`], [`tally`] and [`visible`], how one row converges;
//! [`table`], a table's rows; [`constraint`], which of them UNIQUE and FOREIGN KEY leave visible; [`capture`], what a local transaction changed; [`log`], frames out; [`streams`], frames in;
//! [`lease`], who lives; [`snapshot`], how a replica that lacks more gets it.

pub mod capture;
pub mod codec;
pub mod constraint;
pub mod digest;
pub mod engine;
pub mod hlc;
pub mod ids;
pub mod key;
pub mod lease;
pub mod log;
pub mod merge;
#[cfg(test)]
mod model;
pub mod schema;
mod show;
pub mod snapshot;
pub mod store;
pub mod streams;
pub mod table;
pub mod tally;
#[cfg(test)]
mod tally_model;
pub mod value;
pub mod visible;

/// Longest node name that members tell each other, in bytes.
pub const NODE_BYTES_MAX: usize = 128;
