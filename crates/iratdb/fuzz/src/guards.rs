//! Guards with real keys, and what they say to each other.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use bytes::Bytes;
use iratdb::Keys;
use iratdb::core::cert::{Credentials, DatabaseId};
use iratdb::core::codec::{Body, Entry, Header, Tail, encode};
use iratdb::core::engine::Destination;
use iratdb::core::guard::{Guard, Settings};
use iratdb::core::ids::{Epoch, Writer};
use iratdb::core::secret::Secret;

use crate::messages;
use crate::test_keys::file;

/// The one that is fuzzed, and its peer.
const ME: Writer = Writer(1);
const PEER: Writer = Writer(2);

/// The database's keys.
pub fn credentials() -> &'static Credentials {
    static CREDENTIALS: OnceLock<Credentials> = OnceLock::new();
    CREDENTIALS.get_or_init(|| {
        let keys = Keys::read_write_from_files(file("write.pem"), file("read.pem")).expect("the test keys");
        keys.credentials().expect("there are keys").clone()
    })
}

/// The database.
pub fn database() -> DatabaseId {
    credentials().database("main", "fuzzed")
}

fn guard(writer: Writer) -> Guard {
    let settings = Settings { alone_after_ms: 300, lease_ms: 2_000, rotate_after_ms: 0 };
    let seed = Secret::new([writer.0 as u8; 32]);
    Guard::new(settings, credentials(), database(), writer, &seed).expect("it can sign")
}

/// A guard that has made the first data key: always the same one.
pub fn founder() -> Guard {
    let mut guard = guard(ME);
    guard.connect(0);
    guard.tick(300, &mut Vec::new());
    assert!(guard.sealer().is_some());
    while guard.poll_message().is_some() {}
    guard
}

/// Everything that was said between the founder and its peer, and what of it the founder may ever take.
pub struct Talk {
    /// Messages to the founder, in the order in which they were sent.
    pub handshake: Vec<Bytes>,
    /// A sealed message of the peer, the proof that it is alive for a founder that has heard nothing else, more sealed messages.
    pub proven: Vec<Bytes>,
    /// Messages to the peer.
    pub from_founder: Vec<Bytes>,
    /// What the peer has sealed.
    pub clear: BTreeSet<Vec<u8>>,
}

/// Hands messages over until there are none. Gives what the founder got, and what the peer got.
fn talk(founder: &mut Guard, peer: &mut Guard) -> (Vec<Bytes>, Vec<Bytes>) {
    let (mut to_founder, mut to_peer) = (Vec::new(), Vec::new());
    loop {
        let mut quiet = true;
        while let Some(message) = peer.poll_message() {
            founder.receive(300, &message.bytes, &mut Vec::new());
            to_founder.push(message.bytes);
            quiet = false;
        }
        while let Some(message) = founder.poll_message() {
            peer.receive(300, &message.bytes, &mut Vec::new());
            to_peer.push(message.bytes);
            quiet = false;
        }
        if quiet {
            return (to_founder, to_peer);
        }
    }
}

/// Has the talk once.
pub fn record() -> &'static Talk {
    static TALK: OnceLock<Talk> = OnceLock::new();
    TALK.get_or_init(|| {
        let (mut first, mut peer) = (founder(), guard(PEER));
        peer.connect(300);
        let (handshake, mut from_founder) = talk(&mut first, &mut peer);
        let sealer = peer.sealer().expect("the peer has joined").clone();
        let tx = messages::transaction(7);
        let header = Header { schema: 1, writer: PEER, epoch: Epoch(10) };
        let clear = [
            encode(header, &Body::Frame { sequence: 1, ack: false, entries: vec![Entry::Tx(&tx)] }),
            encode(header, &Body::Nack { epoch: Epoch(8), from: 1, to: 2 }),
            encode(header, &Body::EpochEnd { tail: Tail { epoch: Epoch(10), sequence: 1 } }),
        ];
        let seal = |to, bytes: &[u8]| sealer.seal(to, bytes).expect("it can seal");
        let first_sealed = seal(Destination::All, &clear[0]);
        // Another founder, the same as the first, does not know the peer, and asks whether it is alive.
        let mut second = founder();
        second.receive(301, &first_sealed, &mut Vec::new());
        let challenge = second.poll_message().expect("a challenge");
        peer.receive(301, &challenge.bytes, &mut Vec::new());
        from_founder.push(challenge.bytes);
        let proof = peer.poll_message().expect("a proof").bytes;
        // What is sealed after the proof counts, and of what was before only what is there already.
        let proven = vec![
            first_sealed,
            proof,
            seal(Destination::All, &clear[1]),
            seal(Destination::All, &clear[2]),
            seal(Destination::One(ME), &clear[1]),
        ];
        let mut third = founder();
        let mut taken = Vec::new();
        for message in &proven {
            third.receive(301, message, &mut taken);
        }
        assert_eq!(taken.len(), 4, "what was recorded counts for a founder that is the same");
        Talk { handshake, proven, from_founder, clear: clear.into_iter().collect() }
    })
}
