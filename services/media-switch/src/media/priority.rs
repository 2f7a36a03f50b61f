//! The scheduling priority of the running thread.
//!
//! A media thread works for a few hundred microseconds every 5 ms. At normal priority it waits behind whatever else the
//! machine computes: with compilers on all cores, 30 ms and more were seen, which callers hear.

use rustix::process::setpriority_process;
use rustix::thread::gettid;

/// Asks for a nice value for this thread alone. A refusal is no fault: audio flows all the same.
pub(super) fn raise(nice: i32) {
    // On Linux, priorities are those of threads, and this call takes a thread's number.
    if let Err(error) = setpriority_process(Some(gettid()), nice) {
        tracing::info!(nice, %error, "media threads run at normal priority");
    }
}
