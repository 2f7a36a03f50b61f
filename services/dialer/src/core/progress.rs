//! How far a call is, for a requester who waits: from its events, and from its row should events be lost.

use botstream_api::call::State;
use botstream_api::cause::{Class, Party};
use botstream_api::dial_request::Wait;
use botstream_api::event::Body;
use botstream_api::{Cause, DialReply, Event};

/// Looks at the rows in which the call is missing before it counts as gone: its row may come after the reply that it has been
/// placed, and its last event after the row is gone.
const MISSING_MAX: u32 = 8;

/// A call that somebody waits for.
#[derive(Debug)]
pub(crate) struct Progress {
    wait: Wait,
    reply: DialReply,
    missing: u32,
}

impl Progress {
    pub(crate) fn new(wait: Wait, reply: DialReply) -> Self {
        Self { wait, reply, missing: 0 }
    }

    /// Whether there is nothing more to wait for.
    pub(crate) fn is_done(&self) -> bool {
        match (self.wait, self.reply.state()) {
            (Wait::Unspecified, _) | (_, State::Ended) => true,
            (Wait::Answered, state) => state == State::Answered,
            (Wait::Completed, _) => false,
        }
    }

    /// What there is to reply, as far as the call is.
    pub(crate) fn into_reply(self) -> DialReply {
        self.reply
    }

    /// Takes an event of the call in.
    pub(crate) fn event(&mut self, event: Event) {
        if event.call_id != self.reply.call_id {
            return;
        }
        let state = match event.body {
            Some(Body::CallCreated(_)) => State::Created,
            Some(Body::CallRouting(_)) => State::Routing,
            Some(Body::CallRinging(_)) => State::Ringing,
            Some(Body::CallEarlyMedia(_)) => State::EarlyMedia,
            Some(Body::CallAnswered(_)) => State::Answered,
            Some(Body::CallEnded(ended)) => {
                self.reply.cause = ended.cause;
                State::Ended
            }
            _ => return,
        };
        self.advance(state);
    }

    /// Takes a look at the call's row in: its state, or that there is none. `is_owner_there`: whether the switch is.
    pub(crate) fn row(&mut self, state: Option<State>, is_owner_there: bool) {
        match state {
            Some(state) => {
                self.missing = 0;
                // That it has ended comes with its cause, by event.
                if state != State::Ended {
                    self.advance(state);
                }
            }
            None => self.missing += 1,
        }
        if self.missing >= MISSING_MAX {
            let cause = (!is_owner_there).then(|| Cause::ours(Party::System, Class::NodeLost));
            self.reply.cause = self.reply.cause.take().or(cause);
            self.advance(State::Ended);
        }
    }

    /// Events and rows overtake each other; states only go forward.
    fn advance(&mut self, state: State) {
        if i32::from(state) > self.reply.state {
            self.reply.set_state(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use botstream_api::{CallAnswered, CallEnded, CallRinging};

    fn progress(wait: Wait) -> Progress {
        let mut reply = DialReply { call_id: "c".into(), ..Default::default() };
        reply.set_state(State::Created);
        Progress::new(wait, reply)
    }

    fn event(call_id: &str, body: Body) -> Event {
        Event { call_id: call_id.into(), body: Some(body), ..Default::default() }
    }

    fn ended() -> Event {
        let cause = Some(Cause::ours(Party::Callee, Class::Busy));
        event("c", Body::CallEnded(CallEnded { cause, ..Default::default() }))
    }

    #[test]
    fn without_wait_it_is_done_at_once() {
        assert!(progress(Wait::Unspecified).is_done());
    }

    #[test]
    fn answered_waits_for_the_answer_or_the_end() {
        let mut call = progress(Wait::Answered);
        call.event(event("c", Body::CallRinging(CallRinging::default())));
        assert!(!call.is_done());
        call.event(event("other", Body::CallAnswered(CallAnswered::default())));
        assert!(!call.is_done());
        call.event(event("c", Body::CallAnswered(CallAnswered::default())));
        assert!(call.is_done());
        assert_eq!(call.into_reply().state(), State::Answered);

        let mut call = progress(Wait::Answered);
        call.event(ended());
        assert!(call.is_done());
        assert_eq!(call.into_reply().cause.unwrap().class(), Class::Busy);
    }

    #[test]
    fn completed_waits_for_the_end() {
        let mut call = progress(Wait::Completed);
        call.event(event("c", Body::CallAnswered(CallAnswered::default())));
        assert!(!call.is_done());
        call.event(ended());
        assert!(call.is_done());
    }

    #[test]
    fn the_row_stands_in_for_lost_events() {
        let mut call = progress(Wait::Answered);
        call.row(Some(State::Answered), true);
        assert!(call.is_done());
        let mut call = progress(Wait::Completed);
        for _ in 1..MISSING_MAX {
            call.row(None, true);
        }
        assert!(!call.is_done());
        call.row(None, false);
        assert!(call.is_done());
        assert_eq!(call.into_reply().cause.unwrap().class(), Class::NodeLost);
    }

    #[test]
    fn states_do_not_go_back() {
        let mut call = progress(Wait::Completed);
        call.event(event("c", Body::CallAnswered(CallAnswered::default())));
        call.row(Some(State::Ringing), true);
        assert_eq!(call.into_reply().state(), State::Answered);
    }
}
