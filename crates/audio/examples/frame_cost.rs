//! Prints what one 20 ms frame costs in each part of the media path, in nanoseconds.
//!
//!     cargo run --release -p audio --example frame_cost

use std::hint::black_box;
use std::time::Instant;

use audio::g711::Law;
use audio::playout::{Config, Playout};
use audio::plc::Concealer;
use audio::resample::Resampler;
use audio::tone::Tone;
use rtp::{HEADER_LEN, Header, JitterBuffer};

const ROUNDS: u32 = 200_000;

#[expect(clippy::print_stdout, reason = "its purpose")]
fn report(what: &str, mut frame: impl FnMut()) {
    for _ in 0..ROUNDS / 10 {
        frame();
    }
    let best_ns = (0..5)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                frame();
            }
            start.elapsed().as_nanos() / u128::from(ROUNDS)
        })
        .min()
        .unwrap_or_default();
    println!("{what:<32} {best_ns:>6} ns");
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut speech = [0i16; 160];
    Tone::sine(8000, 440.0, -12.0).fill(&mut speech);
    let mut wide = [0i16; 320];
    let mut widest = [0i16; 960];
    let mut codes = [0u8; 160];

    let mut packet = [0u8; HEADER_LEN + 160];
    Header::default().write(&mut packet)?;
    report("RTP header parse", || {
        assert!(black_box(Header::parse(black_box(&packet))).is_ok());
    });

    let mut buffer = JitterBuffer::new(rtp::Config::default());
    let mut number = 0u64;
    report("jitter buffer push + pop", || {
        let header = Header { sequence: number as u16, timestamp: number as u32 * 160, ..Header::default() };
        buffer.push(number * 20_000, &header, black_box(&packet[HEADER_LEN..]));
        black_box(buffer.pop(number * 20_000));
        number += 1;
    });

    report("G.711 encode", || {
        black_box(Law::Mu.encode_slice(black_box(&speech), &mut codes));
    });
    report("G.711 decode", || {
        black_box(Law::Mu.decode_slice(black_box(&codes), &mut speech));
    });

    let mut up = Resampler::new(8000, 16_000)?;
    report("resample 8 -> 16 kHz", || {
        black_box(up.process(black_box(&speech), &mut wide));
    });
    let mut down = Resampler::new(16_000, 8000)?;
    report("resample 16 -> 8 kHz", || {
        black_box(down.process(black_box(&wide), &mut speech));
    });
    let mut up = Resampler::new(8000, 48_000)?;
    report("resample 8 -> 48 kHz", || {
        black_box(up.process(black_box(&speech), &mut widest));
    });
    let mut down = Resampler::new(48_000, 8000)?;
    report("resample 48 -> 8 kHz", || {
        black_box(down.process(black_box(&widest), &mut speech));
    });

    let mut playout = Playout::new(Law::Mu, Config::new(8000));
    playout.push(&codes)?;
    playout.push(&codes)?;
    let mut out = [0u8; 160];
    report("playout push + tick", || {
        assert!(playout.push(black_box(&codes)).is_ok());
        black_box(playout.tick(&mut out));
        while playout.poll_event().is_some() {}
    });

    let mut concealer = Concealer::new(8000);
    report("concealment, good frame", || concealer.good(black_box(&mut speech)));
    report("concealment, lost and good frame", || {
        concealer.lost(black_box(&mut speech));
        concealer.good(black_box(&mut speech));
    });
    Ok(())
}
