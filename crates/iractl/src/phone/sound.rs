//! What a phone says and where it writes down what it hears: the options that calling and answering share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::ValueEnum;
use testphone::{Clip, MediaLog, Outcome, Play, Script, write_codec_wav, write_pcm_wav};

/// Level of `--tone`.
const TONE_DBFS: f64 = -20.0;

/// A codec of the telephone side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Codec {
    /// G.711 µ-law
    Pcmu,
    /// G.711 A-law
    Pcma,
    /// G.722, wideband
    G722,
    /// Opus, wideband
    Opus,
}

/// How a recording is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RecordAs {
    /// 16-bit samples: for every player
    Pcm16,
    /// The bytes of the codec as they came: for comparing bit by bit
    Codec,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SoundArgs {
    /// WAV file to say: any rate, mono or stereo; G.711 at 8 kHz is sent byte for byte in a call of that codec
    #[arg(long, value_name = "FILE", conflicts_with = "tone")]
    wav: Option<PathBuf>,
    /// Says the WAV again and again
    #[arg(long, requires = "wav")]
    repeat: bool,
    /// Says a steady tone instead, at -20 dBFS
    #[arg(long, value_name = "HZ")]
    tone: Option<f64>,
    /// Writes what is heard to this WAV file, 8 kHz mono
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// How the recording is written
    #[arg(long, value_enum, default_value_t = RecordAs::Pcm16, requires = "record")]
    record_as: RecordAs,
    /// The only codec to use [default: both, PCMU first]
    #[arg(long, value_enum)]
    codec: Option<Codec>,
    /// Keys to press during the call
    #[arg(long, value_name = "DIGITS", value_parser = digits)]
    dtmf: Option<String>,
    /// When to press them, after the answer
    #[arg(long, value_name = "MS", default_value_t = 1000, requires = "dtmf")]
    dtmf_at_ms: u64,
}

fn digits(text: &str) -> Result<String, String> {
    match text.chars().find(|digit| !"0123456789*#ABCDabcd".contains(*digit)) {
        Some(other) => Err(format!("{other:?} is no key: 0-9, *, #, A-D")),
        None => Ok(text.to_owned()),
    }
}

impl SoundArgs {
    /// What the phone does in a call, and how long that takes to say. Reads the WAV.
    pub(crate) fn script(&self) -> anyhow::Result<(Script, Option<Duration>)> {
        let (play, length) = match (&self.wav, self.tone) {
            (Some(path), _) => {
                let clip = Arc::new(Clip::read(path)?);
                let length = Duration::from_millis(clip.duration_ms());
                if self.repeat { (Play::Repeat(clip), None) } else { (Play::Clip(clip), Some(length)) }
            }
            (None, Some(frequency_hz)) => (Play::Tone { frequency_hz, dbfs: TONE_DBFS }, None),
            (None, None) => (Play::Silence, None),
        };
        let codecs = match self.codec {
            Some(Codec::Pcmu) => vec![testphone::Codec::Pcmu],
            Some(Codec::Pcma) => vec![testphone::Codec::Pcma],
            Some(Codec::G722) => vec![testphone::Codec::G722],
            Some(Codec::Opus) => vec![testphone::Codec::Opus],
            None => vec![testphone::Codec::Pcmu, testphone::Codec::Pcma],
        };
        let at = Duration::from_millis(self.dtmf_at_ms);
        let dtmf = self.dtmf.iter().map(|digits| (at, digits.clone())).collect();
        Ok((Script { codecs, play, dtmf, ..Script::default() }, length))
    }

    /// Writes the recording of the `number`th call, if one is wanted; returns where it is.
    pub(crate) fn save(&self, outcome: &Outcome, number: usize) -> anyhow::Result<Option<PathBuf>> {
        let (Some(path), Some(log)) = (&self.record, &outcome.media) else { return Ok(None) };
        let path = numbered(path, number);
        write(self.record_as, &path, log).context("the recording cannot be written")?;
        Ok(Some(path))
    }
}

fn write(record_as: RecordAs, path: &Path, log: &MediaLog) -> Result<(), testphone::Error> {
    match record_as {
        RecordAs::Pcm16 => write_pcm_wav(path, &log.heard_samples()),
        RecordAs::Codec => write_codec_wav(path, log.law, &log.heard),
    }
}

/// `heard.wav` for the first call, `heard-2.wav` for the second.
fn numbered(path: &Path, number: usize) -> PathBuf {
    if number <= 1 {
        return path.to_owned();
    }
    let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    let extension = match part(path.extension()) {
        extension if extension.is_empty() => extension,
        extension => format!(".{extension}"),
    };
    path.with_file_name(format!("{}-{number}{extension}", part(path.file_stem())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_numbered_from_the_second_call_on() {
        assert_eq!(numbered(Path::new("a/heard.wav"), 1), Path::new("a/heard.wav"));
        assert_eq!(numbered(Path::new("a/heard.wav"), 2), Path::new("a/heard-2.wav"));
        assert_eq!(numbered(Path::new("heard"), 3), Path::new("heard-3"));
    }

    #[test]
    fn only_keys_are_digits() {
        assert_eq!(digits("12*#aD"), Ok("12*#aD".to_owned()));
        assert!(digits("12x").is_err());
    }
}
