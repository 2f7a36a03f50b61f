//! SIP, all of it without I/O: messages, headers, digest, SDP, transactions, dialogs and a user agent.
//!
//! The one invariant: nothing in here opens a socket, reads a clock or draws a random number. Bytes and the
//! current [`std::time::Instant`] come in; bytes, events and the next timeout come out; one `seed` makes every
//! tag, branch and Call-ID. So a whole call, loss and retransmissions included, is an ordinary test.
//! Whatever arrives is refused with the standard's error or ignored; it never panics and never grows anything
//! past a named limit.

pub mod dialog;
pub mod digest;
pub mod dtmf_info;
mod error;
pub mod headers;
pub mod message;
mod random;
pub mod sdp;
pub mod transaction;
mod transport;
pub mod ua;
pub mod uri;

pub use error::Error;
pub use message::{Header, HeaderName, Headers, Message, Method, ParseError, Request, Response, StreamDecoder, Text};
pub use random::TokenSource;
pub use transport::{Peer, Transmit, Transport};
