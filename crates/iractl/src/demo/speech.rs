//! What the telephone says.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use testphone::Clip;

const TEXT: &str = "Hello, this is a telephone. Whatever I say to the bot, it says back to me: \
                    the quick brown fox jumps over the lazy dog, and five wizards vex the sphinx of black quartz.";

/// Has espeak-ng say it, into `speech.wav`.
pub(super) fn make(dir: &Path) -> anyhow::Result<Clip> {
    let path = dir.join("speech.wav");
    let output = Command::new("espeak-ng")
        .arg("-w")
        .arg(&path)
        .args(["-v", "en-us", "-s", "160", TEXT])
        .output()
        .context("espeak-ng does not run: scripts/install-tools.sh installs it")?;
    ensure!(output.status.success(), "espeak-ng failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(Clip::read(&path)?)
}
