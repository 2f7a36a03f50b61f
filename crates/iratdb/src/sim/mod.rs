//! The seeded simulator: engines with real SQLite, a virtual clock, and a network that loses, repeats, reorders and
//! parts; processes crash, stall, restart and leave. Everything follows from the seed of a schedule. Every eighth schedule has
//! keys: everything goes through the guard, and every fourth process only reads.
//!
//! A schedule is a list of steps, each with a seed of its own, so that any part of the list is a schedule, too. Of one that fails, the
//! steps that matter are found by leaving out the others, and printed.
//!
//! As a test, `IRATDB_SCHEDULES` sets how many are run (default 1,000), `IRATDB_FIRST_SEED` where to start, and `IRATDB_SEED` replays one. With
//! `IRATDB_TRACE_MESSAGES` set, what a failed one prints has the messages, too.
//! `make simulate` runs as many as one likes.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests, also where they are run by a program")]
#![cfg_attr(not(test), allow(dead_code, reason = "some of it is for tests of single mechanisms"))]

mod checks;
mod faults;
mod guarded;
mod laws;
#[cfg(test)]
mod mechanisms;
#[cfg(test)]
mod regressions;
#[cfg(test)]
mod sealed;
mod shrink;
mod workload;
mod world;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, Once};

pub use self::world::Totals;
use self::world::World;

/// A failed schedule.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What is wrong.
    pub what: String,
    /// The steps that are enough to make it fail, and what they do.
    pub steps: Vec<String>,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "schedule {} failed (replay with IRATDB_SEED={}): {}", self.seed, self.seed, self.what)?;
        self.steps.iter().try_for_each(|step| writeln!(f, "  {step}"))
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps the panics of schedules from the screen: they are reported when it is known which steps they need.
fn catch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if QUIET.get() {
                PANIC.with_borrow_mut(|text| *text = info.to_string());
            } else {
                before(info);
            }
        }));
    });
}

/// The steps of a schedule.
fn steps_of(seed: u64) -> Vec<u64> {
    let mut random = World::random_of(seed ^ 0x5354_4550);
    let count = random.below(250) + 50;
    (0..count).map(|_| random.next()).collect()
}

/// Runs these steps of a schedule.
fn run(seed: u64, steps: &[u64], trace: bool) -> (Result<(), String>, Totals, Vec<String>) {
    catch_panics();
    let mut world = World::new(seed);
    world.trace = trace.then(Vec::new);
    QUIET.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        for step in steps {
            world.random = World::random_of(*step);
            match world.random.below(100) {
                0..=3 => laws::busy(&mut world),
                4..=15 => {
                    let index = world.random.below(world.nodes.len() as u64) as usize;
                    laws::write(&mut world, index);
                    world.send_frames(index, 2);
                }
                16..=21 if world.faults => faults::step(&mut world),
                _ => workload::step(&mut world),
            }
        }
        world.settle();
        checks::at_all_times(&mut world);
        checks::converged(&world);
    }));
    QUIET.set(false);
    world.count_commits();
    let outcome = outcome.map_err(|_| PANIC.with_borrow_mut(std::mem::take));
    (outcome, Totals { schedules: 1, ..world.totals }, world.trace.unwrap_or_default())
}

/// Runs a schedule; one that fails is run again and again, to find the steps that matter.
pub fn run_seed(seed: u64) -> (Totals, Option<Failure>) {
    let steps = steps_of(seed);
    let (outcome, mut totals, _) = run(seed, &steps, false);
    let failure = outcome.err().map(|what| {
        totals.failures = 1;
        let steps = shrink::shrink(steps, |steps| run(seed, steps, false).0.is_err());
        let (last, _, trace) = run(seed, &steps, true);
        Failure { seed, what: last.err().unwrap_or(what), steps: trace }
    });
    (totals, failure)
}

/// Runs schedules on all cores. `progress` is told after each.
pub fn run_many(first: u64, schedules: u64, progress: impl Fn(&Totals) + Sync) -> (Totals, Vec<Failure>) {
    let next = AtomicU64::new(first);
    let stop = AtomicBool::new(false);
    let all = Mutex::new((Totals::default(), Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first.saturating_add(schedules) {
                        return;
                    }
                    let (totals, failure) = run_seed(seed);
                    let mut all = all.lock().unwrap();
                    all.0.add(totals);
                    all.1.extend(failure);
                    // Many failures are mostly one.
                    if all.1.len() >= FAILURES_MAX {
                        stop.store(true, Ordering::Relaxed);
                    }
                    progress(&all.0);
                }
            });
        }
    });
    all.into_inner().unwrap()
}

/// After so many failures a run ends.
const FAILURES_MAX: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Option<u64> {
        let number = |text: String| text.parse().unwrap_or_else(|_| panic!("{name} must be a number, is {text:?}"));
        std::env::var(name).ok().map(number)
    }

    #[test]
    fn schedules_converge() {
        let (first, schedules) = match variable("IRATDB_SEED") {
            Some(seed) => (seed, 1),
            None => (variable("IRATDB_FIRST_SEED").unwrap_or(1), variable("IRATDB_SCHEDULES").unwrap_or(1_000)),
        };
        let (totals, failures) = run_many(first, schedules, |_| {});
        let failed: String = failures.iter().map(Failure::to_string).collect();
        assert!(failures.is_empty(), "{totals:?}\n{failed}");
    }

    #[test]
    fn a_schedule_replays_exactly() {
        for seed in [3, 8] {
            let runs = [(); 2].map(|()| run(seed, &steps_of(seed), true));
            assert_eq!(runs[0], runs[1]);
            assert!(!runs[0].2.is_empty());
        }
    }
}
