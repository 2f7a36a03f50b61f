//! What is sealed in a grant: data keys, and the roster.
#![no_main]

use iratdb::core::codec::Reader;
use iratdb::core::ids::Writer;
use iratdb::core::keyring::{DataKey, Given, KeyId, KeyRing};
use iratdb::core::roster::{Entry, Roster};
use iratdb::core::secret::Secret;
use iratdb_fuzz::write_seeds;
use libfuzzer_sys::fuzz_target;

fn seeds() -> Vec<Vec<u8>> {
    let seed = |keys: u64, members: u64| {
        let (mut ring, mut roster, mut out) = (KeyRing::default(), Roster::default(), Vec::new());
        for n in 1..=keys {
            let key = DataKey::new(KeyId(n), n, Secret::new([n as u8; 32]));
            ring.add(Given { key, unused_ms: 0 }, n);
        }
        for n in 1..=members {
            let entry = Entry { writer: Writer(n), writes: n % 2 == 0, public: [n as u8; 32], counter: n * 1000 };
            roster.admit(entry, 0);
        }
        ring.put(keys + 1, &mut out);
        roster.put(0, &mut out);
        out
    };
    vec![seed(1, 1), seed(2, 3), seed(0, 0), seed(1, 40)]
}

fuzz_target!(init: write_seeds(seeds()), |bytes: &[u8]| {
    let mut reader = Reader::new(bytes);
    let (Ok(keys), Ok(entries)) = (KeyRing::read(&mut reader), Roster::read(&mut reader)) else { return };
    let (mut ring, mut roster) = (KeyRing::default(), Roster::default());
    for key in keys {
        ring.add(key, 0);
    }
    for entry in entries {
        roster.admit(entry, 0);
    }
    // What was taken can be handed on, and comes out the same.
    let mut out = Vec::new();
    ring.put(0, &mut out);
    roster.put(0, &mut out);
    let mut reader = Reader::new(&out);
    let keys = KeyRing::read(&mut reader).expect("the keys can be handed on");
    let entries = Roster::read(&mut reader).expect("the roster can be handed on");
    assert!(reader.is_empty());
    assert_eq!((keys.len(), entries.len()), (ring.len(), roster.len()));
    let (mut ring_again, mut roster_again, mut again) = (KeyRing::default(), Roster::default(), Vec::new());
    for key in keys {
        assert!(ring_again.add(key, 0));
    }
    for entry in entries {
        assert!(roster_again.admit(entry, 0));
    }
    ring_again.put(0, &mut again);
    roster_again.put(0, &mut again);
    assert_eq!(again, out);
});
