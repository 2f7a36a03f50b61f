use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const T0: i64 = 1_700_000_000_000;

fn trunk() -> Key {
    Key::named("default", "carrier")
}

fn limits(channels: u32, cps: u32) -> Limits {
    Limits { channels, cps }
}

fn granted(ledger: &mut Ledger, limits: Limits, lines: &Lines, call_id: &str, now_ms: i64) -> Result<i64, Refused> {
    let (next, turn_ms) = ledger.grant(limits, lines, &trunk(), call_id, now_ms)?;
    *ledger = next;
    Ok(turn_ms)
}

#[test]
fn turns_are_apart_and_the_queue_is_short() {
    let (mut ledger, lines) = (Ledger::default(), Lines::default());
    let mut turns = Vec::new();
    let refused = loop {
        match granted(&mut ledger, limits(0, 5), &lines, "c", T0) {
            Ok(turn) => turns.push(turn - T0),
            Err(refused) => break refused,
        }
    };
    assert_eq!(turns, [0, 226, 451, 676, 901]);
    assert_eq!(refused, Refused::Rate { retry_after_ms: 126 });
    assert_eq!(granted(&mut ledger, limits(0, 5), &lines, "c", T0 + 126), Ok(T0 + 1_126));
    // Without channels to count, nothing of the calls is kept.
    assert!(ledger.granted.is_empty());
}

#[test]
fn a_clock_that_was_ahead_costs_one_wait() {
    let lines = Lines::default();
    let mut ledger = Ledger { next_us: (T0 + 3_600_000) * 1_000, ..Ledger::default() };
    let Err(Refused::Rate { retry_after_ms }) = granted(&mut ledger, limits(0, 5), &lines, "c", T0) else {
        panic!("granted")
    };
    assert!(retry_after_ms < 300, "{retry_after_ms}");
}

#[test]
fn a_channel_is_taken_from_the_grant_to_after_the_end() {
    let (mut ledger, mut lines, one) = (Ledger::default(), Lines::default(), limits(1, 0));
    assert_eq!(granted(&mut ledger, one, &lines, "a", T0), Ok(T0));
    assert_eq!(granted(&mut ledger, one, &lines, "b", T0), Err(Refused::Channels));
    lines.up("a", trunk());
    // However long it lasts.
    let later = T0 + 3_600_000;
    assert_eq!(granted(&mut ledger, one, &lines, "b", later), Err(Refused::Channels));
    lines.gone("a", Gone::Ended, later);
    assert_eq!(granted(&mut ledger, one, &lines, "b", later + LINGER_MS - 1), Err(Refused::Channels));
    assert_eq!(granted(&mut ledger, one, &lines, "b", later + LINGER_MS), Ok(later + LINGER_MS));
    // The one before is written no more.
    assert_eq!(ledger.granted.len(), 1);
}

#[test]
fn a_short_call_that_is_over_is_not_held_by_its_grant() {
    let (mut ledger, mut lines, one) = (Ledger::default(), Lines::default(), limits(1, 0));
    granted(&mut ledger, one, &lines, "a", T0).unwrap();
    lines.up("a", trunk());
    lines.gone("a", Gone::Ended, T0 + 5);
    assert_eq!(granted(&mut ledger, one, &lines, "b", T0 + 5), Err(Refused::Channels));
    assert!(granted(&mut ledger, one, &lines, "b", T0 + 5 + LINGER_MS).is_ok());
}

#[test]
fn a_call_that_is_not_begun_gives_its_channel_back_and_one_that_is_does_not() {
    let (mut ledger, mut lines, one) = (Ledger::default(), Lines::default(), limits(1, 0));
    granted(&mut ledger, one, &lines, "a", T0).unwrap();
    lines.not_begun("a", trunk(), T0);
    granted(&mut ledger, one, &lines, "b", T0).unwrap();
    lines.up("b", trunk());
    lines.not_begun("b", trunk(), T0);
    assert_eq!(granted(&mut ledger, one, &lines, "c", T0), Err(Refused::Channels));
}

#[test]
fn a_call_that_never_shows_holds_its_channel_for_a_while() {
    let (mut ledger, lines, one) = (Ledger::default(), Lines::default(), limits(1, 0));
    granted(&mut ledger, one, &lines, "a", T0).unwrap();
    assert_eq!(granted(&mut ledger, one, &lines, "b", T0 + BEGIN_MAX_MS - 1), Err(Refused::Channels));
    assert!(granted(&mut ledger, one, &lines, "b", T0 + BEGIN_MAX_MS).is_ok());
}

#[test]
fn another_trunk_manager_counts_the_same() {
    let (mut ledger, mut lines, two) = (Ledger::default(), Lines::default(), limits(2, 0));
    granted(&mut ledger, two, &lines, "a", T0).unwrap();
    granted(&mut ledger, two, &lines, "b", T0).unwrap();
    lines.up("a", trunk());
    // It has the ledger as it was written, and `calls`.
    let mut other: Ledger = serde_json::from_slice(&serde_json::to_vec(&ledger).unwrap()).unwrap();
    assert_eq!(other, ledger);
    let mut others_lines = Lines::default();
    others_lines.set([("a".to_owned(), trunk())].into_iter(), T0);
    assert_eq!(granted(&mut other, two, &others_lines, "c", T0 + 1), Err(Refused::Channels));
}

#[test]
fn calls_of_a_dead_switch_are_held_longer_and_may_come_back() {
    let (mut ledger, mut lines, one) = (Ledger::default(), Lines::default(), limits(1, 0));
    lines.up("a", trunk());
    lines.gone("a", Gone::Lost, T0);
    assert_eq!(granted(&mut ledger, one, &lines, "b", T0 + LOST_MS - 1), Err(Refused::Channels));
    lines.up("a", trunk());
    lines.forget(T0 + LOST_MS);
    assert_eq!(granted(&mut ledger, one, &lines, "b", T0 + LOST_MS), Err(Refused::Channels));
    // Missed changes: what is not there any more is taken for lost.
    lines.set(std::iter::empty(), T0 + LOST_MS);
    assert_eq!(granted(&mut ledger, one, &lines, "b", T0 + LOST_MS), Err(Refused::Channels));
    lines.forget(T0 + 2 * LOST_MS);
    assert!(lines.over.is_empty());
    assert!(granted(&mut ledger, one, &lines, "b", T0 + 2 * LOST_MS).is_ok());
}

#[test]
fn calls_of_other_trunks_take_no_channel() {
    let (mut ledger, mut lines, one) = (Ledger::default(), Lines::default(), limits(1, 0));
    lines.up("x", Key::named("default", "other"));
    lines.up("y", Key::named("acme", "carrier"));
    // A call whose trunk is known only later.
    lines.up("z", trunk());
    lines.up("z", Key::named("default", "other"));
    assert!(granted(&mut ledger, one, &lines, "a", T0).is_ok());
}

proptest! {
    /// Whatever comes and goes, and whichever of two trunk-managers is asked: at the trunk there are never more calls than channels, and
    /// of `cps` + 1 calls the first and the last are a second apart, though each leaves at any moment of its time.
    #[test]
    fn never_more_than_the_limits(
        channels in 1u32..5,
        cps in 1u32..20,
        steps in prop::collection::vec((0i64..400, 0usize..4, 0i64..=SEND_WITHIN_MS, 100i64..3_000), 1..200),
    ) {
        let limits = limits(channels, cps);
        let mut ledger = Ledger::default();
        let mut lines = Lines::default();
        let mut now = T0;
        // Calls by the time at which they change: they leave, and their end is known.
        let mut leaving: BTreeMap<(i64, String), i64> = BTreeMap::new();
        let mut ending: BTreeMap<(i64, String), ()> = BTreeMap::new();
        let mut sent: Vec<i64> = Vec::new();
        // Until when each has a channel at the trunk: its BYE takes up to LINGER_MS.
        let mut at_trunk: Vec<(i64, i64)> = Vec::new();
        for (n, (passes, how, late, lasts)) in steps.into_iter().enumerate() {
            now += passes;
            while let Some(entry) = leaving.first_entry().filter(|entry| entry.key().0 <= now) {
                let ((at, call_id), lasts) = entry.remove_entry();
                sent.push(at);
                at_trunk.push((at, at + lasts + LINGER_MS));
                lines.up(&call_id, trunk());
                ending.insert((at + lasts, call_id), ());
            }
            while let Some(entry) = ending.first_entry().filter(|entry| entry.key().0 <= now) {
                let ((at, call_id), ()) = entry.remove_entry();
                lines.gone(&call_id, Gone::Ended, at);
            }
            lines.forget(now);
            let call_id = format!("c{n}");
            let Ok((next, turn)) = ledger.grant(limits, &lines, &trunk(), &call_id, now) else { continue };
            ledger = next;
            prop_assert!(turn >= now && turn <= now + WAIT_MAX_MS + 1);
            if how == 0 {
                lines.not_begun(&call_id, trunk(), now);
            } else {
                leaving.insert((turn + late, call_id), lasts);
            }
        }
        sent.sort_unstable();
        for window in sent.windows(cps as usize + 1) {
            prop_assert!(window[cps as usize] - window[0] >= 1_000, "{window:?}");
        }
        for (begin, _) in &at_trunk {
            let at_once = at_trunk.iter().filter(|(from, until)| from <= begin && begin < until).count();
            prop_assert!(at_once <= channels as usize, "{at_once} at {begin}");
        }
    }
}
