//! Ports for servers, without a race.
//!
//! Asking the kernel for port 0, closing it and telling a child to bind it loses when somebody takes the port in between. So
//! ports come from a range that no kernel gives out by itself (Linux: 32768 and up), and each is held by a lock on a file
//! for as long as its [`Port`] lives: two test processes never choose the same one, and a service that is killed and
//! started again gets its own port back.

use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::error::Error;

// Below the media switch's usual range for RTP, too.
const FIRST: u16 = 15_000;
const LAST: u16 = 19_999;

/// Where this process goes on looking. Starting apart, processes seldom try the same ports.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port that is nobody else's while this value lives: on 127.0.0.1, for UDP and TCP.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// Takes a free port.
    ///
    /// # Errors
    /// All are taken, or the lock files cannot be written.
    pub fn take() -> Result<Self, Error> {
        let directory = lock_directory()?;
        let count = LAST - FIRST + 1;
        let offset = u16::try_from(process::id().wrapping_mul(97) % u32::from(count)).unwrap_or(0);
        for _ in 0..count {
            let step = NEXT.fetch_add(1, Ordering::Relaxed) % count;
            let number = FIRST + (step + offset) % count;
            let path = directory.join(number.to_string());
            let lock = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .map_err(Error::io(format!("opening the lock {}", path.display())))?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(source)) => {
                    return Err(Error::Io { action: format!("locking {}", path.display()), source });
                }
            }
            // Somebody who knows nothing of the locks may have it.
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok()
                && UdpSocket::bind((Ipv4Addr::LOCALHOST, number)).is_ok();
            if free {
                return Ok(Self { number, _lock: lock });
            }
        }
        Err(Error::NoPort { first: FIRST, last: LAST })
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.number
    }
}

/// One directory for each user, so that nobody has to write to another's files.
fn lock_directory() -> Result<PathBuf, Error> {
    let user = rustix::process::getuid().as_raw();
    let directory = std::env::temp_dir().join(format!("botstream-ports-{user}"));
    fs::create_dir_all(&directory).map_err(Error::io(format!("creating {}", directory.display())))?;
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let ports: Vec<Port> = (0..50).map(|_| Port::take().unwrap()).collect();
        let distinct: HashSet<u16> = ports.iter().map(Port::number).collect();
        assert_eq!(distinct.len(), ports.len());
        // All can be bound.
        let bound: Vec<TcpListener> =
            distinct.iter().map(|&number| TcpListener::bind((Ipv4Addr::LOCALHOST, number)).unwrap()).collect();
        assert_eq!(bound.len(), ports.len());
    }
}
