//! An engine that gets messages of the replication, all of them hostile: frames, digests, snapshots, ends of epochs. It goes on, the
//! store is used rightly and has what the engine takes for visible, and what waits is bounded.
#![no_main]

use iratdb::core::engine::{Event, Limits};
use iratdb_fuzz::engines::{Rows, engine, now, schema};
use iratdb_fuzz::{join, messages, split, write_seeds};
use libfuzzer_sys::fuzz_target;

/// More than any input here can make wait.
const WAITING_BYTES_MAX: usize = 4 << 20;

fn seeds() -> Vec<Vec<u8>> {
    let all = messages::all(schema().hash);
    let mut seeds: Vec<_> = all.iter().map(|message| join([&message[..]])).collect();
    seeds.push(join(all.iter().map(|message| &message[..])));
    seeds.push(join(all.iter().rev().map(|message| &message[..])));
    // With time passing in between.
    seeds.push(join(all.iter().flat_map(|message| [&message[..], &[]])));
    seeds
}

fuzz_target!(init: write_seeds(seeds()), |input: &[u8]| {
    let hash = schema().hash;
    let (mut engine, mut store, mut now_ms) = (engine(), Rows::default(), 0);
    engine.watch(0, true);
    for message in split(input) {
        now_ms += 1;
        let mut message = message.to_vec();
        // Most get past the door.
        if let Some(place) = message.get_mut(3..11) {
            place.copy_from_slice(&hash.to_le_bytes());
        }
        if message.is_empty() {
            now_ms += 400;
            engine.handle(now(now_ms), Event::Tick, &mut store).expect("the store works");
        }
        engine.handle(now(now_ms), Event::Message(&message), &mut store).expect("the store works");
        store.check();
        let sizes = engine.sizes();
        assert_eq!(sizes.rows, store.len(), "{sizes:?}");
        assert!(sizes.outbox_bytes <= Limits::default().outbox_bytes_max && sizes.waiting_bytes <= WAITING_BYTES_MAX, "{sizes:?}");
        while engine.poll_message().is_some() {}
        engine.next_frame(&mut store).expect("the store works");
        engine.take_seen();
    }
    // Left alone, it does not ask for its turn all the time.
    let since_ms = now_ms;
    for _ in 0..100 {
        now_ms = now_ms.max(engine.poll_timeout()) + 1;
        engine.handle(now(now_ms), Event::Tick, &mut store).expect("the store works");
        while engine.poll_message().is_some() {}
        engine.next_frame(&mut store).expect("the store works");
        engine.take_seen();
        store.check();
        assert_eq!(engine.sizes().rows, store.len());
    }
    assert!(now_ms - since_ms >= 1_000, "a hundred turns in {} ms", now_ms - since_ms);
});
