use std::fmt;

use crate::ErrorDetail;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal $name:literal),+ $(,)?) => {
        /// Every way in which a request can be refused or fail. The codes are part of the API and never change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[$doc])* $variant = $code),+
        }

        impl ErrorCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Upper-case name, as on the wire.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The code with this number.
            pub fn from_code(code: u32) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

error_codes! {
    /// A field has a value that is not allowed.
    InvalidArgument = 4000 "INVALID_ARGUMENT",
    /// The JSON body has a field that the message does not have.
    UnknownField = 4001 "UNKNOWN_FIELD",
    /// Not a number that can be dialled.
    BadNumber = 4002 "BAD_NUMBER",
    /// Not a URL that can be connected to.
    BadUrl = 4003 "BAD_URL",
    /// An audio format that is not supported.
    UnsupportedFormat = 4004 "UNSUPPORTED_FORMAT",
    /// Who asks is not known.
    Unauthenticated = 4010 "UNAUTHENTICATED",
    /// Who asks may not do that.
    Forbidden = 4030 "FORBIDDEN",
    /// The number is on a do-not-call list.
    DncBlocked = 4031 "DNC_BLOCKED",
    /// Outside the callee's calling window.
    OutsideWindow = 4032 "OUTSIDE_WINDOW",
    /// No such call.
    CallNotFound = 4040 "CALL_NOT_FOUND",
    /// No such trunk.
    TrunkNotFound = 4041 "TRUNK_NOT_FOUND",
    /// No such route.
    RouteNotFound = 4042 "ROUTE_NOT_FOUND",
    /// No such stream.
    StreamNotFound = 4043 "STREAM_NOT_FOUND",
    /// No such object.
    NotFound = 4045 "NOT_FOUND",
    /// Not possible in the object's state.
    WrongState = 4090 "WRONG_STATE",
    /// The idempotency key was used with another body.
    IdempotencyConflict = 4091 "IDEMPOTENCY_CONFLICT",
    /// The object has been changed since.
    RevisionConflict = 4092 "REVISION_CONFLICT",
    /// The call has ended.
    CallEnded = 4100 "CALL_ENDED",
    /// Another node owns the object.
    WrongNode = 4120 "WRONG_NODE",
    /// Too many requests.
    RateLimited = 4290 "RATE_LIMITED",
    /// Too many new calls per second.
    CpsLimit = 4291 "CPS_LIMIT",
    /// Too many calls at once.
    ConcurrencyLimit = 4292 "CONCURRENCY_LIMIT",
    /// The licence does not allow it.
    LicenseDenied = 4293 "LICENSE_DENIED",
    /// A fault of ours.
    Internal = 5000 "INTERNAL",
    /// No media switch can take the call.
    NoCapacity = 5030 "NO_CAPACITY",
    /// The node takes nothing new.
    Draining = 5031 "DRAINING",
    /// The trunk does not answer.
    TrunkDown = 5032 "TRUNK_DOWN",
    /// The bot does not answer.
    BotUnreachable = 5033 "BOT_UNREACHABLE",
    /// Durable storage failed.
    StorageFailed = 5034 "STORAGE_FAILED",
    /// Not done in time; it may be done yet.
    Timeout = 5040 "TIMEOUT",
}

impl ErrorCode {
    /// The number on the wire.
    pub fn code(self) -> u32 {
        self as u32
    }

    /// Whether the same request may succeed later, and may be repeated without doing anything twice.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::CpsLimit
                | Self::ConcurrencyLimit
                | Self::NoCapacity
                | Self::Draining
                | Self::TrunkDown
                | Self::BotUnreachable
        )
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A refused or failed request, as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Error {
    /// What kind of error.
    pub code: ErrorCode,
    /// One sentence for people.
    pub message: String,
    /// Path of the field at fault.
    pub field: Option<String>,
    /// How long to wait before trying again, in milliseconds.
    pub retry_after_ms: Option<u32>,
    /// The node that owns the object, with [`ErrorCode::WrongNode`].
    pub owner_node: Option<String>,
}

impl Error {
    /// An error with this code and sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, retry_after_ms: None, owner_node: None }
    }

    /// [`ErrorCode::InvalidArgument`] at a field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidArgument, message).field(field)
    }

    /// [`ErrorCode::CallNotFound`] for this call id.
    pub fn call_not_found(call_id: &str) -> Self {
        Self::new(ErrorCode::CallNotFound, format!("no call {call_id:?}")).field("call_id")
    }

    /// [`ErrorCode::Internal`]; the sentence must not tell secrets.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, message)
    }

    /// Names the field at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after_ms(mut self, retry_after_ms: u32) -> Self {
        self.retry_after_ms = Some(retry_after_ms);
        self
    }

    /// Says who owns the object.
    #[must_use]
    pub fn owner_node(mut self, node: impl Into<String>) -> Self {
        self.owner_node = Some(node.into());
        self
    }

    /// The message that goes over the wire.
    pub fn to_detail(&self) -> ErrorDetail {
        ErrorDetail {
            code: self.code.code(),
            name: self.code.name().to_owned(),
            message: self.message.clone(),
            field: self.field.clone().unwrap_or_default(),
            retryable: self.code.is_retryable(),
            retry_after_ms: self.retry_after_ms.unwrap_or_default(),
            owner_node: self.owner_node.clone().unwrap_or_default(),
        }
    }

    /// What came over the wire. A code that this version does not know is [`ErrorCode::Internal`] with its name in the sentence.
    pub fn from_detail(detail: ErrorDetail) -> Self {
        let known = ErrorCode::from_code(detail.code);
        let message = match known {
            Some(_) => detail.message,
            None => format!("{} ({}): {}", detail.name, detail.code, detail.message),
        };
        Self {
            code: known.unwrap_or(ErrorCode::Internal),
            message,
            field: Some(detail.field).filter(|field| !field.is_empty()),
            retry_after_ms: Some(detail.retry_after_ms).filter(|ms| *ms > 0),
            owner_node: Some(detail.owner_node).filter(|node| !node.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_round_trip() {
        for code in ErrorCode::ALL {
            let error = Error::new(*code, "a sentence").field("bot.url").retry_after_ms(250).owner_node("sw-1");
            assert_eq!(Error::from_detail(error.to_detail()), error);
            assert_eq!(ErrorCode::from_code(code.code()), Some(*code));
        }
    }

    #[test]
    fn a_code_of_a_later_version_keeps_its_name() {
        let error = Error::from_detail(ErrorDetail {
            code: 4999,
            name: "NEW_ONE".into(),
            message: "why".into(),
            ..Default::default()
        });
        assert_eq!(error.code, ErrorCode::Internal);
        assert_eq!(error.message, "NEW_ONE (4999): why");
    }
}
