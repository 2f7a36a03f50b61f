//! Speech to be said in a call.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use audio::g711::Law;
use testphone::Clip;

/// Two dozen words with all sorts of sounds, and pauses between.
const TEXT: &str = "The quick brown fox jumps over the lazy dog. Five wizards quickly vex the sphinx of black quartz. \
                    Please hold the line while I look up your account number, zero seven three nine.";

/// Speech by espeak-ng.
pub fn speech(directory: &Path) -> anyhow::Result<Clip> {
    let wav = directory.join("speech.wav");
    let output = Command::new("espeak-ng")
        .arg("-w")
        .arg(&wav)
        .args(["-v", "en-us", "-s", "150", TEXT])
        .output()
        .context("espeak-ng is missing: run scripts/install-tools.sh")?;
    ensure!(output.status.success(), "espeak-ng: {}", String::from_utf8_lossy(&output.stderr));
    Ok(Clip::read(&wav)?)
}

/// The same as bytes of a codec.
pub fn coded_speech(directory: &Path, law: Law) -> anyhow::Result<Clip> {
    Ok(Clip::from_codes(law, speech(directory)?.codes(law)))
}
