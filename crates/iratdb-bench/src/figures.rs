//! The figures. In a round, every figure gives all its sides their turn.

mod apply;
mod commit;
mod death;
mod join;
mod latency;
mod memory;
mod read;
mod throughput;

use anyhow::Result;

use crate::bench::Bench;
use crate::plan::Plan;
use crate::report::Line;

/// One figure, or several that are measured together.
pub(crate) trait Figure {
    /// What is measured, for the progress.
    fn name(&self) -> &'static str;
    /// In how many rounds it takes part.
    fn rounds(&self, plan: &Plan) -> u32;
    /// Measures all sides once.
    fn round(&mut self, bench: &mut Bench) -> Result<()>;
    /// Its lines of the table.
    fn lines(&self, bench: &Bench) -> Vec<Line>;
}

/// All.
pub(crate) fn all() -> Vec<Box<dyn Figure>> {
    vec![
        Box::new(read::Read),
        Box::new(commit::Commit::default()),
        Box::new(apply::Apply::default()),
        Box::new(latency::Latency::default()),
        Box::new(throughput::Throughput::default()),
        Box::new(join::Join::default()),
        Box::new(death::Death::default()),
        Box::new(memory::Memory::default()),
    ]
}
