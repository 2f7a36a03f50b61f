//! Sends a recording through a codec and a network that loses packets at random, and writes what is heard: for measuring what losses do to
//! speech.
//!
//!     cargo run --release -p codecs --example through_loss -- CODEC LOSS_PERCENT SEED WAY <sent.raw >heard.raw
//!
//! CODEC is PCMU, PCMA, G722 or opus (at 16 kHz, with error correction); samples are 16 bits, little-endian, mono, at the codec's rate. WAY
//! is how losses are concealed: `both` (from both sides), `past` (what is lost is filled before the next packet is there), `repeat` (the
//! last packet again) or `zero`.

use std::io::{Read, Write};

use codecs::opus::{EncoderOptions, Parameters};
use codecs::{Codec, Decoder, Encoder, PACKET_SAMPLES_MAX};

const OPUS_RATE_HZ: u32 = 16_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [codec, loss_percent, seed, way] = &arguments[..] else {
        return Err("usage: through_loss CODEC LOSS_PERCENT SEED both|past|repeat|zero".into());
    };
    let codec = Codec::ALL.into_iter().find(|known| known.encoding_name() == codec).ok_or("no such codec")?;
    let (loss_percent, mut seed): (f64, u64) = (loss_percent.parse()?, seed.parse()?);
    let remote = Parameters { use_inband_fec: true, ..Parameters::default() };
    let mut encoder =
        Encoder::new(codec, &EncoderOptions { rate_hz: OPUS_RATE_HZ, remote, ..EncoderOptions::default() })?;
    encoder.set_loss_percent(loss_percent as u8);
    let mut decoder = Decoder::new(codec, OPUS_RATE_HZ)?;
    let mut sent = Vec::new();
    std::io::stdin().read_to_end(&mut sent)?;
    let sent: Vec<i16> = sent.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();

    let packet = encoder.sample_rate_hz() as usize / 50;
    let (mut payload, mut samples, mut before) = ([0; 1_500], [0; PACKET_SAMPLES_MAX], vec![0; packet]);
    let (mut heard, mut lost) = (Vec::new(), 0);
    for piece in sent.chunks_exact(packet) {
        let len = encoder.encode(piece, &mut payload)?.unwrap_or_default();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if ((seed >> 33) as f64) < loss_percent / 100.0 * f64::from(1u32 << 31) {
            lost += 1;
            continue;
        }
        let mut gap = vec![0; lost * packet];
        match way.as_str() {
            "both" if lost > 0 => decoder.conceal(&mut gap, Some(&payload[..len])),
            "past" if lost > 0 => decoder.conceal(&mut gap, None),
            "repeat" => gap.chunks_mut(packet).for_each(|gap| gap.copy_from_slice(&before)),
            _ => {}
        }
        heard.extend(gap);
        lost = 0;
        decoder.decode(&payload[..len], &mut samples)?;
        before.copy_from_slice(&samples[..packet]);
        heard.extend_from_slice(&samples[..packet]);
    }
    heard.resize(sent.len(), 0);
    let bytes: Vec<u8> = heard.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    std::io::stdout().write_all(&bytes)?;
    Ok(())
}
