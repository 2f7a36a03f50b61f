//! What a process has used, as Linux counts it (proc(5)).

use std::fs;

use anyhow::{Context, Result};

/// Processor time, memory and sockets of a process, all its threads together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processor time since it began, user and system, ended threads included, in microseconds; as fine as the kernel's clock ticks.
    pub(crate) cpu_us: u64,
    /// Resident memory, in bytes.
    pub(crate) rss_bytes: u64,
    /// Open sockets.
    pub(crate) sockets: usize,
}

impl Usage {
    /// Reads those of the process `pid`.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/stat");
        let ticks = processor_ticks(&read(&path)?).with_context(|| format!("{path} has no utime and stime"))?;
        let path = format!("/proc/{pid}/statm");
        let pages = resident_pages(&read(&path)?).with_context(|| format!("{path} has no resident size"))?;
        let path = format!("/proc/{pid}/fd");
        let entries = fs::read_dir(&path).with_context(|| format!("reading {path}"))?;
        // A descriptor may be closed before it is looked at.
        let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
        let sockets = links.filter(|link| link.to_string_lossy().starts_with("socket:")).count();
        let cpu_us = ticks * 1_000_000 / rustix::param::clock_ticks_per_second();
        Ok(Self { cpu_us, rss_bytes: pages * rustix::param::page_size() as u64, sockets })
    }
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {path}"))
}

/// Fields 14 and 15 of stat. The second is the program's name, which may hold blanks and brackets.
fn processor_ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    user.checked_add(fields.next()?.parse().ok()?)
}

/// The second field of statm.
fn resident_pages(statm: &str) -> Option<u64> {
    statm.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn fields_are_found_behind_a_name_with_blanks_and_brackets() {
        let stat = "7 (a ) 1 2 (b) S 1 7 7 0 -1 4194560 10 0 0 0 123 45 6 7 20 0 3 0 99 1000 200";
        assert_eq!(processor_ticks(stat), Some(168));
        assert_eq!(processor_ticks("7 (a) S 1 2"), None);
        assert_eq!(resident_pages("500 321 3 4 0 5 0\n"), Some(321));
        assert_eq!(resident_pages("500"), None);
    }

    #[test]
    fn a_process_sees_what_it_uses_itself() {
        let own = std::process::id();
        let before = Usage::of(own).expect("own usage");
        let sockets: Vec<_> = (0..5).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a socket")).collect();
        let memory = std::hint::black_box(vec![1_u8; 64 << 20]);
        let mut after = Usage::of(own).expect("own usage");
        assert_eq!(after.sockets - before.sockets, sockets.len());
        assert!(after.rss_bytes >= before.rss_bytes + (60 << 20), "{before:?} {after:?}");
        // Ends once this thread has really worked, however busy the machine is.
        while after.cpu_us < before.cpu_us + 20_000 {
            std::hint::black_box(memory.iter().map(|byte| u64::from(*byte)).sum::<u64>());
            after = Usage::of(own).expect("own usage");
        }
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(Usage::of(u32::MAX).is_err());
    }
}
