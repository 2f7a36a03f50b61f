//! The handshake and the seal from outside: whatever comes, the guard takes what its peer has sealed, each message once, and hands no
//! key to anybody.
#![no_main]

use bytes::Bytes;
use iratdb::core::codec::Envelope;
use iratdb_fuzz::{guards, join, split, write_seeds};
use libfuzzer_sys::fuzz_target;

fn seeds() -> Vec<Vec<u8>> {
    let talk = guards::record();
    let bytes = |messages: &[Bytes]| join(messages.iter().map(|message| &message[..]));
    let mut seeds = vec![bytes(&talk.handshake), bytes(&talk.proven), bytes(&talk.from_founder)];
    seeds.push([bytes(&talk.handshake), bytes(&talk.proven)].concat());
    seeds.push([bytes(&talk.proven), bytes(&talk.proven)].concat());
    seeds
}

fuzz_target!(init: write_seeds(seeds()), |input: &[u8]| {
    let talk = guards::record();
    let (mut guard, mut now_ms, mut clear) = (guards::founder(), 300, Vec::new());
    for message in split(input) {
        now_ms += 1;
        guard.receive(now_ms, &Bytes::copy_from_slice(message), &mut clear);
        if message.is_empty() {
            // Nothing came for a while.
            now_ms += 500;
            guard.tick(now_ms, &mut clear);
        }
        while let Some(out) = guard.poll_message() {
            assert!(!matches!(Envelope::read(&out.bytes), Ok(Envelope::Grant(_))), "a key was given away");
        }
    }
    // One of the four that the peer has sealed says the same as another, to one alone.
    assert!(clear.len() <= talk.clear.len() + 1, "taken twice");
    for message in clear {
        assert!(talk.clear.contains(&message[..]), "taken from nobody");
    }
    assert_eq!(guard.data_keys(), 1);
});
