//! Replication without IO: no sockets, tasks, clock or randomness; time and seeds are passed in.
//!
//! [`engine::Engine`] takes local commits, messages and the passing of time, and gives out messages to send. The
//! values are in the [`store::Store`] it is given; beside them it keeps who wrote what when. From the bottom up: [`value`],
//! [`key`], [`schema`], [`ids`], [`hlc`]; [`codec`], the wire format; [`merge`], [`tally`] and [`visible`], how one row converges;
//! [`table`], a table's rows; [`constraint`], which of them UNIQUE and FOREIGN KEY leave visible; [`capture`], what a local transaction changed; [`log`], frames out; [`streams`], frames in;
//! [`lease`], who lives; [`snapshot`], how a replica that lacks more gets it.
//!
//! Between the engine and the network stands, in a database with keys, the [`guard::Guard`]: what the engine puts out is
//! sealed and signed, what comes in is opened and checked before the engine sees it. Under it: [`secret`], [`keyring`],
//! [`cert`], [`seal`], [`roster`], [`handshake`].

pub mod capture;
pub mod cert;
pub mod codec;
pub mod constraint;
pub mod digest;
pub mod engine;
pub mod guard;
pub mod handshake;
pub mod hlc;
pub mod ids;
pub mod key;
pub mod keyring;
pub mod lease;
pub mod log;
pub mod merge;
#[cfg(test)]
mod model;
pub mod roster;
pub mod schema;
pub mod seal;
pub mod secret;
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
