//! SIP statuses, Q.850 causes and our cause classes, each from the other. Pure.
//!
//! RFC 3398 §7.2.4.1 (Q.850 to SIP) and §8.2.6.1 (SIP to Q.850). A `Reason: Q.850` header (RFC 3326) wins over the
//! status that carries it, because a gateway puts there what the telephone network really said.

use crate::Cause;
use crate::cause::{Class, Party};

/// The Q.850 cause that a SIP status stands for (RFC 3398 §8.2.6.1). `None` where the RFC maps to none, e.g. 487.
pub fn from_sip_status(status: u16) -> Option<u8> {
    Some(match status {
        200..=299 => 16,
        400 => 41,
        401..=403 | 407 => 21,
        404 => 1,
        405 => 63,
        406 => 79,
        408 => 102,
        410 => 22,
        413 | 414 | 416 | 420 | 421 | 423 => 127,
        415 => 79,
        480 => 18,
        481 => 41,
        482 | 483 => 25,
        484 => 28,
        485 => 1,
        486 => 17,
        500 => 41,
        501 => 79,
        502 => 38,
        503 => 41,
        504 => 102,
        505 | 513 => 127,
        600 => 17,
        603 => 21,
        604 => 1,
        _ => return None,
    })
}

/// The SIP status that a Q.850 cause stands for before the answer (RFC 3398 §7.2.4.1); 500 for causes it does not list.
///
/// 16 (normal clearing) has no status there, a call being released by BYE or CANCEL; before the answer 480 says it best.
pub fn to_sip_status(cause: u8) -> u16 {
    match cause {
        1..=3 | 26 => 404,
        16 | 19 | 20 | 31 => 480,
        17 => 486,
        18 => 408,
        21 | 55 | 57 | 87 => 403,
        22 | 23 => 410,
        27 => 502,
        28 => 484,
        29 | 79 => 501,
        34 | 38 | 41 | 42 | 47 | 58 | 88 => 503,
        65 | 70 => 488,
        102 => 504,
        _ => 500,
    }
}

/// The class of a final SIP status that a call failed with.
pub fn class_of_sip_status(status: u16) -> Class {
    match status {
        200..=299 => Class::Normal,
        486 | 600 => Class::Busy,
        // 487 is the answer to a CANCEL, and a call that nobody answered is what is cancelled.
        408 | 480 | 487 => Class::NoAnswer,
        404 | 410 | 414 | 416 | 484 | 485 | 604 => Class::InvalidNumber,
        // A loop is the network's, not the callee's.
        482 | 483 | 500..=599 => Class::Congestion,
        _ => Class::Rejected,
    }
}

/// The class of a Q.850 cause; `None` where the cause alone does not tell.
pub fn class_of_q850(cause: u8) -> Option<Class> {
    Some(match cause {
        1..=3 | 22 | 28 => Class::InvalidNumber,
        16 => Class::Normal,
        17 => Class::Busy,
        18..=20 => Class::NoAnswer,
        21 | 29 | 50 | 55 | 57 | 65 | 69 | 70 | 79 | 87 | 88 => Class::Rejected,
        25 | 27 | 34 | 38 | 41 | 42 | 44 | 47 | 58 | 63 => Class::Congestion,
        _ => return None,
    })
}

/// The status that refuses a call, and the Q.850 cause that goes with it, for a class of ours.
pub fn sip_status_of_class(class: Class) -> (u16, u8) {
    match class {
        Class::Normal | Class::NoAnswer => (480, 19),
        Class::Busy => (486, 17),
        Class::Rejected | Class::CpaPolicy => (603, 21),
        Class::InvalidNumber => (404, 1),
        Class::Congestion | Class::Limit | Class::Drain => (503, 42),
        Class::BotFailed | Class::NodeLost => (503, 41),
        Class::MediaTimeout | Class::MaxDuration | Class::Internal | Class::Unspecified => (500, 41),
    }
}

/// The Q.850 cause for the `Reason` header of a BYE or CANCEL.
pub fn of_class(class: Class) -> u8 {
    match class {
        Class::Normal | Class::MaxDuration | Class::CpaPolicy | Class::Unspecified => 16,
        Class::Busy => 17,
        Class::NoAnswer => 19,
        Class::Rejected => 21,
        Class::InvalidNumber => 1,
        Class::Congestion | Class::Limit => 42,
        Class::MediaTimeout | Class::BotFailed | Class::Drain | Class::NodeLost | Class::Internal => 41,
    }
}

/// The `Reason` header value (RFC 3326) for a class.
pub fn reason_header(class: Class) -> String {
    format!("Q.850;cause={};text=\"{}\"", of_class(class), class.as_str_name())
}

/// The Q.850 cause in a `Reason` header's value (RFC 3326 §2), which may list several protocols.
pub fn from_reason_header(value: &str) -> Option<u8> {
    split_outside_quotes(value, ',').find_map(|reason| {
        let mut parts = split_outside_quotes(reason, ';');
        let protocol = parts.next()?.trim();
        if !protocol.eq_ignore_ascii_case("Q.850") {
            return None;
        }
        parts.find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            if !name.trim().eq_ignore_ascii_case("cause") {
                return None;
            }
            value.trim().parse().ok().filter(|cause| *cause <= 127)
        })
    })
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |c| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        c == separator && !quoted
    })
}

impl Cause {
    /// The cause of a call that the far end refused with a final SIP status, or ended with these `Reason` headers (status 0: a BYE).
    pub fn from_sip(party: Party, status: u16, reason_phrase: &str, reason_headers: &[String]) -> Self {
        let header_q850 = reason_headers.iter().find_map(|value| from_reason_header(value));
        let class_of_status = if status == 0 { Class::Normal } else { class_of_sip_status(status) };
        let class = header_q850.and_then(class_of_q850).unwrap_or(class_of_status);
        let q850 = header_q850.or_else(|| match status {
            0 => Some(16),
            _ => from_sip_status(status),
        });
        Self {
            party: party.into(),
            class: class.into(),
            sip_status: u32::from(status),
            sip_reason: reason_phrase.to_owned(),
            q850: q850.map_or(0, u32::from),
            reason_headers: reason_headers.to_vec(),
        }
    }

    /// A cause of our own making.
    pub fn ours(party: Party, class: Class) -> Self {
        Self { party: party.into(), class: class.into(), q850: u32::from(of_class(class)), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_rfc_3398() {
        for (status, cause) in [(404, 1), (486, 17), (480, 18), (503, 41), (484, 28), (408, 102), (603, 21), (600, 17)]
        {
            assert_eq!(from_sip_status(status), Some(cause), "{status}");
        }
        assert_eq!(from_sip_status(487), None);
        for (cause, status) in
            [(1, 404), (17, 486), (18, 408), (19, 480), (21, 403), (34, 503), (102, 504), (127, 500), (99, 500)]
        {
            assert_eq!(to_sip_status(cause), status, "{cause}");
        }
    }

    #[test]
    fn a_reason_header_wins() {
        let reasons = ["SIP;cause=200;text=\"a, b; Q.850;cause=1\", Q.850 ; cause = 17 ; text=\"busy\"".to_owned()];
        let cause = Cause::from_sip(Party::Callee, 503, "Service Unavailable", &reasons);
        assert_eq!(cause.q850, 17);
        assert_eq!(cause.class(), Class::Busy);
        assert_eq!(cause.sip_status, 503);
    }

    #[test]
    fn without_one_the_status_counts() {
        let cause = Cause::from_sip(Party::Callee, 486, "Busy Here", &[]);
        assert_eq!((cause.q850, cause.class()), (17, Class::Busy));
        let cause = Cause::from_sip(Party::Callee, 0, "", &["SIP;cause=600".into()]);
        assert_eq!((cause.q850, cause.class()), (16, Class::Normal));
        // 127 does not tell: the status does.
        let cause = Cause::from_sip(Party::Callee, 404, "", &["Q.850;cause=127".into()]);
        assert_eq!((cause.q850, cause.class()), (127, Class::InvalidNumber));
    }

    #[test]
    fn our_reason_header_can_be_read_back() {
        for number in 0..=14 {
            let class = Class::try_from(number).unwrap();
            assert_eq!(from_reason_header(&reason_header(class)), Some(of_class(class)));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(value in ".{0,80}") {
            from_reason_header(&value);
        }
    }
}
