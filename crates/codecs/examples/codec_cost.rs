//! Prints what a second of audio costs in each codec, in microseconds of one core and in percent of it, packets of 20 ms. It is processor
//! time that counts, so other work on the machine disturbs little. Linux only.
//!
//!     cargo run --release -p codecs --example codec_cost

use std::hint::black_box;

use audio::comfort_noise::{Generator, Noise};
use audio::dtmf::Detector;
use audio::plc::Concealer;
use audio::tone::Tone;
use codecs::opus::{EncoderOptions, Parameters};
use codecs::{Codec, Decoder, Encoder, PACKET_SAMPLES_MAX};

const PACKETS: u32 = 50;
/// The kernel counts in steps of a millisecond or more, so there must be much to count.
const SECONDS: u32 = 100;

/// Processor time of this thread in nanoseconds: the first figure of the kernel's.
fn processor_ns() -> u64 {
    let figures = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    figures.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "its purpose")]
fn report(what: &str, mut packet: impl FnMut(usize)) {
    let start_ns = processor_ns();
    for number in 0..SECONDS * PACKETS {
        packet(number as usize);
    }
    let us = (processor_ns() - start_ns) as f64 / 1e3 / f64::from(SECONDS);
    println!("{what:<44} {us:>8.0} us {:>7.3} %", us / 1e4);
}

/// A voice-like second: a buzz that swells and fades.
fn voice(rate_hz: u32) -> Vec<i16> {
    let mut sum = vec![0i16; rate_hz as usize];
    for harmonic in 1..=10 {
        let mut part = vec![0; sum.len()];
        Tone::sine(rate_hz, 150.0 * f64::from(harmonic), -16.0 - 2.0 * f64::from(harmonic)).fill(&mut part);
        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    let swell = |n: usize| 0.5 + 0.5 * (std::f64::consts::TAU * 4.0 * n as f64 / f64::from(rate_hz)).sin();
    sum.iter().enumerate().map(|(n, &sample)| (f64::from(sample) * swell(n)) as i16).collect()
}

fn measure(what: &str, codec: Codec, options: &EncoderOptions) -> Result<(), codecs::Error> {
    let mut encoder = Encoder::new(codec, options)?;
    encoder.set_loss_percent(if options.remote.use_inband_fec { 5 } else { 0 });
    let rate_hz = encoder.sample_rate_hz();
    let sent = voice(rate_hz);
    let packet = rate_hz as usize / 50;
    let mut payloads = vec![vec![0; 1_500]; PACKETS as usize];
    report(&format!("{what}, encode"), |number| {
        let number = number % PACKETS as usize;
        let payload = &mut payloads[number];
        payload.resize(1_500, 0);
        let samples = &sent[number * packet..(number + 1) * packet];
        let len = encoder.encode(black_box(samples), payload).ok().flatten().unwrap_or_default();
        payload.truncate(len);
    });
    let mut decoder = Decoder::new(codec, rate_hz)?;
    let mut samples = [0; PACKET_SAMPLES_MAX];
    report(&format!("{what}, decode"), |number| {
        black_box(decoder.decode(black_box(&payloads[number % PACKETS as usize]), &mut samples)).ok();
    });
    report(&format!("{what}, decode, every 20th lost"), |number| {
        let payload = &payloads[number % PACKETS as usize];
        if number % 20 == 19 {
            decoder.conceal(&mut samples[..packet], Some(payload));
        } else {
            black_box(decoder.decode(black_box(payload), &mut samples)).ok();
        }
    });
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = EncoderOptions::default();
    measure("PCMU", Codec::Pcmu, &options)?;
    measure("G722", Codec::G722, &options)?;
    for complexity in [0, 5, 10] {
        measure(
            &format!("Opus 16 kHz 24 kbit/s complexity {complexity}"),
            Codec::Opus,
            &EncoderOptions { complexity, ..options.clone() },
        )?;
    }
    let remote = Parameters { use_inband_fec: true, ..Parameters::default() };
    measure("Opus 16 kHz 24 kbit/s with FEC", Codec::Opus, &EncoderOptions { remote, ..EncoderOptions::default() })?;
    measure("Opus 48 kHz 32 kbit/s", Codec::Opus, &EncoderOptions { rate_hz: 48_000, bitrate_bps: 32_000, ..options })?;

    let mut samples = voice(8_000);
    let mut detector = Detector::new(8_000);
    report("DTMF detector, 8 kHz", |number| {
        detector.push(&samples[number % 50 * 160..][..160]);
        black_box(detector.poll());
    });
    let mut generator = Generator::new(8_000);
    generator.set(&Noise::of(&samples[..480]));
    report("comfort noise, 8 kHz", |_| generator.fill(black_box(&mut samples[..160])));
    for rate_hz in [8_000, 16_000] {
        let speech = voice(rate_hz);
        let packet = rate_hz as usize / 50;
        let mut concealer = Concealer::new(rate_hz);
        concealer.good(&mut speech.clone());
        let mut frame = vec![0; packet];
        report(&format!("concealment of every packet, {} kHz", rate_hz / 1_000), |_| {
            concealer.between(black_box(&mut frame), &speech[..packet]);
        });
    }
    Ok(())
}
