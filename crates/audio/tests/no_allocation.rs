//! Nothing allocates per frame once buffers have their working size: counted by the allocator itself.

use allocation_counter::measure;
use audio::g711::Law;
use audio::playout::{Config, Playout};
use audio::plc::Concealer;
use audio::resample::Resampler;
use audio::tone::Tone;

#[test]
fn the_counter_counts() {
    assert!(measure(|| drop(std::hint::black_box(vec![0u8; 100]))).count_total >= 1);
}

#[test]
fn a_frame_from_the_line_to_a_program_and_back_allocates_nothing() {
    let law = Law::Mu;
    let mut up = Resampler::new(8000, 16_000).unwrap();
    let mut down = Resampler::new(16_000, 8000).unwrap();
    let mut concealer = Concealer::new(8000);
    let mut tone = Tone::sine(8000, 440.0, -20.0);
    let mut playout = Playout::new(law, Config::new(8000));
    let (mut line, mut linear, mut wide) = ([0u8; 160], [0i16; 160], [0i16; 320]);
    let mut frames = |count: usize| {
        for frame in 0..count {
            tone.fill(&mut linear);
            law.encode_slice(&linear, &mut line);
            law.decode_slice(&line, &mut linear);
            match frame % 10 {
                3 => concealer.lost(&mut linear),
                _ => concealer.good(&mut linear),
            }
            up.process(&linear, &mut wide);
            down.process(&wide, &mut linear);
            law.encode_slice(&linear, &mut line);
            playout.push(&line).unwrap();
            // A pause of the writer now and then: underrun, and a new start.
            if frame % 100 > 90 {
                playout.tick(&mut line);
            }
            playout.tick(&mut line);
            while playout.poll_event().is_some() {}
        }
    };
    // The ring takes its blocks, the filters their tables.
    frames(200);
    assert_eq!(measure(|| frames(5000)).count_total, 0);
}
