//! Why a call ends, in the words of SIP and of the API.

use botstream_api::Cause;
use botstream_api::cause::{Class, Party};
use botstream_api::q850;

/// An end decided on our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) party: Party,
    pub(crate) class: Class,
}

impl Ending {
    /// The bot hung up, or closed its socket in order. It may say why.
    pub(crate) fn by_bot(cause: Option<&str>) -> Self {
        let class = cause.and_then(Class::from_str_name).filter(|class| *class != Class::Unspecified);
        Self { party: Party::Bot, class: class.unwrap_or(Class::Normal) }
    }

    /// Somebody hung up over the API.
    pub(crate) fn by_operator(class: Class) -> Self {
        let class = if class == Class::Unspecified { Class::Normal } else { class };
        Self { party: Party::Operator, class }
    }

    pub(crate) fn bot_failed() -> Self {
        Self { party: Party::Bot, class: Class::BotFailed }
    }

    /// An end of the switch's own.
    pub(crate) fn by_system(class: Class) -> Self {
        Self { party: Party::System, class }
    }

    /// The value of the Reason header field that tells the far end (RFC 3326).
    pub(crate) fn reason_header(self) -> String {
        q850::reason_header(self.class)
    }

    /// The final status that refuses an INVITE for this reason.
    pub(crate) fn reject_status(self) -> u16 {
        match self.class {
            // 503 would have carriers take the whole trunk for dead, for one bot.
            Class::BotFailed => 480,
            class => q850::sip_status_of_class(class).0,
        }
    }

    pub(crate) fn into_cause(self, sip_status: u16) -> Cause {
        Cause { sip_status: sip_status.into(), ..Cause::ours(self.party, self.class) }
    }
}

/// The far end did not take our call.
pub(crate) fn of_refusal(sip_status: u16, sip_reason: &str, reason_headers: &[String]) -> Cause {
    Cause::from_sip(Party::Callee, sip_status, sip_reason, reason_headers)
}

/// The far end hung up; before the answer it cancelled (RFC 3261 §9.2 answers that INVITE with 487).
pub(crate) fn of_remote_end(party: Party, is_answered: bool, reason_headers: &[String]) -> Cause {
    if is_answered {
        Cause::from_sip(party, 0, "", reason_headers)
    } else {
        Cause { class: Class::NoAnswer.into(), ..Cause::from_sip(party, 487, "Request Terminated", reason_headers) }
    }
}

/// The signalling died: nobody acknowledged an answer, or knows the dialog any more.
pub(crate) fn of_lost_signalling(sip_status: u16) -> Cause {
    Cause::from_sip(Party::System, sip_status, "", &[])
}

/// The word the bot gets in `stop.reason`.
pub(crate) fn stop_reason(cause: &Cause) -> &'static str {
    match (cause.party(), cause.class()) {
        (Party::Caller | Party::Callee, _) => "hangup",
        (Party::Bot, Class::BotFailed) => "bot_failed",
        (Party::Bot, _) => "bot_hangup",
        (Party::Operator, _) => "operator_hangup",
        (_, Class::MaxDuration) => "max_duration",
        (_, Class::MediaTimeout) => "media_timeout",
        (_, Class::Drain) => "drain",
        _ => "failed",
    }
}
