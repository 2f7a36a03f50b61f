//! What the benchmark and the processes that it starts say to each other: one line of JSON each way.

use serde::{Deserialize, Serialize};

/// What a process is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Open a database and wait until it is ready. Answer: `Opened`.
    Open(Opening),
    /// Close it. Answer: `Done`.
    Close { database: String },
    /// Listen to all sides for figures 4 and 5. Answer: `Done`, when all are listening.
    Listen { database: String, redis: String },
    /// Give the latencies since the last time, when there are so many of each side. Answer: `Latencies`.
    Latencies { count: usize },
    /// Wait until that row has that number. Answer: `At`.
    Await { database: String, id: i64, n: i64 },
    /// Wait until there are so many rows. Answer: `At`.
    AwaitRows { database: String, rows: i64 },
    /// Begin to write one-row transactions, so many a second. Answer: `Done`.
    StartLoad { database: String, rows: i64, per_second: u32 },
    /// Stop that. Answer: `Done`.
    StopLoad,
    /// Tell the processor time used so far. Answer: `Cpu`.
    Cpu,
    /// Have a plain SQLite with so many rows, and upsert batches of a hundred rows in it. Answer: `Cpu`, of that alone.
    PlainUpserts { rows: i64, batches: i64 },
    /// Insert rows into a database, owned by this process. Answer: `Done`.
    Insert { database: String, rows: i64 },
    /// Have that many rows in a plain SQLite. Answer: `Memory`.
    PlainRows { rows: i64 },
    /// Tell how much memory is in use. Answer: `Memory`.
    Memory,
}

/// How a database is opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Opening {
    /// Its name.
    pub(crate) database: String,
    /// Whether its table is owned.
    pub(crate) owned: bool,
    /// Whether it has keys: sealed and signed.
    pub(crate) keys: bool,
}

/// What a process answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// It was done.
    Done,
    /// A database is ready.
    Opened {
        /// Nanoseconds from opening it.
        wall_ns: i64,
        /// Nanoseconds of the process's processor time for that.
        cpu_ns: i64,
        /// Rows in it.
        rows: i64,
    },
    /// Nanoseconds from before writing to when it could be read, by side.
    Latencies(Latencies),
    /// It was so at this time of the monotonic clock.
    At {
        /// Nanoseconds.
        ns: i64,
    },
    /// Processor time of the process.
    Cpu {
        /// Nanoseconds.
        ns: i64,
    },
    /// Resident memory of the process.
    Memory {
        /// Bytes.
        bytes: i64,
    },
    /// It was not done.
    Failed(String),
}

/// Nanoseconds from before writing to when it could be read.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Latencies {
    /// A commit, read in the other process's copy.
    pub(crate) iratdb: Vec<i64>,
    /// A message of core NATS.
    pub(crate) nats: Vec<i64>,
    /// A put in a JetStream key-value store, seen by a watch.
    pub(crate) kv: Vec<i64>,
    /// A SET, then read by GET in the other process, which was told by a PUBLISH in the same pipeline.
    pub(crate) redis: Vec<i64>,
}

impl Latencies {
    /// How many there are of the side that has least.
    pub(crate) fn complete(&self) -> usize {
        [&self.iratdb, &self.nats, &self.kv, &self.redis].map(Vec::len).into_iter().min().unwrap_or(0)
    }
}
