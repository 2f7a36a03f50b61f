//! Runs schedules of the simulator: `simulate [schedules] [first seed]`. Exit code 1 if one fails.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the command line")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use iratdb::sim::{Totals, run_many};

/// How often a long run tells how far it is.
const PROGRESS: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let numbers: Result<Vec<u64>, _> = std::env::args().skip(1).map(|text| text.parse()).collect();
    let (schedules, first) = match numbers.as_deref() {
        Ok([]) => (1_000, 1),
        Ok([schedules]) => (*schedules, 1),
        Ok([schedules, first]) => (*schedules, *first),
        _ => {
            eprintln!("usage: simulate [schedules] [first seed]");
            return ExitCode::from(64);
        }
    };
    let started = Instant::now();
    let told = Mutex::new(started);
    let rate = |totals: &Totals| totals.schedules as f64 / started.elapsed().as_secs_f64();
    let progress = |totals: &Totals| {
        if let Ok(mut told) = told.lock()
            && told.elapsed() >= PROGRESS
        {
            *told = Instant::now();
            eprintln!("{} of {schedules} schedules, {:.0} a second", totals.schedules, rate(totals));
        }
    };
    let (totals, failures) = run_many(first, schedules, progress);
    for failure in &failures {
        println!("{failure}");
    }
    println!(
        "{} schedules from seed {first}: {} commits, {} messages, {} frames sent, {} faults, {} failures; {:.0} schedules a second",
        totals.schedules,
        totals.commits,
        totals.messages,
        totals.frames,
        totals.faults,
        totals.failures,
        rate(&totals)
    );
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
