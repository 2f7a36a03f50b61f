//! Sound files as encoders in use make them: half a second of 440 Hz at -12 dBFS (peak), by libFLAC 1.4 in stereo at 44.1 kHz, by libvorbis at
//! 48 kHz, and by libFLAC at 48 kHz in Ogg.

use audio::measure::goertzel_dbfs;
use audio::sound_file::decode;

const FLAC: &[u8] = include_bytes!("files/tone.flac");
const OGG_VORBIS: &[u8] = include_bytes!("files/tone.ogg");
const OGG_FLAC: &[u8] = include_bytes!("files/tone-flac.ogg");

const FILES: [(&str, &[u8]); 3] = [("FLAC", FLAC), ("Ogg Vorbis", OGG_VORBIS), ("Ogg FLAC", OGG_FLAC)];

#[test]
fn each_format_keeps_length_pitch_and_level() {
    for (name, file) in FILES {
        for rate_hz in [8_000, 16_000] {
            let samples = decode(file.to_vec(), rate_hz, 1_000).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(samples.len(), rate_hz as usize / 2, "{name}");
            let middle = &samples[rate_hz as usize / 20..][..rate_hz as usize * 2 / 5];
            let level_dbfs = goertzel_dbfs(middle, rate_hz, 440.0);
            assert!((level_dbfs + 12.0).abs() < 0.3, "{name} at {rate_hz} Hz: {level_dbfs} dBFS");
        }
    }
}

#[test]
fn what_is_longer_than_allowed_is_refused() {
    for (name, file) in FILES {
        assert!(decode(file.to_vec(), 16_000, 499).is_err(), "{name}");
    }
}

#[test]
fn cut_and_damaged_files_make_an_error_or_less_audio() {
    for (name, file) in FILES {
        for length in (0..file.len()).step_by(397) {
            if let Ok(samples) = decode(file[..length].to_vec(), 16_000, 1_000) {
                assert!(samples.len() <= 8_000, "{name} cut at {length}");
            }
            let mut damaged = file.to_vec();
            damaged[length] ^= 0xff;
            if let Ok(samples) = decode(damaged, 16_000, 1_000) {
                assert!(samples.len() <= 16_000, "{name} damaged at {length}");
            }
        }
    }
}
