//! WAV files: read in any rate, mono or stereo, PCM or G.711; written at 8 kHz.

use std::path::Path;
use std::{fs, io};

use audio::g711::Law;

use crate::{Error, RATE_HZ};

/// WAVE format tags.
const TAG_ALAW: u16 = 6;
const TAG_MULAW: u16 = 7;

/// Reach of the resampling filter in input samples at the lower rate's spacing, to each side.
const RESAMPLE_REACH: f64 = 24.0;

/// A piece of audio to be played, 8 kHz mono.
#[derive(Debug, Clone)]
pub struct Clip {
    samples: Vec<i16>,
    coded: Option<(Law, Vec<u8>)>,
}

impl Clip {
    /// Reads a WAV file. One that holds 8 kHz mono G.711 is played byte for byte in a call of that codec.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        Self::from_wav(&bytes).map_err(|reason| Error::Wav { path: path.to_owned(), reason })
    }

    /// Reads the bytes of a WAV file; an error says what is wrong with them.
    pub fn from_wav(bytes: &[u8]) -> Result<Self, String> {
        if let Some((law, codes)) = read_g711(bytes)? {
            return Ok(Self::from_codes(law, codes));
        }
        let mut reader = hound::WavReader::new(io::Cursor::new(bytes)).map_err(|error| error.to_string())?;
        let spec = reader.spec();
        let interleaved: Vec<f64> = match spec.sample_format {
            hound::SampleFormat::Int => {
                let scale = 32_768.0 / f64::from(1u32 << (spec.bits_per_sample.clamp(1, 32) - 1));
                reader
                    .samples::<i32>()
                    .map(|sample| sample.map(|sample| f64::from(sample) * scale))
                    .collect::<Result<_, _>>()
            }
            hound::SampleFormat::Float => {
                reader.samples::<f32>().map(|sample| sample.map(|sample| f64::from(sample) * 32_767.0)).collect()
            }
        }
        .map_err(|error| error.to_string())?;
        let channels = usize::from(spec.channels.max(1));
        let mono: Vec<f64> =
            interleaved.chunks_exact(channels).map(|frame| frame.iter().sum::<f64>() / channels as f64).collect();
        let samples = resample(&mono, spec.sample_rate);
        Ok(Self { samples, coded: None })
    }

    /// Samples at 8 kHz.
    pub fn from_samples(samples: Vec<i16>) -> Self {
        Self { samples, coded: None }
    }

    /// Bytes of G.711, to be played as they are in a call of that codec.
    pub fn from_codes(law: Law, codes: Vec<u8>) -> Self {
        let mut samples = vec![0; codes.len()];
        law.decode_slice(&codes, &mut samples);
        Self { samples, coded: Some((law, codes)) }
    }

    /// The clip in the codec of a call.
    pub fn codes(&self, law: Law) -> Vec<u8> {
        match &self.coded {
            Some((coded_law, codes)) if *coded_law == law => codes.clone(),
            _ => {
                let mut codes = vec![0; self.samples.len()];
                law.encode_slice(&self.samples, &mut codes);
                codes
            }
        }
    }

    /// The clip as 8 kHz samples.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Its length.
    pub fn duration_ms(&self) -> u64 {
        self.samples.len() as u64 * 1000 / u64::from(RATE_HZ)
    }
}

/// The codes of a G.711 WAV; `None` when the file is of another kind (or no WAV: the PCM reader then says so).
fn read_g711(bytes: &[u8]) -> Result<Option<(Law, Vec<u8>)>, String> {
    let Some(mut rest) = bytes.strip_prefix(b"RIFF").and_then(|rest| rest.get(4..)?.strip_prefix(b"WAVE")) else {
        return Ok(None);
    };
    let mut law = None;
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let [name @ .., l0, l1, l2, l3] = *head;
        // A recorder that was killed leaves a length of 0 or 2^32 - 1: take what is there.
        let len = (u32::from_le_bytes([l0, l1, l2, l3]) as usize).min(after.len());
        let chunk = &after[..len];
        match (&name, law) {
            (b"fmt ", _) => {
                let &[t0, t1, c0, c1, r0, r1, r2, r3, ..] = chunk else {
                    return Err("its format chunk is too short".to_owned());
                };
                law = match u16::from_le_bytes([t0, t1]) {
                    TAG_ALAW => Some(Law::A),
                    TAG_MULAW => Some(Law::Mu),
                    _ => return Ok(None),
                };
                let (channels, rate_hz) = (u16::from_le_bytes([c0, c1]), u32::from_le_bytes([r0, r1, r2, r3]));
                if (channels, rate_hz) != (1, RATE_HZ) {
                    return Err(format!("G.711 with {channels} channels at {rate_hz} Hz instead of 1 at {RATE_HZ} Hz"));
                }
            }
            (b"data", Some(law)) => return Ok(Some((law, chunk.to_vec()))),
            _ => {}
        }
        rest = after.get(len.next_multiple_of(2)..).unwrap_or_default();
    }
    Ok(None)
}

/// To 8 kHz from any rate, by a windowed sinc for each sample: slow, and good.
fn resample(input: &[f64], from_hz: u32) -> Vec<i16> {
    let to_sample = |value: f64| value.round().clamp(-32_768.0, 32_767.0) as i16;
    if from_hz == RATE_HZ || from_hz == 0 {
        return input.iter().map(|&value| to_sample(value)).collect();
    }
    let step = f64::from(from_hz) / f64::from(RATE_HZ);
    // Cut off a little below half the lower rate; going up there is nothing to cut but the images.
    let cutoff = (1.0 / step).min(1.0) * 0.96;
    let reach = RESAMPLE_REACH / cutoff;
    let count = (input.len() as f64 / step) as usize;
    let value_at = |centre: f64| {
        let first = (centre - reach).ceil().max(0.0) as usize;
        let last = ((centre + reach).floor() as usize).min(input.len().saturating_sub(1));
        let (mut sum, mut weights) = (0.0, 0.0);
        for (offset, &value) in input.iter().take(last + 1).skip(first).enumerate() {
            let x = (first + offset) as f64 - centre;
            let window = (0.5 + 0.5 * (std::f64::consts::PI * x / reach).cos()).max(0.0);
            let argument = std::f64::consts::PI * x * cutoff;
            let sinc = if argument.abs() < 1e-9 { 1.0 } else { argument.sin() / argument };
            sum += value * sinc * window;
            weights += sinc * window;
        }
        if weights.abs() < 1e-9 { 0.0 } else { sum / weights }
    };
    (0..count).map(|n| to_sample(value_at(n as f64 * step))).collect()
}

/// Writes G.711 bytes as they are, as a WAV file of that codec.
pub fn write_codec_wav(path: &Path, law: Law, codes: &[u8]) -> Result<(), Error> {
    let tag = match law {
        Law::A => TAG_ALAW,
        Law::Mu => TAG_MULAW,
    };
    let padding = codes.len() % 2;
    // A format other than PCM has an extension size field, and a fact chunk with the number of samples.
    let riff_len = 4 + (8 + 18) + (8 + 4) + (8 + codes.len() + padding);
    let mut file = Vec::with_capacity(8 + riff_len);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(riff_len as u32).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&18u32.to_le_bytes());
    file.extend_from_slice(&tag.to_le_bytes());
    file.extend_from_slice(&1u16.to_le_bytes());
    file.extend_from_slice(&RATE_HZ.to_le_bytes());
    file.extend_from_slice(&RATE_HZ.to_le_bytes());
    file.extend_from_slice(&[1, 0, 8, 0, 0, 0]);
    file.extend_from_slice(b"fact");
    file.extend_from_slice(&4u32.to_le_bytes());
    file.extend_from_slice(&(codes.len() as u32).to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&(codes.len() as u32).to_le_bytes());
    file.extend_from_slice(codes);
    file.resize(file.len() + padding, 0);
    fs::write(path, file).map_err(|source| Error::File { path: path.to_owned(), source })
}

/// Writes 16-bit samples of 8 kHz as a WAV file.
pub fn write_pcm_wav(path: &Path, samples: &[i16]) -> Result<(), Error> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let write = || {
        let mut writer = hound::WavWriter::create(path, spec)?;
        for &sample in samples {
            writer.write_sample(sample)?;
        }
        writer.finalize()
    };
    write().map_err(|error| match error {
        hound::Error::IoError(source) => Error::File { path: path.to_owned(), source },
        other => Error::Wav { path: path.to_owned(), reason: other.to_string() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use audio::measure::goertzel_dbfs;
    use audio::tone::Tone;

    #[test]
    fn g711_files_come_back_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        for (law, len) in [(Law::Mu, 256), (Law::A, 255)] {
            let codes: Vec<u8> = (0..len).map(|code| code as u8).collect();
            let path = folder.path().join("coded.wav");
            write_codec_wav(&path, law, &codes).unwrap();
            let clip = Clip::read(&path).unwrap();
            assert_eq!(clip.codes(law), codes);
        }
    }

    #[test]
    fn any_rate_width_and_channel_count_becomes_8_khz_mono() {
        for (rate_hz, bits, channels) in
            [(8000, 16, 1), (11_025, 8, 1), (22_050, 16, 1), (44_100, 24, 2), (48_000, 32, 2), (16_000, 16, 1)]
        {
            let mut tone = vec![0; rate_hz as usize];
            Tone::sine(rate_hz, 1000.0, -12.0).fill(&mut tone);
            let spec = hound::WavSpec {
                channels,
                sample_rate: rate_hz,
                bits_per_sample: bits,
                sample_format: hound::SampleFormat::Int,
            };
            let mut file = io::Cursor::new(Vec::new());
            let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
            for &sample in &tone {
                let scaled =
                    if bits > 16 { i32::from(sample) << (bits - 16) } else { i32::from(sample) >> (16 - bits) };
                for _ in 0..channels {
                    writer.write_sample(scaled).unwrap();
                }
            }
            writer.finalize().unwrap();
            let clip = Clip::from_wav(&file.into_inner()).unwrap();
            assert!((990..=1000).contains(&clip.duration_ms()), "{rate_hz}: {} ms", clip.duration_ms());
            let level = goertzel_dbfs(&clip.samples()[800..7200], RATE_HZ, 1000.0);
            assert!((level + 12.0).abs() < 0.2, "{rate_hz}: {level} dBFS");
        }
    }

    #[test]
    fn what_is_no_wav_is_refused_with_a_reason() {
        assert!(Clip::from_wav(b"").is_err());
        assert!(Clip::from_wav(b"RIFF\0\0\0\0WAVE").is_err());
        assert!(Clip::from_wav(b"RIFF\0\0\0\0WAVEfmt \x02\0\0\0\x07\0").is_err());
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.wav");
        assert!(matches!(Clip::read(&missing), Err(Error::File { .. })));
    }
}
