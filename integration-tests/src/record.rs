//! Numbers worth keeping: printed, and appended to `measurements.jsonl` in cargo's target directory.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Records a number under a name.
#[expect(clippy::print_stdout, reason = "the tests' own report")]
pub fn record(name: &str, value: f64, unit: &str) -> anyhow::Result<()> {
    println!("measured: {name} = {value:.2} {unit}");
    let unix_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let line = serde_json::json!({"name": name, "value": value, "unit": unit, "unix_s": unix_s});
    let executable = std::env::current_exe()?;
    // target/<profile>/deps/<test>
    let target = executable.ancestors().nth(3).unwrap_or_else(|| Path::new("."));
    let mut file = File::options().create(true).append(true).open(target.join("measurements.jsonl"))?;
    writeln!(file, "{line}")?;
    Ok(())
}
