//! The playout ring against a naive model: what comes out, sample by sample, and every event, under any order of calls.

use audio::Error;
use audio::playout::{
    Cleared, Config, FlowState, Format, MARKS_MAX, Mark, MarkState, Playback, PlaybackState, Playout, PlayoutEvent,
    Tick,
};
use proptest::prelude::*;

/// 1 kHz: a millisecond is a sample, so that positions in the test read in both.
const RATE_HZ: u32 = 1000;
const TICK: usize = 20;
const FADE: usize = 5;

/// Samples that know who they are: every pushed one has its own number; a faded one is marked.
#[derive(Debug)]
struct Numbered;

const FADED: u32 = 1 << 31;

impl Format for Numbered {
    type Sample = u32;

    fn silence(&self) -> u32 {
        0
    }

    fn decode(&self, _sample: u32) -> i16 {
        0
    }

    fn encode(&self, _linear: i16) -> u32 {
        0
    }

    fn scale(&self, sample: u32, gain: f32) -> u32 {
        assert!(gain > 0.0 && gain < 1.0);
        sample | FADED
    }
}

fn config() -> Config {
    Config { cap_ms: 1000, xoff_ms: 600, xon_ms: 300, ..Config::new(RATE_HZ) }
}

#[derive(Debug, Clone)]
enum Op {
    Push(usize),
    Mark,
    Clear,
    EndOfUtterance,
    Pause,
    Resume,
    Tick,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (1usize..80).prop_map(Op::Push),
        1 => (1usize..700).prop_map(Op::Push),
        3 => Just(Op::Mark),
        1 => Just(Op::Clear),
        1 => Just(Op::EndOfUtterance),
        1 => prop_oneof![1 => Just(Op::Pause), 3 => Just(Op::Resume)],
        12 => Just(Op::Tick),
    ]
}

/// Generation, samples played and discarded, open marks.
type ModelClear = (u32, usize, usize, Vec<(String, usize)>);

/// Everything ever pushed in the present generation, and how far it has been played.
#[derive(Default)]
struct Model {
    generation: u32,
    pushed: Vec<u32>,
    played: usize,
    marks: Vec<(String, usize)>,
    playing: bool,
    /// Silence since the underrun.
    starved: Option<usize>,
    paused: bool,
    ended: bool,
    start_now: bool,
    waited: usize,
    off: bool,
    fading: Vec<u32>,
    cleared: Vec<ModelClear>,
    events: Vec<PlayoutEvent>,
}

impl Model {
    fn queued(&self) -> usize {
        self.pushed.len() - self.played
    }

    fn playback(&mut self, state: PlaybackState) {
        let (generation, pos_ms, queued_ms) = (self.generation, self.played as u64, self.queued() as u64);
        self.events.push(PlayoutEvent::Playback(Playback { state, generation, pos_ms, queued_ms }));
    }

    fn mark_event(&mut self, id: String, state: MarkState, generation: u32, position: usize) {
        let (pos_ms, pos_samples) = (position as u64, position as u64);
        self.events.push(PlayoutEvent::Mark(Mark { id: id.into(), state, generation, pos_ms, pos_samples }));
    }

    fn xon(&mut self) {
        if self.off && self.queued() <= 300 {
            self.off = false;
            self.events.push(PlayoutEvent::Flow { state: FlowState::Xon, queued_ms: self.queued() as u64 });
        }
    }

    fn push(&mut self, samples: &[u32]) -> bool {
        if self.queued() + samples.len() > 1000 {
            return false;
        }
        self.pushed.extend(samples);
        self.ended = false;
        if !self.off && self.queued() >= 600 {
            self.off = true;
            self.events.push(PlayoutEvent::Flow { state: FlowState::Xoff, queued_ms: self.queued() as u64 });
        }
        true
    }

    fn clear(&mut self) {
        let mut rest = self.pushed.split_off(self.played);
        if self.playing && !self.paused && self.fading.is_empty() {
            self.fading = rest.drain(..rest.len().min(FADE)).map(|sample| sample | FADED).collect();
        }
        self.cleared.push((self.generation, self.played, rest.len(), std::mem::take(&mut self.marks)));
        let kept = (self.generation + 1, self.paused, self.off);
        let fading = std::mem::take(&mut self.fading);
        let (cleared, events) = (std::mem::take(&mut self.cleared), std::mem::take(&mut self.events));
        *self = Self { generation: kept.0, paused: kept.1, off: kept.2, fading, cleared, events, ..Self::default() };
        self.xon();
    }

    fn tick(&mut self) -> Vec<u32> {
        let mut out = std::mem::take(&mut self.fading);
        let mut faded = out.len();
        for (generation, played, discarded, marks) in std::mem::take(&mut self.cleared) {
            let played = played + std::mem::take(&mut faded);
            let mut ids = Vec::new();
            for (id, position) in marks {
                let state = if position <= played { MarkState::Played } else { MarkState::Cleared };
                if state == MarkState::Cleared {
                    ids.push(id.clone().into());
                }
                self.mark_event(id, state, generation, position);
            }
            let (played_ms, played_samples, discarded_ms) = (played as u64, played as u64, discarded as u64);
            self.events.push(PlayoutEvent::Cleared(Cleared {
                generation: generation + 1,
                played_ms,
                played_samples,
                discarded_ms,
                marks: ids,
            }));
        }
        if !self.paused {
            self.play(&mut out);
        }
        out.resize(TICK, 0);
        let (done, open) =
            std::mem::take(&mut self.marks).into_iter().partition(|(_, position)| *position <= self.played);
        self.marks = open;
        for (id, position) in done {
            self.mark_event(id, MarkState::Played, self.generation, position);
        }
        self.xon();
        out
    }

    fn play(&mut self, out: &mut Vec<u32>) {
        let room = TICK - out.len();
        if !self.playing {
            if self.queued() == 0 {
                self.waited = 0;
                if let Some(silent) = &mut self.starved {
                    *silent += room;
                    if self.ended || *silent >= 200 {
                        self.drained();
                    }
                }
                return;
            }
            if self.queued() < 40 && !self.start_now && self.waited < 100 {
                self.waited += room;
                return;
            }
            (self.playing, self.starved, self.start_now, self.waited) = (true, None, false, 0);
            self.playback(PlaybackState::Started);
        }
        let count = room.min(self.queued());
        out.extend(&self.pushed[self.played..self.played + count]);
        self.played += count;
        if self.queued() == 0 && self.ended {
            self.drained();
        } else if count < room {
            self.playing = false;
            self.starved = Some(0);
            self.playback(PlaybackState::Underrun);
        }
    }

    fn drained(&mut self) {
        (self.playing, self.starved, self.ended, self.start_now) = (false, None, false, false);
        self.playback(PlaybackState::Drained);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn does_what_the_model_does(ops in prop::collection::vec(op(), 1..300)) {
        let mut playout = Playout::new(Numbered, config());
        let mut model = Model::default();
        let mut number = 0u32;
        let mut marks = 0;
        let mut reported = std::collections::HashSet::new();
        for op in ops.into_iter().chain(std::iter::repeat_n(Op::Tick, 80)) {
            match op {
                Op::Push(len) => {
                    let samples: Vec<u32> = (0..len as u32).map(|n| number + n + 1).collect();
                    number += len as u32;
                    let queued_ms = playout.queued_ms();
                    match playout.push(&samples) {
                        Ok(()) => prop_assert!(model.push(&samples)),
                        Err(error) => {
                            prop_assert!(!model.push(&samples));
                            prop_assert_eq!(error, Error::Overflow { queued_ms, pushed_ms: len as u64, cap_ms: 1000 });
                            prop_assert_eq!(playout.queued_ms(), queued_ms);
                        }
                    }
                }
                Op::Mark => {
                    marks += 1;
                    playout.mark(format!("m{marks}"));
                    model.marks.push((format!("m{marks}"), model.pushed.len()));
                }
                Op::Clear => {
                    playout.clear();
                    model.clear();
                }
                Op::EndOfUtterance => {
                    playout.end_of_utterance();
                    (model.ended, model.start_now) = (true, model.queued() > 0);
                }
                Op::Pause => {
                    playout.pause();
                    model.paused = true;
                }
                Op::Resume => {
                    playout.resume();
                    model.paused = false;
                }
                Op::Tick => {
                    let mut out = [7; TICK];
                    let before = model.events.len();
                    let tick = playout.tick(&mut out);
                    prop_assert_eq!(&out[..], &model.tick()[..]);
                    prop_assert_eq!(model.events.len() < before, false);
                    if out.iter().any(|&sample| sample != 0) {
                        prop_assert!(tick.has_audio());
                    }
                }
            }
            while let Some(event) = playout.poll_event() {
                if let PlayoutEvent::Mark(mark) = &event {
                    prop_assert!(reported.insert(mark.id.clone()), "{} twice", mark.id);
                }
                prop_assert!(!model.events.is_empty(), "unexpected {event:?}");
                prop_assert_eq!(event, model.events.remove(0));
            }
            prop_assert!(model.events.is_empty(), "missing {:?}", model.events);
            prop_assert_eq!(playout.position_samples(), model.played as u64);
            prop_assert_eq!(playout.queued_samples(), model.queued() as u64);
            prop_assert_eq!(playout.generation(), model.generation);
        }
        // All that was pushed has had time to play, unless it is paused; then nothing is owed to anybody.
        if !playout.is_paused() {
            prop_assert!(playout.is_idle());
            prop_assert_eq!(reported.len(), marks);
        }
        prop_assert_eq!(playout.events_dropped(), 0);
    }
}

fn events<F: Format>(playout: &mut Playout<F>) -> Vec<PlayoutEvent> {
    std::iter::from_fn(|| playout.poll_event()).collect()
}

#[test]
fn one_mark_too_many_is_dropped_and_says_so() {
    let mut playout = Playout::new(Numbered, config());
    playout.push(&[1; 100]).unwrap();
    for number in 0..=MARKS_MAX {
        playout.mark(number.to_string());
    }
    playout.mark("x".repeat(audio::playout::MARK_ID_BYTES_MAX + 1));
    let dropped = events(&mut playout);
    assert_eq!(dropped.len(), 2);
    assert!(
        matches!(&dropped[0], PlayoutEvent::Mark(mark) if mark.state == MarkState::Dropped && *mark.id == *MARKS_MAX.to_string())
    );
    let mut played = 0;
    for _ in 0..5 {
        playout.tick(&mut [0; TICK]);
        played += events(&mut playout)
            .iter()
            .filter(|event| matches!(event, PlayoutEvent::Mark(mark) if mark.state == MarkState::Played))
            .count();
    }
    assert_eq!(played, MARKS_MAX);
}

#[test]
fn more_clears_than_can_be_answered_between_two_ticks_share_a_reply_and_lose_no_mark() {
    let mut playout = Playout::new(Numbered, config());
    let clears = audio::playout::CLEARS_MAX + 20;
    for number in 0..clears {
        playout.push(&[1; 100]).unwrap();
        playout.mark(number.to_string());
        playout.clear();
    }
    playout.tick(&mut [0; TICK]);
    let (mut marks, mut replies, mut discarded_ms) = (0, 0, 0);
    for event in events(&mut playout) {
        match event {
            PlayoutEvent::Mark(mark) if mark.state == MarkState::Cleared => marks += 1,
            PlayoutEvent::Cleared(cleared) => {
                replies += 1;
                discarded_ms += cleared.discarded_ms;
                assert_eq!(cleared.played_samples, 0);
            }
            _ => {}
        }
    }
    assert_eq!((marks, replies, discarded_ms), (clears, audio::playout::CLEARS_MAX, clears as u64 * 100));
    assert_eq!(playout.generation(), audio::playout::CLEARS_MAX as u32);
}

#[test]
fn progress_is_reported_when_wanted() {
    let mut playout = Playout::new(Numbered, Config { progress_ms: Some(100), ..config() });
    playout.push(&[1; 350]).unwrap();
    playout.end_of_utterance();
    let mut positions = Vec::new();
    for _ in 0..20 {
        playout.tick(&mut [0; TICK]);
        for event in events(&mut playout) {
            if let PlayoutEvent::Playback(Playback { state: PlaybackState::Progress, pos_ms, .. }) = event {
                positions.push(pos_ms);
            }
        }
    }
    assert_eq!(positions, [100, 200, 300]);
}

#[test]
fn every_byte_of_ulaw_passes_unchanged_through_120_seconds() {
    let law = audio::g711::Law::Mu;
    let mut playout = Playout::new(law, Config::new(8000));
    let idle_bytes = playout.memory_bytes();
    // All 256 codes, 0x7f among them, in an order that no period of the ring shares.
    let burst: Vec<u8> = (0..960_000u32).map(|n| (n % 256) as u8 ^ (n / 256 % 251) as u8).collect();
    for piece in burst.chunks(4_321) {
        playout.push(piece).unwrap();
    }
    assert!(matches!(playout.push(&[0]), Err(Error::Overflow { queued_ms: 120_000, .. })));
    let full_bytes = playout.memory_bytes();
    assert!((960_000..1_000_000).contains(&full_bytes), "{full_bytes}");
    playout.end_of_utterance();
    let mut heard = Vec::new();
    let mut frame = [0; 160];
    loop {
        let tick = playout.tick(&mut frame);
        heard.extend_from_slice(&frame);
        if tick == Tick::Drained {
            break;
        }
        assert_eq!(tick, Tick::Audio);
    }
    assert!(heard == burst);
    assert!(playout.is_idle());
    assert!(idle_bytes < 256 && playout.memory_bytes() < 4096, "{idle_bytes}, {}", playout.memory_bytes());
}

#[test]
fn a_clear_fades_out_within_5_ms() {
    let law = audio::g711::Law::A;
    let mut playout = Playout::new(law, Config::new(8000));
    playout.push(&[law.encode(10_000); 1600]).unwrap();
    let mut frame = [0; 160];
    playout.tick(&mut frame);
    playout.clear();
    assert_eq!(playout.tick(&mut frame), Tick::Audio);
    let amplitudes: Vec<i16> = frame.iter().map(|&code| law.decode(code)).collect();
    assert!(
        amplitudes[0] > 9000 && amplitudes[39] < 200 && amplitudes[..40].is_sorted_by(|a, b| a >= b),
        "{amplitudes:?}"
    );
    assert!(frame[40..].iter().all(|&code| code == law.silence()));
    let cleared = events(&mut playout).into_iter().find_map(|event| match event {
        PlayoutEvent::Cleared(cleared) => Some(cleared),
        _ => None,
    });
    assert_eq!(
        cleared,
        Some(Cleared { generation: 1, played_ms: 25, played_samples: 200, discarded_ms: 175, marks: Vec::new() })
    );
    assert_eq!(playout.tick(&mut frame), Tick::Silence);
}
