//! Whatever the network loses, delays, doubles and reorders: every session of both sides ends with exactly one
//! final event, its last one, and nothing is left behind.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::simulator::{ANSWER, CLEAN, Network, OFFER, Side, World, ms};
use sip::Transport;
use sip::ua::{SessionId, UaEvent};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    Invite,
    Ring(SessionId),
    Answer(SessionId),
    Reject(SessionId),
    AnswerReoffer(SessionId, bool),
    AckWithBody(SessionId),
    Reoffer(SessionId),
    Hangup(SessionId),
}

/// Plays random calls in both directions and checks what the applications see.
struct Play {
    world: World,
    todo: BTreeMap<(Instant, u64), (Side, Action)>,
    sequence: u64,
    seen: BTreeMap<(Side, SessionId), Vec<&'static str>>,
    finished: BTreeSet<(Side, SessionId)>,
    answered: usize,
    transport: Transport,
}

impl Play {
    fn new(seed: u64, network: Network, transport: Transport, calls: u64) -> Self {
        let mut play = Self {
            world: World::new(seed, network),
            todo: BTreeMap::new(),
            sequence: 0,
            seen: BTreeMap::new(),
            finished: BTreeSet::new(),
            answered: 0,
            transport,
        };
        for _ in 0..calls {
            let side = if play.world.dice.percent(50) { Side::A } else { Side::B };
            play.later(side, 20_000, Action::Invite);
        }
        play
    }

    fn later(&mut self, side: Side, within_ms: u64, action: Action) {
        self.sequence += 1;
        let at = self.world.now + ms(self.world.dice.below(within_ms));
        self.todo.insert((at, self.sequence), (side, action));
    }

    fn run(&mut self) {
        loop {
            let next_action = self.todo.keys().next().map(|(at, _)| *at);
            let next_step = self.world.next_time();
            match (next_action, next_step) {
                (Some(at), step) if step.is_none_or(|s| at <= s) => {
                    self.world.now = self.world.now.max(at);
                    let (_, (side, action)) = self.todo.pop_first().unwrap();
                    self.perform(side, action);
                }
                (None, None) => break,
                _ => assert!(self.world.step()),
            }
            for (side, event) in std::mem::take(&mut self.world.events) {
                self.on_event(side, &event);
            }
        }
    }

    fn perform(&mut self, side: Side, action: Action) {
        let (delayed, transport) = (self.world.dice.percent(20), self.transport);
        // The session may have ended meanwhile: that the stack says so is all that is asked.
        let result = self.world.act(side, |ua, now| match action {
            Action::Invite => {
                let mut params = World::params(side.other(), transport);
                params.body = params.body.filter(|_| !delayed);
                ua.invite(now, params).map(Some)
            }
            Action::Ring(id) => ua.provisional(now, id, 180, None).map(|()| None),
            Action::Answer(id) => ua.answer(now, id, ANSWER.into()).map(|()| None),
            Action::Reject(id) => ua.reject(now, id, 486, None, &[]).map(|()| None),
            Action::AnswerReoffer(id, yes) => {
                ua.answer_reinvite(now, id, if yes { Ok(ANSWER.into()) } else { Err(488) }).map(|()| None)
            }
            Action::AckWithBody(id) => ua.ack_with_body(now, id, ANSWER.into()).map(|()| None),
            Action::Reoffer(id) => ua.reoffer(now, id, Some(OFFER.into()).filter(|_: &String| !delayed)).map(|()| None),
            Action::Hangup(id) => ua.hangup(now, id, Some("Q.850;cause=16".into())).map(|()| None),
        });
        if let Ok(Some(id)) = result {
            self.seen.insert((side, id), vec!["invite"]);
            self.later(side, 60_000, Action::Hangup(id));
            if self.world.dice.percent(25) {
                self.later(side, 300, Action::Hangup(id));
            }
        }
    }

    fn on_event(&mut self, side: Side, event: &UaEvent) {
        let id = event.session();
        assert!(!self.finished.contains(&(side, id)), "an event after the last one: {event:?}");
        if event.is_final() {
            self.finished.insert((side, id));
        }
        let name = match event {
            UaEvent::Incoming { .. } => {
                let choice = self.world.dice.below(10);
                if choice < 6 {
                    self.later(side, 500, Action::Ring(id));
                }
                match choice {
                    0 => self.later(side, 2000, Action::Reject(id)),
                    1 => {}
                    _ => self.later(side, 3000, Action::Answer(id)),
                }
                self.later(side, 90_000, Action::Hangup(id));
                "incoming"
            }
            UaEvent::Provisional { .. } => "provisional",
            UaEvent::Answered { body, .. } => {
                assert!(body.is_some());
                self.answered += 1;
                self.after_answer(side, id);
                "answered"
            }
            UaEvent::Reanswered { .. } => {
                self.after_answer(side, id);
                "reanswered"
            }
            UaEvent::Confirmed { .. } => {
                if self.world.dice.percent(30) {
                    self.later(side, 8000, Action::Reoffer(id));
                }
                "confirmed"
            }
            UaEvent::Reoffered { .. } => {
                let yes = self.world.dice.percent(80);
                self.later(side, 1500, Action::AnswerReoffer(id, yes));
                "reoffered"
            }
            UaEvent::ReofferFailed { .. } => "reoffer failed",
            UaEvent::Failed { .. } => "failed",
            UaEvent::Ended { .. } => "ended",
            UaEvent::Info { .. } => "info",
        };
        self.seen.entry((side, id)).or_default().push(name);
    }

    fn after_answer(&mut self, side: Side, id: SessionId) {
        self.later(side, 400, Action::AckWithBody(id));
        if self.world.dice.percent(30) {
            self.later(side, 8000, Action::Reoffer(id));
        }
    }

    fn check(&mut self) {
        for (key, seen) in &self.seen {
            assert!(self.finished.contains(key), "{key:?} never ended: {seen:?}");
            assert!(seen[0] == "invite" || seen[0] == "incoming", "{key:?} begins oddly: {seen:?}");
        }
        self.world.assert_quiet();
    }
}

#[test]
fn twenty_percent_loss_and_reordering() {
    let network = Network { loss_percent: 20, duplicate_percent: 5, delay_ms_min: 5, delay_ms_max: 300 };
    for seed in 0..25 {
        let mut play = Play::new(seed, network, Transport::Udp, 60);
        play.run();
        play.check();
        assert!(play.answered > 15, "seed {seed}: only {} of 60 calls came up", play.answered);
    }
}

#[test]
fn a_dead_network_ends_everything_too() {
    for seed in 0..5 {
        let mut play = Play::new(seed, Network { loss_percent: 100, ..CLEAN }, Transport::Udp, 20);
        play.run();
        play.check();
        assert_eq!(play.answered, 0);
    }
}

#[test]
fn a_network_that_dies_in_the_middle() {
    for seed in 0..10 {
        let mut play = Play::new(seed, Network { loss_percent: 2, delay_ms_max: 50, ..CLEAN }, Transport::Udp, 60);
        let dies_at = play.world.now + ms(12_000);
        play.world.filter = Some(Box::new({
            let mut sent = 0;
            move |_, _| {
                sent += 1;
                sent > 400
            }
        }));
        play.run();
        play.check();
        assert!(play.world.now > dies_at);
    }
}

#[test]
fn tcp_needs_no_retransmissions_of_requests() {
    for seed in 0..5 {
        let mut play = Play::new(seed, CLEAN, Transport::Tcp, 60);
        play.run();
        play.check();
        assert!(play.answered > 20);
        let invites = play.world.sent_count(Side::A, "INVITE") + play.world.sent_count(Side::B, "INVITE");
        let mut distinct = BTreeSet::new();
        for (_, message) in &play.world.sent {
            if let sip::Message::Request(request) = message
                && request.method.as_str() == "INVITE"
            {
                distinct.insert(request.top_via().unwrap().branch().map(str::to_owned));
            }
        }
        assert_eq!(distinct.len(), invites, "an INVITE went out twice over TCP");
    }
}

#[test]
fn the_same_seed_plays_the_same_calls() {
    let network = Network { loss_percent: 10, duplicate_percent: 5, delay_ms_min: 5, delay_ms_max: 200 };
    let run = || {
        let mut play = Play::new(7, network, Transport::Udp, 30);
        play.run();
        let sent: Vec<_> = play.world.sent.iter().map(|(side, message)| (*side, message.to_bytes())).collect();
        (sent, play.seen)
    };
    assert!(run() == run());
}
