//! What a caller of this crate can do wrong.

/// Why a request to the stack was refused. Errors of the far end are events, not errors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The session does not exist (any more).
    #[error("no such session")]
    UnknownSession,
    /// The session is not in a state that allows this.
    #[error("wrong state: {0}")]
    WrongState(&'static str),
    /// A limit of this stack is reached; the new thing was not begun.
    #[error("limit of {limit} {what} reached")]
    Full {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A URI does not parse.
    #[error("bad URI {uri:?}: {reason}")]
    BadUri {
        /// The text given.
        uri: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A header field does not parse.
    #[error("bad header field {name}: {reason}")]
    BadHeader {
        /// The field's name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A status code outside the range this call takes.
    #[error("status {0} is out of range here")]
    BadStatus(u16),
}
