//! The benchmark itself: a few calls for a moment, through the switch and through the relay.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

#[test]
fn both_sides_say_back_what_their_callers_say() -> Result<()> {
    let out = tempfile::tempdir()?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_media-bench"));
    command.args(["--calls", "3", "--rounds", "1", "--seconds", "3", "--out"]).arg(out.path());
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = std::fs::read_to_string(out.path().join("media.md"))?;
    ensure!(output.stdout == table.as_bytes() && table.contains("| 3 | "), "{table}");
    ensure!(std::fs::read_to_string(out.path().join("media.svg"))?.contains("bare relay"));
    let all: Value = serde_json::from_str(&std::fs::read_to_string(out.path().join("media.json"))?)?;
    let points = all["points"].as_array().context("points")?;
    ensure!(points.len() == 2, "{points:?}");
    for (point, side) in points.iter().zip(["switch", "relay"]) {
        ensure!(point["side"] == side && point["calls"] == 3 && point["ended"] == 0, "{point}");
        ensure!(point["strange"] == 0 && point["foreign"] == 0, "{point}");
        // Each says a burst every 1.2 s, and gets a packet every 20 ms.
        ensure!(point["echo_us"][0].as_f64().is_some_and(|us| us > 0.0), "{point}");
        ensure!(point["received"].as_u64().is_some_and(|received| received > 300), "{point}");
        ensure!(point["core_percent_per_call"].as_f64().is_some_and(|percent| percent >= 0.0), "{point}");
    }
    Ok(())
}
