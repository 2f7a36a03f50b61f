//! The seeded simulator: engines with real SQLite, a virtual clock, and a network that loses, repeats, reorders and
//! parts; processes crash, stall, restart and leave. Everything follows from the seed of a schedule. Every eighth schedule has
//! keys: everything goes through the guard, and every fourth process only reads.
//!
//! `IRATDB_SCHEDULES` sets how many are run (default 1,000), `IRATDB_FIRST_SEED` where to start, and `IRATDB_SEED` replays one.

mod checks;
mod guarded;
mod mechanisms;
mod regressions;
mod sealed;
mod workload;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use self::world::World;

const SCHEDULES: u64 = 1_000;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number, is {text:?}")))
}

/// Runs one schedule; panics with what is wrong.
fn run(seed: u64) {
    let mut world = World::new(seed);
    let steps = world.random.below(250) + 50;
    for _ in 0..steps {
        workload::step(&mut world);
    }
    world.settle();
    checks::converged(&world);
}

fn run_named(seed: u64) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked");
        panic!("schedule {seed} failed (replay with IRATDB_SEED={seed}): {text}");
    }
}

#[test]
fn schedules_converge() {
    if let Some(seed) = variable("IRATDB_SEED") {
        return run_named(seed);
    }
    let schedules = variable("IRATDB_SCHEDULES").unwrap_or(SCHEDULES);
    let first = variable("IRATDB_FIRST_SEED").unwrap_or(1);
    let next = AtomicU64::new(first);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + schedules {
                            return;
                        }
                        run_named(seed);
                    }
                })
            })
            .collect();
        for worker in workers {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}
