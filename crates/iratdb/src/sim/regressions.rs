//! Schedules that found bugs. What a seed does changes with the simulator; they are kept because they are cheap.

const SEEDS: [u64; 6] = [38, 142, 294, 507, 304_635, 702_406];

#[test]
fn schedules_that_failed_once() {
    SEEDS.into_iter().for_each(super::run_named);
}
