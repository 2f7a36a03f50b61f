//! The phones and bots of a test are measuring instruments: they go before what else the machine computes, where that is allowed.

use std::fs;

use rustix::process::{Pid, setpriority_process};

const NICE: i32 = -10;

/// Raises the priority of all threads that this process has now, and so of those that they start. Without the permission nothing
/// changes.
pub fn raise() {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return };
    let numbers = threads.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    for thread in numbers.filter_map(Pid::from_raw) {
        // Refused to all or to none.
        if setpriority_process(Some(thread), NICE).is_err() {
            return;
        }
    }
}
