//! A steady load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use iratdb::IraTdb;

use crate::rows;

/// A thread that writes one-row transactions, some every millisecond.
#[derive(Debug)]
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<iratdb::Result<()>>,
}

impl Load {
    pub(super) fn start(db: IraTdb, rows: i64, per_second: u32) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("load".to_owned()).spawn(move || {
            let (started, mut n) = (Instant::now(), 0_i64);
            while !stopped.load(Ordering::Relaxed) {
                let due = (started.elapsed().as_secs_f64() * f64::from(per_second)) as i64;
                while n < due {
                    db.write(|c| rows::update(c, rows::scattered(n, rows), n))?;
                    n += 1;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        })?;
        Ok(Self { stop, thread })
    }

    pub(super) fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the load panicked"))??;
        Ok(())
    }
}
