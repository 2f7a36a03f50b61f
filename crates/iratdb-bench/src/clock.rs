//! Clocks. `CLOCK_MONOTONIC` is one for all processes of a machine, so that times taken in different processes compare.

use rustix::time::{ClockId, clock_gettime};

fn nanoseconds(clock: ClockId) -> i64 {
    let time = clock_gettime(clock);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Nanoseconds of `CLOCK_MONOTONIC`.
pub(crate) fn monotonic_ns() -> i64 {
    nanoseconds(ClockId::Monotonic)
}

/// Nanoseconds of processor time that the running thread has used.
pub(crate) fn thread_cpu_ns() -> i64 {
    nanoseconds(ClockId::ThreadCPUTime)
}

/// Nanoseconds of processor time that all threads of this process have used.
pub(crate) fn process_cpu_ns() -> i64 {
    nanoseconds(ClockId::ProcessCPUTime)
}

/// What something took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    /// Nanoseconds on the wall.
    pub(crate) wall_ns: f64,
    /// Nanoseconds of the running thread's processor time.
    pub(crate) cpu_ns: f64,
}

impl Spent {
    /// Does something so many times; gives what one took.
    pub(crate) fn on_each<E>(count: i64, mut work: impl FnMut(i64) -> Result<(), E>) -> Result<Self, E> {
        let (wall, cpu) = (monotonic_ns(), thread_cpu_ns());
        for n in 0..count {
            work(n)?;
        }
        let each = |before: i64, after: i64| (after - before) as f64 / count as f64;
        Ok(Self { wall_ns: each(wall, monotonic_ns()), cpu_ns: each(cpu, thread_cpu_ns()) })
    }
}
