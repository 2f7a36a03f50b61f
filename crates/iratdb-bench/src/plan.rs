//! How much is measured.

use clap::Args;

/// Sizes and rounds. The defaults take about two minutes on two cores.
#[derive(Debug, Clone, Args)]
pub(crate) struct Plan {
    /// Rounds of figures 1 to 6; in each, all sides have their turn.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,
    /// Rounds of joining (figure 7).
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) joins: u32,
    /// Processes killed (figure 8).
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) deaths: u32,
    /// Runs of measuring memory (figure 9).
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) memory_runs: u32,
    /// Rows of the table that is read and written in figures 1 to 6.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(i64).range(1000..=10_000_000))]
    pub(crate) rows: i64,
    /// Point reads of a slice (figure 1); a Redis slice has a fiftieth of them.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(i64).range(100..=10_000_000))]
    pub(crate) reads: i64,
    /// Transactions a second that another process writes while reads are measured (figure 1).
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1000..=1_000_000))]
    pub(crate) load: u32,
    /// Commits of a slice (figure 2).
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(i64).range(100..=1_000_000))]
    pub(crate) commits: i64,
    /// Transactions of 100 rows of a slice (figure 3).
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    pub(crate) batches: i64,
    /// Messages of each side in a round (figures 4 and 5).
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub(crate) messages: u32,
    /// One-row transactions of a round (figure 6).
    #[arg(long, default_value_t = 60_000, value_parser = clap::value_parser!(i64).range(1000..=400_000))]
    pub(crate) transactions: i64,
    /// Rows of the database that is joined (figure 7).
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(i64).range(1000..=10_000_000))]
    pub(crate) join_rows: i64,
    /// Rows that a dying process owns (figure 8).
    #[arg(long, default_value_t = 2_500, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    pub(crate) owned_rows: i64,
}
