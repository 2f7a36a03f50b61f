//! Meters of a media benchmark: what a caller hears ([`Arrivals`], [`Echo`]), and what a process costs ([`Usage`]).
//!
//! Invariants: the meters of a call do no I/O and read no clock: packets and the time come from outside.

mod arrivals;
mod echo;
mod usage;

pub use arrivals::{Arrivals, Heard, LATE_US, PACKET_US};
pub use echo::{ECHO_MAX_US, Echo};
pub use usage::Usage;

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing could be read about the process.
    #[error("reading {path}: {source}")]
    Read {
        /// What was read.
        path: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The kernel's text is not what proc(5) says.
    #[error("{0} has no usable {1}")]
    Format(String, &'static str),
}
