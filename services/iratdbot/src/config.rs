//! The service's own flags.

use std::time::Duration;

use clap::Args;

/// Configuration of an iratdbot.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "iratdbot")]
pub(crate) struct Config {
    /// How long a handle lives after its client was heard last.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_lease)]
    pub(crate) handle_lease: Duration,

    /// Most handles at once; each is a replica in this process's memory.
    #[arg(long, value_name = "HANDLES", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) handles: u32,

    /// How long the statements of one request may run, all together. They are interrupted between steps: one call of an SQL function on long
    /// values can take longer.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_statement_time)]
    pub(crate) statement_time: Duration,

    /// Memory that SQLite may use for statements and caches of all databases, beside the rows; while it uses more, statements are interrupted.
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(16..=1_048_576))]
    pub(crate) statement_memory_mib: u32,
}

fn parse_lease(text: &str) -> Result<Duration, String> {
    let lease = iracluster::parse_duration(text)?;
    if (Duration::from_millis(500)..=Duration::from_secs(3_600)).contains(&lease) {
        Ok(lease)
    } else {
        Err("use 500ms to 1h".to_owned())
    }
}

fn parse_statement_time(text: &str) -> Result<Duration, String> {
    let time = iracluster::parse_duration(text)?;
    if (Duration::from_millis(1)..=Duration::from_secs(60)).contains(&time) {
        Ok(time)
    } else {
        Err("use 1ms to 60s".to_owned())
    }
}
