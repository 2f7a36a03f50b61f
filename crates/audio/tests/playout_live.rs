//! Live mode: a stall of the writer does not stay as delay.

use audio::g711::Law;
use audio::playout::{Config, MarkState, Playout, PlayoutEvent};
use audio::tone::Tone;

const RATE_HZ: u32 = 8_000;
const TICK: usize = 160;
const LAW: Law = Law::Mu;

/// A target of 60 ms, and a frame that is on its way.
const DEPTH_MS_MAX: u64 = 80;

/// A writer in real time: 20 ms of tone a tick, in bursts of `sound_ms` with `silence_ms` between.
struct Writer {
    tone: Tone,
    position: u32,
    sound_ms: u32,
    silence_ms: u32,
}

impl Writer {
    fn new(sound_ms: u32, silence_ms: u32) -> Self {
        Self { tone: Tone::sine(RATE_HZ, 200.0, -12.0), position: 0, sound_ms, silence_ms }
    }

    fn frame(&mut self) -> Vec<u8> {
        let mut samples = [0; TICK];
        if self.position % (self.sound_ms + self.silence_ms) < self.sound_ms {
            self.tone.fill(&mut samples);
        }
        self.position += 20;
        let mut codes = vec![0; TICK];
        LAW.encode_slice(&samples, &mut codes);
        codes
    }
}

fn tick(playout: &mut Playout<Law>) -> Vec<u8> {
    let mut out = vec![0; TICK];
    playout.tick(&mut out);
    out
}

/// Talks for a second, stalls for two, sends what was missed at once and goes on; returns the depth before each later tick.
fn stall(writer: &mut Writer, playout: &mut Playout<Law>, ticks: usize) -> Vec<u64> {
    for n in 0..150 {
        if n < 50 {
            assert!(playout.push(&writer.frame()).is_ok());
        }
        tick(playout);
    }
    for _ in 0..100 {
        assert!(playout.push(&writer.frame()).is_ok());
    }
    let depth = |_| {
        assert!(playout.push(&writer.frame()).is_ok());
        let depth = playout.queued_ms();
        tick(playout);
        depth
    };
    (0..ticks).map(depth).collect()
}

#[test]
fn what_comes_in_time_passes_unchanged() {
    let (mut writer, mut playout) = (Writer::new(1_000, 0), Playout::new(LAW, Config::live(RATE_HZ)));
    let (mut sent, mut heard) = (Vec::new(), Vec::new());
    for _ in 0..500 {
        let frame = writer.frame();
        playout.push(&frame).unwrap();
        sent.extend(frame);
        heard.extend(tick(&mut playout));
        assert!(playout.queued_ms() <= DEPTH_MS_MAX);
    }
    let start = heard.iter().position(|code| *code != LAW.silence()).unwrap() / TICK * TICK;
    assert_eq!(heard[start..], sent[..heard.len() - start]);
    assert_eq!(playout.skipped_ms(), 0);
}

#[test]
fn two_seconds_late_are_made_up_for_in_the_pauses() {
    let (mut writer, mut playout) = (Writer::new(300, 300), Playout::new(LAW, Config::live(RATE_HZ)));
    let depths = stall(&mut writer, &mut playout, 250);
    assert!(depths[0] > 1_900);
    let back = depths.iter().position(|depth| *depth <= DEPTH_MS_MAX).unwrap();
    // Well before sound would be cut out.
    assert!(back < 200, "{back} ticks");
    assert!(depths[back..].iter().all(|depth| *depth <= DEPTH_MS_MAX + 40), "{depths:?}");
}

#[test]
fn sound_without_a_pause_is_shortened_by_five_percent_and_then_cut() {
    let (mut writer, mut playout) = (Writer::new(1_000, 0), Playout::new(LAW, Config::live(RATE_HZ)));
    let depths = stall(&mut writer, &mut playout, 250);
    // Nothing happens in the first half second.
    assert!(depths[20] >= depths[0]);
    let shorter_ms = depths[25] - depths[200];
    assert!((120..=175).contains(&shorter_ms), "{shorter_ms} ms of 3500 were left out");
    assert!(*depths.last().unwrap() <= DEPTH_MS_MAX, "{depths:?}");
}

#[test]
fn shortened_sound_has_no_steps() {
    let (mut writer, mut playout) = (Writer::new(1_000, 0), Playout::new(LAW, Config::live(RATE_HZ)));
    for _ in 0..50 {
        playout.push(&writer.frame()).unwrap();
    }
    let mut heard = Vec::new();
    for _ in 0..150 {
        playout.push(&writer.frame()).unwrap();
        heard.extend(tick(&mut playout));
    }
    let mut samples = vec![0; heard.len()];
    LAW.decode_slice(&heard, &mut samples);
    let step = |samples: &[i16]| samples.windows(2).map(|pair| (pair[1] - pair[0]).unsigned_abs()).max().unwrap();
    // The first half second is as it came.
    let (before, after) = (step(&samples[..4_000]), step(&samples[4_000..]));
    assert!(playout.skipped_ms() > 50 && after <= before * 3 / 2, "{before} {after}");
}

#[test]
fn marks_move_up_with_what_is_left_out() {
    let mut playout = Playout::new(LAW, Config::live(RATE_HZ));
    let mut writer = Writer::new(300, 300);
    for n in 0..100 {
        playout.push(&writer.frame()).unwrap();
        playout.mark(n.to_string());
    }
    let mut played = Vec::new();
    for _ in 0..100 {
        tick(&mut playout);
        while let Some(event) = playout.poll_event() {
            if let PlayoutEvent::Mark(mark) = event {
                assert_eq!(mark.state, MarkState::Played);
                assert!(mark.pos_samples <= playout.position_samples());
                played.push(mark.id.parse::<u32>().unwrap());
            }
        }
    }
    assert_eq!(played, (0..100).collect::<Vec<_>>());
    assert!(playout.skipped_ms() > 500);
}

#[test]
fn a_clear_forgets_that_it_was_late() {
    let (mut writer, mut playout) = (Writer::new(1_000, 0), Playout::new(LAW, Config::live(RATE_HZ)));
    stall(&mut writer, &mut playout, 100);
    playout.clear();
    tick(&mut playout);
    let skipped = playout.skipped_ms();
    for _ in 0..100 {
        playout.push(&writer.frame()).unwrap();
        tick(&mut playout);
    }
    assert_eq!(playout.skipped_ms(), skipped);
}
