use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::End;

/// What can go wrong for a user of the phone or the bot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A socket could not be opened.
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        /// The address asked for.
        addr: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Not a SIP URI that can be called.
    #[error("cannot call {uri:?}: {reason}")]
    Uri {
        /// The text given.
        uri: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The user agent refused.
    #[error(transparent)]
    Sip(#[from] sip::Error),
    /// The endpoint has been closed.
    #[error("the endpoint is closed")]
    Closed,
    /// The call ended before it was answered.
    #[error("the call was not answered: {0}")]
    NotAnswered(End),
    /// The other side, or the state of the call, does not allow a re-INVITE.
    #[error("the re-INVITE was refused with {status}")]
    ReofferRefused {
        /// The SIP status.
        status: u16,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is no WAV, or of a kind that is not known.
    #[error("{path}: not a WAV file that can be played: {reason}")]
    Wav {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}
