//! Sound files: WAV (PCM, G.711), FLAC, Ogg Vorbis and Ogg FLAC, decoded whole to mono at the rate that is asked for.
//!
//! Files come from others: rates, channels and length are bounded, and what is decoded is bounded as it is decoded, not by
//! what the file says of itself. Not for the media path: it allocates, and takes its time.

use std::io::{Cursor, ErrorKind};

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::Error;

/// Sample rates that are taken.
pub const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=192_000;

/// Most channels; they are averaged.
pub const CHANNELS_MAX: usize = 8;

/// The filter's half length in periods of the lower rate.
const HALF_PERIODS: usize = 16;

/// The part of the lower rate's band that is passed; the filter falls off over the rest.
const PASS: f64 = 0.94;

/// Decodes a file to samples at `rate_hz`, of at most `duration_max_ms`.
///
/// # Errors
/// [`Error::SoundFile`]: it is none of the formats, has rates or channels out of bounds, is damaged, empty or too long.
pub fn decode(bytes: Vec<u8>, rate_hz: u32, duration_max_ms: u32) -> Result<Vec<i16>, Error> {
    let refuse = |why: String| Error::SoundFile(why);
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), source, FormatOptions::default(), MetadataOptions::default())
        .map_err(|error| refuse(format!("neither WAV, FLAC nor Ogg Vorbis: {error}")))?;
    let track = format.default_track(TrackType::Audio).ok_or_else(|| refuse("it has no audio track".to_owned()))?;
    let track_id = track.id;
    let params = track.codec_params.as_ref().and_then(|params| params.audio());
    let params = params.ok_or_else(|| refuse("its audio is not described".to_owned()))?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .map_err(|error| refuse(format!("its codec is not known: {error}")))?;
    let samples_max = usize::try_from(u64::from(rate_hz) * u64::from(duration_max_ms) / 1_000).unwrap_or(usize::MAX);
    let mut converter: Option<(u32, Converter)> = None;
    let mut samples = Vec::new();
    let mut interleaved: Vec<f32> = Vec::new();
    let mut mono = Vec::new();
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            // Files written into a pipe say that they are longer than they are.
            Err(SymphoniaError::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(refuse(format!("damaged: {error}"))),
        };
        if packet.track_id != track_id {
            continue;
        }
        let decoded = decoder.decode(&packet).map_err(|error| refuse(format!("damaged: {error}")))?;
        let (from_hz, channels) = (decoded.spec().rate(), decoded.spec().channels().count());
        if !RATES_HZ.contains(&from_hz) {
            return Err(refuse(format!("{from_hz} Hz; allowed are {} to {}", RATES_HZ.start(), RATES_HZ.end())));
        }
        if !(1..=CHANNELS_MAX).contains(&channels) {
            return Err(refuse(format!("{channels} channels; allowed are 1 to {CHANNELS_MAX}")));
        }
        interleaved.resize(decoded.samples_interleaved(), 0.0);
        decoded.copy_to_slice_interleaved(&mut interleaved);
        mono.clear();
        mono.extend(interleaved.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32));
        let (rate, converter) = converter.get_or_insert_with(|| (from_hz, Converter::new(from_hz, rate_hz)));
        if *rate != from_hz {
            return Err(refuse("its sample rate changes".to_owned()));
        }
        converter.push(&mono, &mut samples);
        if samples.len() > samples_max {
            return Err(refuse(format!("longer than {duration_max_ms} ms")));
        }
    }
    if let Some((_, converter)) = converter {
        converter.finish(&mut samples);
    }
    match samples.len() {
        0 => Err(refuse("it holds no audio".to_owned())),
        length if length > samples_max => Err(refuse(format!("longer than {duration_max_ms} ms"))),
        _ => Ok(samples),
    }
}

/// Between any two rates: a windowed sinc, one set of taps for each phase that occurs.
struct Converter {
    /// Output samples to input samples, in lowest terms.
    phases: u64,
    step: u64,
    half: usize,
    /// `2 * half` taps for each phase; empty when the rates are the same.
    taps: Vec<f32>,
    /// Input not yet behind the filter, with silence before the first sample.
    window: Vec<f32>,
    /// Input samples before the window, those of silence not counted.
    dropped: u64,
    taken: u64,
    made: u64,
}

impl Converter {
    fn new(from_hz: u32, to_hz: u32) -> Self {
        let divisor = gcd(from_hz, to_hz);
        let (phases, step) = (u64::from(to_hz / divisor), u64::from(from_hz / divisor));
        // Input samples per period of the lower rate.
        let stretch = (f64::from(from_hz) / f64::from(to_hz)).max(1.0);
        let half = (HALF_PERIODS as f64 * stretch).ceil() as usize;
        let taps = if from_hz == to_hz { Vec::new() } else { taps(phases, half, stretch) };
        let window = vec![0.0; if taps.is_empty() { 0 } else { half - 1 }];
        Self { phases, step, half, taps, window, dropped: 0, taken: 0, made: 0 }
    }

    fn push(&mut self, input: &[f32], out: &mut Vec<i16>) {
        self.taken += input.len() as u64;
        if self.taps.is_empty() {
            out.extend(input.iter().map(|sample| to_i16(*sample)));
            return;
        }
        self.window.extend_from_slice(input);
        self.convert(out);
    }

    /// What is still inside the filter.
    fn finish(mut self, out: &mut Vec<i16>) {
        if !self.taps.is_empty() {
            self.window.resize(self.window.len() + self.half, 0.0);
            self.convert(out);
        }
    }

    fn convert(&mut self, out: &mut Vec<i16>) {
        let length = 2 * self.half;
        loop {
            // The first tap meets the sample `half - 1` before this one: at this place of the window, thanks to the silence.
            let position = self.made * self.step / self.phases;
            let first = (position - self.dropped) as usize;
            if position >= self.taken || first + length > self.window.len() {
                let done = first.min(self.window.len());
                self.window.drain(..done);
                self.dropped += done as u64;
                return;
            }
            let phase = (self.made * self.step % self.phases) as usize;
            let taps = &self.taps[phase * length..(phase + 1) * length];
            let sum: f32 = taps.iter().zip(&self.window[first..]).map(|(tap, sample)| tap * sample).sum();
            out.push(to_i16(sum));
            self.made += 1;
        }
    }
}

/// Each phase's taps, with a sum of 1: a constant stays what it is.
fn taps(phases: u64, half: usize, stretch: f64) -> Vec<f32> {
    let mut all = Vec::with_capacity(phases as usize * 2 * half);
    for phase in 0..phases {
        let fraction = phase as f64 / phases as f64;
        let raw: Vec<f64> = (0..2 * half)
            .map(|index| {
                let distance = index as f64 - (half as f64 - 1.0) - fraction;
                let x = std::f64::consts::PI * distance * PASS / stretch;
                let sinc = if x.abs() < 1e-9 { 1.0 } else { x.sin() / x };
                // Blackman's window.
                let place = std::f64::consts::PI * distance / half as f64;
                sinc * (0.42 + 0.5 * place.cos() + 0.08 * (2.0 * place).cos())
            })
            .collect();
        let sum: f64 = raw.iter().sum();
        all.extend(raw.iter().map(|tap| (tap / sum) as f32));
    }
    all
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

fn to_i16(sample: f32) -> i16 {
    // Casts of floats saturate.
    (sample * 32_768.0).round() as i16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::goertzel_dbfs;
    use crate::tone::Tone;

    /// A WAV file of 16 bits.
    fn wav(rate_hz: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
        let data_len = samples.len() as u32 * 2;
        let mut file = Vec::new();
        file.extend_from_slice(b"RIFF");
        file.extend_from_slice(&(36 + data_len).to_le_bytes());
        file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0");
        file.extend_from_slice(&channels.to_le_bytes());
        file.extend_from_slice(&rate_hz.to_le_bytes());
        file.extend_from_slice(&(rate_hz * u32::from(channels) * 2).to_le_bytes());
        file.extend_from_slice(&(channels * 2).to_le_bytes());
        file.extend_from_slice(&16_u16.to_le_bytes());
        file.extend_from_slice(b"data");
        file.extend_from_slice(&data_len.to_le_bytes());
        file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        file
    }

    fn tone(rate_hz: u32, frequency_hz: f64) -> Vec<i16> {
        let mut samples = vec![0; rate_hz as usize];
        Tone::sine(rate_hz, frequency_hz, -12.0).fill(&mut samples);
        samples
    }

    #[test]
    fn a_file_of_the_rate_asked_for_is_what_it_was() {
        let samples = tone(16_000, 440.0);
        assert_eq!(decode(wav(16_000, 1, &samples), 16_000, 60_000), Ok(samples));
    }

    #[test]
    fn other_rates_keep_length_pitch_and_level_and_make_no_images() {
        for rate_hz in [8_000, 11_025, 22_050, 44_100, 48_000, 96_000] {
            let decoded = decode(wav(rate_hz, 1, &tone(rate_hz, 1_000.0)), 16_000, 60_000).unwrap();
            assert_eq!(decoded.len(), 16_000, "{rate_hz}");
            let middle = &decoded[1_600..14_400];
            assert!((goertzel_dbfs(middle, 16_000, 1_000.0) + 12.0).abs() < 0.1, "{rate_hz}");
            if rate_hz == 8_000 {
                assert!(goertzel_dbfs(middle, 16_000, 7_000.0) < -70.0);
            }
        }
        // What the lower rate can't carry is gone, and not folded back.
        let decoded = decode(wav(48_000, 1, &tone(48_000, 11_000.0)), 16_000, 60_000).unwrap();
        assert!(crate::level::dbfs(&decoded[1_600..14_400]) < -65.0);
    }

    #[test]
    fn channels_are_averaged() {
        let stereo: Vec<i16> = tone(16_000, 440.0).iter().flat_map(|sample| [*sample, 0]).collect();
        let decoded = decode(wav(16_000, 2, &stereo), 16_000, 60_000).unwrap();
        assert!((goertzel_dbfs(&decoded, 16_000, 440.0) + 18.0).abs() < 0.1);
    }

    #[test]
    fn what_is_no_good_is_refused_with_a_reason() {
        let samples = tone(16_000, 440.0);
        for (file, why) in [
            (Vec::new(), "neither"),
            (b"<html>not found</html>".repeat(100), "neither"),
            (wav(16_000, 1, &[]), "no audio"),
            (wav(4_000, 1, &samples), "4000 Hz"),
            (wav(16_000, 1, &samples.repeat(3)), "longer than 2000 ms"),
        ] {
            let error = decode(file, 16_000, 2_000).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Nothing that a file holds makes more than was allowed.
        #[test]
        fn damaged_files_end_in_an_error_or_in_bounded_audio(
            flips in prop::collection::vec((0_usize..2_000, any::<u8>()), 1..20),
            length in 0_usize..2_000,
        ) {
            let mut file = wav(8_000, 1, &tone(8_000, 440.0)[..1_000]);
            for (place, value) in flips {
                let place = place % file.len();
                file[place] = value;
            }
            file.truncate(length);
            if let Ok(samples) = decode(file, 16_000, 500) {
                prop_assert!(samples.len() <= 8_000);
            }
        }
    }
}
