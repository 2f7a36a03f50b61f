//! Which switch is asked to place a call, and what its answer means. A call that may have been placed is never ordered anywhere
//! else: rather in doubt than twice.

use botstream_api::{ClientError, Error, ErrorCode, OriginateReply};
use botstream_state::load::{self, SwitchLoad};

/// Switches that are asked for one call.
const SWITCHES_MAX: usize = 8;

/// What is said to wait when nobody had room.
const RETRY_AFTER_MS: u32 = 1_000;

/// The switches asked so far for one call, none of which has placed it.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    refused: Vec<(String, Error)>,
}

impl Attempts {
    /// The switch to ask next: the least loaded of those that have not refused.
    pub(crate) fn next<'a>(&self, switches: &'a [SwitchLoad], tie_break: u64) -> Result<&'a str, Error> {
        let untried: Vec<SwitchLoad> = switches
            .iter()
            .filter(|switch| self.refused.iter().all(|(node, _)| *node != switch.node))
            .cloned()
            .collect();
        let chosen = if self.refused.len() < SWITCHES_MAX { load::choose(&untried, tie_break) } else { None };
        chosen
            .and_then(|chosen| switches.iter().find(|switch| switch.node == chosen.node))
            .map(|switch| switch.node.as_str())
            .ok_or_else(|| self.nobody(switches))
    }

    /// Notes that a switch has refused.
    pub(crate) fn refused(&mut self, node: String, error: Error) {
        self.refused.push((node, error));
    }

    fn nobody(&self, switches: &[SwitchLoad]) -> Error {
        let sentence = match (switches, self.refused.last()) {
            ([], None) => "no media switch is running".to_owned(),
            (_, None) => format!("none of {} media switches has room", switches.len()),
            (_, Some((node, error))) => format!(
                "none of {} media switches takes the call; the last one, {node}, says {error}",
                switches.len().max(self.refused.len())
            ),
        };
        Error::new(ErrorCode::NoCapacity, sentence).retry_after_ms(RETRY_AFTER_MS)
    }
}

/// What a switch's answer means.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It has the call.
    Placed(OriginateReply),
    /// It has not and will not: another one may be asked.
    AskAnother(Error),
    /// The call itself is refused: so would every switch.
    Refused(Error),
    /// It may have been placed.
    InDoubt(Error),
}

impl Verdict {
    /// For metrics.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Placed(_) => "placed",
            Self::AskAnother(_) => "ask_another",
            Self::Refused(_) => "refused",
            Self::InDoubt(_) => "in_doubt",
        }
    }
}

/// Whether an order got no answer: it may then be given to the same switch once more, which carries it out once.
pub(crate) fn is_unanswered(answer: &Result<OriginateReply, ClientError>) -> bool {
    matches!(answer, Err(ClientError::TimedOut { .. }))
}

/// Judges an answer. `is_repeated`: an earlier order for the same call got no answer.
pub(crate) fn judge(
    answer: Result<OriginateReply, ClientError>,
    is_repeated: bool,
    node: &str,
    call_id: &str,
) -> Verdict {
    let in_doubt = |why: String| {
        let sentence = format!("call {call_id} may have been placed by {node}: {why}; it is not placed again");
        Verdict::InDoubt(Error::new(ErrorCode::Timeout, sentence).owner_node(node))
    };
    match answer {
        Ok(reply) => Verdict::Placed(reply),
        Err(ClientError::Service(error)) if !is_repeated => match error.code {
            ErrorCode::NoCapacity | ErrorCode::Draining | ErrorCode::RateLimited | ErrorCode::WrongNode => {
                Verdict::AskAnother(error)
            }
            // It has begun something and failed.
            ErrorCode::Internal | ErrorCode::Timeout => in_doubt(error.to_string()),
            _ => Verdict::Refused(error),
        },
        // The order has reached nobody.
        Err(error @ ClientError::NoResponders { .. }) if !is_repeated => {
            Verdict::AskAnother(Error::new(ErrorCode::NoCapacity, error.to_string()))
        }
        // The first order may have been carried out, whatever is said of the second.
        Err(error) => in_doubt(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use botstream_state::load::SwitchState;

    fn switch(node: &str, calls: u32) -> SwitchLoad {
        SwitchLoad { node: node.into(), calls, capacity: 10, state: SwitchState::Active, ..Default::default() }
    }

    #[test]
    fn refusing_switches_are_not_asked_again() {
        let switches = [switch("a", 1), switch("b", 5), switch("c", 10)];
        let mut attempts = Attempts::default();
        assert_eq!(attempts.next(&switches, 0), Ok("a"));
        attempts.refused("a".into(), Error::new(ErrorCode::Draining, "draining"));
        assert_eq!(attempts.next(&switches, 0), Ok("b"));
        attempts.refused("b".into(), Error::new(ErrorCode::NoCapacity, "full"));
        let error = attempts.next(&switches, 0).unwrap_err();
        assert_eq!(error.code, ErrorCode::NoCapacity);
        assert_eq!(error.retry_after_ms, Some(RETRY_AFTER_MS));
        assert!(error.message.contains("the last one, b, says NO_CAPACITY: full"), "{error}");
    }

    #[test]
    fn nobody_there_is_told_from_nobody_with_room() {
        let none = Attempts::default();
        assert_eq!(none.next(&[], 0).unwrap_err().message, "no media switch is running");
        let full = [switch("a", 10)];
        assert_eq!(none.next(&full, 0).unwrap_err().message, "none of 1 media switches has room");
    }

    #[test]
    fn attempts_end() {
        let switches: Vec<_> = (0..20).map(|n| switch(&n.to_string(), 0)).collect();
        let mut attempts = Attempts::default();
        let mut asked = 0;
        while let Ok(node) = attempts.next(&switches, 7) {
            let node = node.to_owned();
            attempts.refused(node, Error::new(ErrorCode::Draining, "x"));
            asked += 1;
        }
        assert_eq!(asked, SWITCHES_MAX);
    }

    fn verdict(answer: Result<OriginateReply, ClientError>, is_repeated: bool) -> Verdict {
        judge(answer, is_repeated, "sw-1", "sw-1-X")
    }

    fn service(code: ErrorCode) -> Result<OriginateReply, ClientError> {
        Err(Error::new(code, "why").into())
    }

    fn no_answer() -> Result<OriginateReply, ClientError> {
        Err(ClientError::TimedOut { subject: "s".into(), timeout_ms: 1 })
    }

    fn nobody() -> Result<OriginateReply, ClientError> {
        Err(ClientError::NoResponders { subject: "s".into() })
    }

    #[test]
    fn only_what_was_surely_not_placed_goes_to_another_switch() {
        for answer in [service(ErrorCode::NoCapacity), service(ErrorCode::Draining), nobody()] {
            assert!(matches!(verdict(answer.clone(), false), Verdict::AskAnother(_)));
            assert!(matches!(verdict(answer, true), Verdict::InDoubt(_)));
        }
        assert!(is_unanswered(&no_answer()) && !is_unanswered(&nobody()));
        assert!(matches!(verdict(no_answer(), true), Verdict::InDoubt(_)));
        assert!(matches!(verdict(service(ErrorCode::Internal), false), Verdict::InDoubt(_)));
        assert!(matches!(verdict(service(ErrorCode::TrunkDown), false), Verdict::Refused(_)));
        let placed = OriginateReply::default();
        assert_eq!(verdict(Ok(placed.clone()), true), Verdict::Placed(placed));
    }

    #[test]
    fn doubt_names_call_and_node() {
        let Verdict::InDoubt(error) = verdict(no_answer(), true) else {
            panic!("no doubt");
        };
        assert_eq!(error.code, ErrorCode::Timeout);
        assert!(error.message.starts_with("call sw-1-X may have been placed by sw-1: "), "{error}");
        assert_eq!(error.owner_node.as_deref(), Some("sw-1"));
    }
}
