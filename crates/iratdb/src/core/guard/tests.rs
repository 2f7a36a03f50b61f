//! Guards that talk to each other, with every kind of attack on every kind of message.

use proptest::prelude::*;

use super::*;
use crate::core::cert::fixtures;
use crate::core::codec::{
    Body, Cursor, Entry, Header, Progress, SIGNATURE_BYTES, Tail, Wanted, encode, put_delete, put_state_dead,
    start_batch, start_tx,
};
use crate::core::hlc::Stamp;
use crate::core::ids::Epoch;

const SETTINGS: Settings = Settings { alone_after_ms: 300, lease_ms: 2_000, rotate_after_ms: 0 };

/// A guard and what its engine has been given.
struct Node {
    guard: Guard,
    clear: Vec<Bytes>,
    links: Vec<&'static str>,
}

impl Node {
    fn header(&self) -> Header {
        let epoch = Epoch(2 * (self.guard.me().0 + 1_000) + u64::from(!self.guard.writes()));
        Header { schema: 1, writer: self.guard.me(), epoch }
    }

    fn say(&self, to: Destination, body: &Body<'_>) -> Bytes {
        self.guard.sealer().expect("a data key").seal(to, &encode(self.header(), body)).unwrap()
    }

    fn frame(&self, sequence: u64) -> Bytes {
        self.say(Destination::All, &Body::Frame { sequence, ack: false, entries: Vec::new() })
    }

    fn heartbeat(&self) -> Bytes {
        self.say(
            Destination::All,
            &Body::Heartbeat {
                node: "node",
                ready: true,
                incomplete: false,
                hello: false,
                flushed: true,
                sequence: u64::from(self.guard.writes()),
                state: 1,
                tables: Vec::new(),
                suspects: Vec::new(),
                tails: Vec::new(),
                shown: Vec::new(),
            },
        )
    }
}

/// A network without faults, but for those that a test makes.
struct Net {
    nodes: Vec<Node>,
    names: u64,
    now_ms: u64,
    /// Every message of a handshake, with its sender.
    seen: Vec<(usize, Destination, Bytes)>,
}

impl Net {
    fn new() -> Self {
        Self { nodes: Vec::new(), names: 0, now_ms: 1_000, seen: Vec::new() }
    }

    fn start(&mut self, credentials: &Credentials) -> usize {
        self.names += 1;
        let writer = Writer(self.names);
        let seed = Secret::new([writer.0 as u8 + 100; 32]);
        let database = fixtures::read_write().database("main", "calls");
        let mut guard = Guard::new(SETTINGS, credentials, database, writer, &seed).unwrap();
        guard.connect(self.now_ms);
        self.nodes.push(Node { guard, clear: Vec::new(), links: Vec::new() });
        self.nodes.len() - 1
    }

    fn deliver(&mut self, index: usize, bytes: &Bytes) -> usize {
        let node = &mut self.nodes[index];
        let before = node.clear.len();
        node.guard.receive(self.now_ms, bytes, &mut node.clear);
        while let Some(link) = node.guard.link() {
            node.links.push(match link {
                Event::Founded => "founded",
                Event::Connected => "connected",
                _ => "disconnected",
            });
        }
        node.clear.len() - before
    }

    fn publish(&mut self, from: usize, to: Destination, bytes: &Bytes) {
        for index in 0..self.nodes.len() {
            let addressed = to == Destination::All || to == Destination::One(self.nodes[index].guard.me());
            if index != from && addressed {
                self.deliver(index, bytes);
            }
        }
    }

    /// Carries messages of handshakes until there are none, but for those that `lose` says are lost.
    fn pump_but(&mut self, mut lose: impl FnMut(&Bytes) -> bool) {
        while let Some((from, message)) = self.poll() {
            if !lose(&message.bytes) {
                self.publish(from, message.to, &message.bytes);
            }
        }
    }

    fn poll(&mut self) -> Option<(usize, Outgoing)> {
        let found = self.nodes.iter_mut().enumerate().find_map(|(i, node)| Some((i, node.guard.poll_message()?)));
        let (from, message) = found?;
        self.seen.push((from, message.to, message.bytes.clone()));
        Some((from, message))
    }

    fn pump(&mut self) {
        self.pump_but(|_| false);
    }

    fn advance_but(&mut self, ms: u64, mut lose: impl FnMut(&Bytes) -> bool) {
        for _ in 0..ms / 10 {
            self.now_ms += 10;
            for node in &mut self.nodes {
                node.guard.tick(self.now_ms, &mut node.clear);
            }
            self.pump_but(&mut lose);
        }
    }

    fn advance(&mut self, ms: u64) {
        self.advance_but(ms, |_| false);
    }

    /// Some members, the last of them perhaps readers.
    fn members(writers: usize, readers: usize) -> Self {
        let mut net = Self::new();
        for n in 0..writers + readers {
            net.start(&if n < writers { fixtures::read_write() } else { fixtures::read_only() });
            net.advance(400);
        }
        assert!(net.agree());
        net
    }

    fn agree(&self) -> bool {
        let keys: Vec<_> = self.nodes.iter().map(|node| node.guard.data_key()).collect();
        keys.iter().all(|key| key.is_some() && *key == keys[0])
    }

    /// Whether everybody takes what everybody says.
    fn all_talk(&mut self) -> bool {
        (0..self.nodes.len()).all(|from| {
            let bytes = self.nodes[from].heartbeat();
            let before: usize = self.nodes.iter().map(|node| node.clear.len()).sum();
            self.publish(from, Destination::All, &bytes);
            self.pump();
            self.nodes.iter().map(|node| node.clear.len()).sum::<usize>() == before + self.nodes.len() - 1
        })
    }

    fn refusals(&self, index: usize) -> Refusals {
        self.nodes[index].guard.refusals()
    }

    /// The last message of this kind of a handshake.
    fn last(&self, kind: u8) -> Bytes {
        self.seen.iter().rev().find(|(_, _, bytes)| bytes[1] == kind).unwrap().2.clone()
    }
}

const HELLO: u8 = 2;
const OFFER: u8 = 3;
const CLAIM: u8 = 4;
const GRANT: u8 = 5;
const CHALLENGE: u8 = 6;
const PROOF: u8 = 7;

fn flipped(bytes: &Bytes, at: usize) -> Bytes {
    let mut bad = bytes.to_vec();
    bad[at] ^= 1 << (at % 8);
    bad.into()
}

#[test]
fn the_first_makes_a_key_and_the_others_get_it() {
    let mut net = Net::new();
    net.start(&fixtures::read_write());
    net.advance(290);
    assert_eq!(net.nodes[0].guard.data_key(), None, "it still listens");
    net.advance(20);
    net.start(&fixtures::read_write());
    net.start(&fixtures::read_only());
    net.advance(20);
    assert!(net.agree());
    assert!(net.all_talk());
    for node in &mut net.nodes {
        assert_eq!(node.guard.data_keys(), 1);
    }
    net.deliver(1, &Bytes::new());
    net.deliver(0, &Bytes::new());
    assert_eq!(net.nodes[0].links, ["founded"]);
    assert_eq!(net.nodes[1].links, ["connected"]);
}

#[test]
fn of_those_that_start_at_once_one_makes_the_key() {
    let mut net = Net::new();
    for _ in 0..6 {
        net.start(&fixtures::read_write());
    }
    net.advance(1_000);
    assert!(net.agree() && net.all_talk());
    assert!(net.nodes.iter().all(|node| node.guard.data_keys() == 1));
}

#[test]
fn a_reader_alone_waits_for_a_writer() {
    let mut net = Net::new();
    net.start(&fixtures::read_only());
    net.start(&fixtures::read_only());
    net.advance(10_000);
    assert!(net.nodes.iter().all(|node| node.guard.data_key().is_none()));
    net.start(&fixtures::read_write());
    net.advance(2_000);
    assert!(net.agree() && net.all_talk());
}

#[test]
fn a_reader_follows_the_next_writer_whatever_its_key() {
    // Whether the new key's id is above or below the old one's is chance: both are met.
    for old in [0, u64::MAX] {
        let mut net = Net::members(1, 1);
        let now_ms = net.now_ms;
        let key = |id, generation| {
            vec![Given { key: DataKey::new(KeyId(id), generation, Secret::new([7; 32])), unused_ms: 0 }]
        };
        for node in &mut net.nodes {
            node.guard.take_keys(now_ms, key(old.max(1), 5));
        }
        assert!(net.all_talk() && net.agree());
        net.nodes.remove(0);
        net.advance(3_000);
        net.start(&fixtures::read_write());
        for _ in 0..30 {
            net.advance(3_000);
            if net.nodes[1].guard.data_key().is_some() {
                let bytes = net.nodes[1].heartbeat();
                net.publish(1, Destination::All, &bytes);
            }
        }
        assert!(net.agree() && net.all_talk(), "{old}");
        assert!(net.nodes.iter().all(|node| node.guard.data_keys() == 1));
    }
}

#[test]
fn nobody_gets_a_key_from_a_reader() {
    let mut net = Net::members(1, 1);
    net.nodes.remove(0);
    net.start(&fixtures::read_only());
    net.advance(3_000);
    assert_eq!(net.nodes[1].guard.data_key(), None);
}

#[test]
fn what_a_reader_forges_is_refused_by_all() {
    let mut net = Net::members(2, 2);
    let first = net.nodes[0].header().epoch;
    let mut states = Vec::new();
    put_state_dead(&mut states, 0, &[1, 2], Stamp { hlc: 9, epoch: Epoch(4) });
    let batch = [start_batch(&[]), states.clone()].concat();
    let cursor = Cursor { table: 0, bucket: 0, after: None };
    let forged = [
        Body::Frame { sequence: 1, ack: false, entries: vec![Entry::Batch(&batch)] },
        Body::EpochEnd { tail: Tail { epoch: first, sequence: 1 } },
        Body::Rows { token: 1, cursor, next: None, more: false, states: &states },
        Body::Digests { token: 1, version: 1, progress: Vec::new(), ended: vec![first], buckets: Vec::new() },
        Body::Gone { epoch: first, oldest: 5 },
        Body::AckRequest { sequence: 1 },
        Body::Heartbeat {
            node: "",
            ready: true,
            incomplete: false,
            hello: false,
            flushed: true,
            sequence: 1,
            state: 1,
            tables: Vec::new(),
            suspects: vec![first],
            tails: Vec::new(),
            shown: Vec::new(),
        },
    ];
    assert!(net.all_talk());
    for (count, body) in forged.iter().enumerate() {
        let bytes = net.nodes[2].say(Destination::All, body);
        for to in [0, 1, 3] {
            assert_eq!(net.deliver(to, &bytes), 0, "{body:?}");
            assert_eq!(net.refusals(to).unauthorised, count as u64 + 1);
        }
    }
    let own_end = Body::EpochEnd { tail: Tail { epoch: net.nodes[2].header().epoch, sequence: 0 } };
    let ack = Body::Ack { tail: Tail { epoch: first, sequence: 1 } };
    for body in [own_end, ack, Body::Nack { epoch: first, from: 1, to: 2 }] {
        let bytes = net.nodes[2].say(Destination::All, &body);
        assert_eq!(net.deliver(0, &bytes), 1, "{body:?}");
    }
}

#[test]
fn a_reader_that_certifies_itself_as_a_writer_is_no_writer() {
    let mut net = Net::members(1, 1);
    let forger = net.start(&fixtures::forger());
    net.advance(1_000);
    assert_eq!(net.nodes[forger].guard.data_key(), None, "not even the data key");
    assert!(net.refusals(0).bad_certificate > 0);
    // With the data key that it has from its honest reader.
    let keys = {
        let mut out = Vec::new();
        net.nodes[1].guard.ring.put(0, &mut out);
        KeyRing::read(&mut crate::core::codec::Reader::new(&out)).unwrap()
    };
    let now_ms = net.now_ms;
    net.nodes[forger].guard.take_keys(now_ms, keys);
    let frame = net.nodes[forger].frame(1);
    let before = net.refusals(0).bad_certificate;
    net.publish(forger, Destination::All, &frame);
    net.pump();
    assert!(net.nodes[0].clear.is_empty() && net.nodes[1].clear.is_empty());
    assert_eq!(net.refusals(0).bad_certificate, before + 1, "it proved that it lives, but not that it may");
    // And as the writer that it is not: it lacks that one's process key.
    let mut stolen = net.nodes[forger].guard.identity.clone();
    stolen.certificate = net.nodes[0].guard.identity.certificate.clone();
    let best = Arc::clone(net.nodes[forger].guard.ring.best().unwrap());
    let database = net.nodes[forger].guard.database();
    let sealer = Sealer::new(database, stolen, best, Arc::new(AtomicU64::new(1_000)));
    let clear = encode(net.nodes[0].header(), &Body::Frame { sequence: 1, ack: false, entries: Vec::new() });
    let heartbeat = net.nodes[0].heartbeat();
    net.deliver(1, &heartbeat);
    assert_eq!(net.deliver(1, &sealer.seal(Destination::All, &clear).unwrap()), 0);
    assert_eq!(net.refusals(1).bad_signature, 1);
}

#[test]
fn a_stolen_certificate_makes_no_donor() {
    let mut net = Net::members(1, 0);
    let joiner = net.start(&fixtures::read_write());
    net.pump_but(|bytes| bytes[1] == GRANT);
    let genuine = net.last(GRANT);
    let Ok(Envelope::Grant(grant)) = Envelope::read(&genuine) else { panic!("a grant") };
    let Stage::Claiming(claiming) = &net.nodes[joiner].guard.stage else { panic!("it waits for a grant") };
    let (said, identity) = (*claiming.transcript(), net.nodes[0].guard.identity.clone());
    // The thief has the process key and its certificate, and some other key for the read key.
    let reads =
        fixtures::other().authority(net.nodes[0].guard.database()).sign_read(&said, &identity.certificate).unwrap();
    let body = crate::core::codec::Grant { reads: &reads, ..grant.said }.encode();
    let signature = identity.sign(&crate::core::handshake::granted(&said, &body));
    net.deliver(joiner, &[body.as_slice(), &signature].concat().into());
    assert_eq!(net.nodes[joiner].guard.data_key(), None);
    assert_eq!(net.refusals(joiner).bad_certificate, 1);
    net.deliver(joiner, &genuine);
    assert!(net.agree());
}

#[test]
fn a_key_that_was_replaced_does_not_come_back() {
    let mut net = Net::members(3, 0);
    assert!(net.all_talk());
    // One does not hear of the rotation, and goes on with the old key.
    net.nodes[2].guard.disconnect();
    let now_ms = net.now_ms;
    net.nodes[0].guard.rotate(now_ms);
    let bytes = net.nodes[0].heartbeat();
    net.publish(0, Destination::All, &bytes);
    net.pump();
    for _ in 0..25 {
        net.advance(3_000);
        for from in [0, 1] {
            let bytes = net.nodes[from].heartbeat();
            net.publish(from, Destination::All, &bytes);
        }
    }
    let key = net.nodes[0].guard.data_key();
    assert_eq!((net.nodes[0].guard.data_keys(), net.nodes[1].guard.data_key()), (1, key));
    let now_ms = net.now_ms;
    net.nodes[2].guard.connect(now_ms);
    assert_ne!(net.nodes[2].guard.data_key(), key);
    let old = net.nodes[2].frame(1);
    net.publish(2, Destination::All, &old);
    net.advance(1_000);
    assert!(net.nodes[0].guard.data_keys() == 1 && net.nodes[1].guard.data_keys() == 1);
    // It hears the others, and shows the read key to get theirs.
    let bytes = net.nodes[0].heartbeat();
    net.publish(0, Destination::All, &bytes);
    net.advance(1_000);
    assert!(net.agree() && net.all_talk());
}

#[test]
fn another_databases_keys_are_worth_nothing() {
    let mut net = Net::members(2, 0);
    let other = net.start(&fixtures::other());
    net.advance(3_000);
    assert_ne!(net.nodes[other].guard.data_key(), net.nodes[0].guard.data_key());
    assert_eq!(net.nodes[0].guard.data_keys(), 1);
    let frame = net.nodes[other].frame(1);
    net.publish(other, Destination::All, &frame);
    net.advance(3_000);
    assert!(net.nodes[0].clear.is_empty());
    let refusals = net.refusals(0);
    assert!(refusals.unknown_key == 1 && refusals.bad_signature + refusals.bad_certificate > 0, "{refusals:?}");
    // Even with the same data key.
    let mut out = Vec::new();
    net.nodes[0].guard.ring.put(0, &mut out);
    let keys = KeyRing::read(&mut crate::core::codec::Reader::new(&out)).unwrap();
    let now_ms = net.now_ms;
    net.nodes[other].guard.ring = KeyRing::default();
    net.nodes[other].guard.take_keys(now_ms, keys);
    net.nodes[other].guard.authority = fixtures::other().authority(DatabaseId([1; 32]));
    net.nodes[other].guard.sealer = None;
    net.nodes[other].guard.take_keys(now_ms, Vec::new());
    let frame = net.nodes[other].frame(2);
    net.publish(other, Destination::All, &frame);
    assert_eq!(net.refusals(0).bad_seal, 1);
}

fn every_kind(node: &Node) -> Vec<Bytes> {
    let mut tx = start_tx(77);
    put_delete(&mut tx, 1, &[1, 4]);
    let mut states = Vec::new();
    put_state_dead(&mut states, 0, &[1, 2], Stamp { hlc: 9, epoch: Epoch(4) });
    let batch = [start_batch(&[]), states.clone()].concat();
    let tail = Tail { epoch: node.header().epoch, sequence: 9 };
    let cursor = Cursor { table: 0, bucket: 3, after: Some(&[1, 2]) };
    let progress = vec![Progress { epoch: Epoch(3), settled: 1, top: 2, changes: 3, refused: true }];
    let bodies = [
        Body::Frame { sequence: 1, ack: false, entries: vec![Entry::Tx(&tx), Entry::Batch(&batch)] },
        Body::EpochEnd { tail },
        Body::Nack { epoch: Epoch(3), from: 1, to: 2 },
        Body::Gone { epoch: Epoch(3), oldest: 9 },
        Body::DigestRequest { token: 1, end: true },
        Body::Digests { token: 1, version: 1, progress, ended: vec![Epoch(8)], buckets: vec![(0, 1, 2, 3)] },
        Body::Fetch { token: 1, cursor, wanted: vec![Wanted { table: 0, rows: [1, 2, 3, 4], deaths: [5, 6, 7, 8] }] },
        Body::Rows { token: 1, cursor, next: Some(cursor), more: true, states: &states },
    ];
    let to_one = bodies.iter().map(|body| node.say(Destination::One(Writer(2)), body));
    let to_all = bodies.iter().map(|body| node.say(Destination::All, body));
    to_all.chain(to_one).chain([node.heartbeat()]).collect()
}

#[test]
fn every_message_damaged_anywhere_cut_or_repeated_is_refused_and_counted() {
    let mut net = Net::members(2, 0);
    assert!(net.all_talk());
    for (number, bytes) in every_kind(&net.nodes[0]).iter().enumerate() {
        let damaged = (0..bytes.len()).map(|at| flipped(bytes, at));
        let cut = (0..bytes.len()).map(|length| bytes.slice(..length));
        let longer = Bytes::from([&bytes[..], &[0]].concat());
        for bad in damaged.chain(cut).chain([longer]) {
            let before = net.refusals(1).total();
            // In the name of this process itself: NATS shows a sender its own messages, so they are passed over.
            let mine = bad.get(11..19) == Some(&Writer(2).0.to_le_bytes());
            assert_eq!(net.deliver(1, &bad), 0, "message {number}");
            assert!(mine || net.refusals(1).total() > before, "message {number}");
        }
        net.nodes[1].guard.parked.clear();
        let before = net.refusals(1).replayed;
        assert_eq!(net.deliver(1, bytes), 1, "message {number}");
        assert_eq!(net.deliver(1, bytes), 0, "message {number}");
        assert_eq!(net.refusals(1).replayed, before + 1);
    }
    let refusals = net.refusals(1);
    let Refusals { truncated, wrong_version, malformed, bad_seal, bad_signature, unknown_key, .. } = refusals;
    for count in [truncated, wrong_version, malformed, bad_seal, bad_signature, unknown_key] {
        assert!(count > 0, "{refusals:?}");
    }
}

#[test]
fn what_is_for_one_is_for_nobody_else() {
    let mut net = Net::members(3, 0);
    assert!(net.all_talk());
    let bytes = net.nodes[0].say(Destination::One(Writer(2)), &Body::Nack { epoch: Epoch(3), from: 1, to: 2 });
    assert_eq!(net.deliver(2, &bytes), 0);
    assert_eq!(net.refusals(2).bad_seal, 1);
    assert_eq!(net.deliver(1, &bytes), 1);
}

#[test]
fn every_message_of_a_handshake_damaged_anywhere_leads_nowhere() {
    let mut net = Net::members(1, 0);
    let joiner = net.start(&fixtures::read_write());
    // HELLO: what the donor answers is not for this joiner.
    let (_, hello) = net.poll().unwrap();
    for at in 0..hello.bytes.len() {
        net.deliver(0, &flipped(&hello.bytes, at));
        while let Some(answer) = net.nodes[0].guard.poll_message() {
            net.deliver(joiner, &answer.bytes);
        }
        assert!(matches!(net.nodes[joiner].guard.stage, Stage::Asking(_)), "byte {at}");
        net.now_ms += 3_000;
    }
    net.nodes[0].guard.offers.clear();
    net.deliver(0, &hello.bytes);
    let (_, offer) = net.poll().unwrap();
    for at in 0..offer.bytes.len() {
        net.deliver(joiner, &flipped(&offer.bytes, at));
        assert!(matches!(net.nodes[joiner].guard.stage, Stage::Asking(_)), "byte {at}");
    }
    net.deliver(joiner, &offer.bytes);
    let (_, claim) = net.poll().unwrap();
    for at in 0..claim.bytes.len() {
        net.deliver(0, &flipped(&claim.bytes, at));
        assert!(net.poll().is_none(), "byte {at}");
    }
    net.deliver(0, &claim.bytes);
    let (_, grant) = net.poll().unwrap();
    for at in 0..grant.bytes.len() {
        net.deliver(joiner, &flipped(&grant.bytes, at));
        assert_eq!(net.nodes[joiner].guard.data_key(), None, "byte {at}");
    }
    net.deliver(joiner, &grant.bytes);
    assert!(net.agree() && net.all_talk());
    // Again, all of it: an old OFFER, CLAIM or GRANT is nobody's.
    let before = net.refusals(0).total();
    net.now_ms += 3_000;
    let now_ms = net.now_ms;
    net.nodes[0].guard.tick(now_ms, &mut Vec::new());
    net.deliver(0, &claim.bytes);
    assert_eq!(net.refusals(0).total(), before + 1);
    net.deliver(joiner, &offer.bytes);
    net.deliver(joiner, &grant.bytes);
    assert!(net.poll().is_none());
}

#[test]
fn challenges_and_proofs_damaged_anywhere_admit_nobody() {
    let mut net = Net::members(2, 0);
    net.nodes[1].guard.roster = Roster::default();
    let frame = net.nodes[0].frame(1);
    net.deliver(1, &frame);
    let (_, challenge) = net.poll().unwrap();
    assert_eq!(challenge.bytes[1], CHALLENGE);
    for at in 0..challenge.bytes.len() {
        net.deliver(0, &flipped(&challenge.bytes, at));
        while let Some(answer) = net.nodes[0].guard.poll_message() {
            let for_it = answer.to == Destination::One(net.nodes[1].guard.me());
            assert!(!for_it || net.deliver(1, &answer.bytes) == 0, "byte {at}");
        }
        assert!(net.nodes[1].guard.roster.is_empty());
    }
    net.deliver(0, &challenge.bytes);
    let (_, proof) = net.poll().unwrap();
    assert_eq!(proof.bytes[1], PROOF);
    for at in 0..proof.bytes.len() {
        assert_eq!(net.deliver(1, &flipped(&proof.bytes, at)), 0, "byte {at}");
        assert!(net.nodes[1].guard.roster.is_empty(), "byte {at}");
    }
    assert_eq!(net.deliver(1, &proof.bytes), 1, "the frame that has waited");
    assert_eq!(net.deliver(1, &frame), 0);
    let before = net.refusals(1).replayed;
    net.nodes[1].guard.roster = Roster::default();
    net.deliver(1, &proof.bytes);
    assert!(net.nodes[1].guard.roster.is_empty(), "a proof that nobody asked for");
    assert_eq!(net.refusals(1).replayed, before + 1);
}

#[test]
fn a_living_process_vouches_only_for_what_is_recent() {
    let mut net = Net::members(2, 0);
    assert!(net.all_talk());
    let old = net.nodes[0].frame(1);
    net.advance(5_000);
    let recent = net.nodes[0].frame(2);
    net.nodes[1].guard.roster = Roster::default();
    let before = net.refusals(1).replayed;
    assert_eq!(net.deliver(1, &old) + net.deliver(1, &recent), 0);
    let taken = net.nodes[1].clear.len();
    net.pump();
    assert_eq!(net.nodes[1].clear.len(), taken + 1);
    assert_eq!(net.refusals(1).replayed, before + 1);
}

#[test]
fn recordings_of_the_dead_bring_no_ghosts() {
    let mut net = Net::members(3, 0);
    assert!(net.all_talk());
    let recorded: Vec<_> = every_kind(&net.nodes[2]).into_iter().chain([net.nodes[2].frame(2)]).collect();
    let handshakes: Vec<_> = net.seen.iter().map(|(_, _, bytes)| bytes.clone()).collect();
    for index in [0, 1] {
        for bytes in &recorded {
            net.deliver(index, bytes);
        }
    }
    // It dies. A member that knew it takes nothing twice.
    net.nodes.remove(2);
    let before = net.refusals(0).replayed;
    for bytes in &recorded {
        assert_eq!(net.deliver(0, bytes), 0);
    }
    let for_all_or_it = recorded.iter().filter(|bytes| bytes[2] == 0).count() as u64;
    assert_eq!(net.refusals(0).replayed, before + for_all_or_it);
    net.advance(10_000);
    // Nor does one that comes later and has never known it, whatever is played to it.
    let late = net.start(&fixtures::read_write());
    net.advance(100);
    assert!(net.agree());
    for bytes in recorded.iter().chain(&handshakes) {
        assert_eq!(net.deliver(late, bytes), 0);
    }
    net.advance(3_000);
    assert!(net.nodes[late].clear.is_empty());
    assert!(net.refusals(late).unknown_epoch > 0, "{:?}", net.refusals(late));
    // Nor one that has forgotten it.
    for _ in 0..20 {
        net.advance(3_100);
        assert!(net.all_talk());
    }
    let taken = net.nodes[0].clear.len();
    assert!(net.nodes[0].guard.roster.get(Writer(3)).is_none());
    for bytes in &recorded {
        net.deliver(0, bytes);
    }
    net.advance(3_000);
    assert_eq!(net.nodes[0].clear.len(), taken);
}

#[test]
fn a_roster_names_the_living_and_where_they_are() {
    let mut net = Net::members(2, 0);
    let old = net.nodes[0].frame(1);
    net.deliver(1, &old);
    let late = net.start(&fixtures::read_write());
    net.advance(50);
    assert!(net.nodes[late].guard.roster.get(Writer(1)).is_some() && net.nodes[late].guard.roster.len() == 2);
    assert_eq!(net.deliver(late, &old), 0, "from before");
    assert_eq!(net.refusals(late).replayed, 1);
    let new = net.nodes[0].frame(2);
    assert_eq!(net.deliver(late, &new), 1);
}

#[test]
fn an_epoch_belongs_to_one_process() {
    let mut net = Net::members(3, 0);
    assert!(net.all_talk());
    let header = Header { writer: Writer(2), ..net.nodes[0].header() };
    let clear = encode(header, &Body::Frame { sequence: 1, ack: false, entries: Vec::new() });
    let bytes = net.nodes[1].guard.sealer().unwrap().seal(Destination::All, &clear).unwrap();
    assert_eq!(net.deliver(2, &bytes), 0);
    assert_eq!(net.refusals(2).duplicate_epoch, 1);
    // Nor can a process speak for another inside the seal.
    let clear = encode(net.nodes[0].header(), &Body::Frame { sequence: 1, ack: false, entries: Vec::new() });
    let bytes = net.nodes[1].guard.sealer().unwrap().seal(Destination::All, &clear).unwrap();
    assert_eq!(net.deliver(2, &bytes), 0);
    assert_eq!(net.refusals(2).duplicate_epoch, 2);
}

#[test]
fn a_reader_can_not_speak_in_a_writers_epoch_even_where_that_one_was_never_heard() {
    let mut net = Net::members(1, 1);
    assert!(net.all_talk());
    // A joiner, which has heard neither of them say anything.
    let joiner = net.start(&fixtures::read_write());
    net.advance(1_000);
    let header = Header { writer: net.nodes[1].guard.me(), ..net.nodes[0].header() };
    let clear = encode(header, &Body::EpochEnd { tail: Tail { epoch: header.epoch, sequence: 0 } });
    let bytes = net.nodes[1].guard.sealer().unwrap().seal(Destination::All, &clear).unwrap();
    assert_eq!((net.deliver(joiner, &bytes), net.refusals(joiner).duplicate_epoch), (0, 1));
    // Nor does it keep the writer from it.
    let frame = net.nodes[0].frame(1);
    assert_eq!(net.deliver(joiner, &frame), 1);
    // A writer has none of a reader's, either.
    let header = Header { writer: net.nodes[0].guard.me(), ..net.nodes[1].header() };
    let clear = encode(header, &Body::Frame { sequence: 1, ack: false, entries: Vec::new() });
    let bytes = net.nodes[0].guard.sealer().unwrap().seal(Destination::All, &clear).unwrap();
    assert_eq!((net.deliver(joiner, &bytes), net.refusals(joiner).duplicate_epoch), (0, 2));
}

#[test]
fn islands_merge_and_lose_nothing() {
    let mut net = Net::members(2, 1);
    let mut other = Net::members(2, 1);
    let (key, other_key) = (net.nodes[0].guard.data_key(), other.nodes[0].guard.data_key());
    // The other island's writers have other names.
    for (n, credentials) in [(0, fixtures::read_write()), (1, fixtures::read_write()), (2, fixtures::read_only())] {
        let writer = Writer(10 + n);
        let database = fixtures::read_write().database("main", "calls");
        let guard = Guard::new(SETTINGS, &credentials, database, writer, &Secret::new([n as u8; 32])).unwrap();
        other.nodes[n as usize].guard = guard;
        let now_ms = other.now_ms;
        other.nodes[n as usize].guard.connect(now_ms);
    }
    other.advance(1_000);
    assert!(other.agree() && other.all_talk() && net.all_talk());
    assert_ne!(other.nodes[0].guard.data_key(), other_key, "a full restart makes a new data key");
    let other_key = other.nodes[0].guard.data_key();
    assert_ne!(key, other_key);
    net.now_ms = net.now_ms.max(other.now_ms);
    net.nodes.extend(other.nodes);
    net.nodes.iter_mut().for_each(|node| node.clear.clear());
    // They see each other: the first messages wait until the keys are there.
    let first: Vec<_> = net.nodes.iter().map(Node::heartbeat).collect();
    for (from, bytes) in first.iter().enumerate() {
        net.publish(from, Destination::All, bytes);
    }
    net.advance(500);
    assert!(net.nodes.iter().all(|node| node.clear.len() == 5), "nothing is lost");
    // Readers seal as the writers do that they hear.
    assert!(net.all_talk() && net.agree());
    assert_eq!(net.nodes[0].guard.data_key(), key.max(other_key), "the same wins everywhere");
    assert!(net.nodes.iter().all(|node| node.guard.data_keys() == 2), "both are kept");
    for _ in 0..25 {
        net.advance(3_000);
        assert!(net.all_talk());
    }
    assert!(net.nodes.iter().all(|node| node.guard.data_keys() == 1), "until nobody can need the other any more");
}

#[test]
fn a_rotation_reaches_all_and_loses_nothing() {
    let mut net = Net::members(3, 1);
    assert!(net.all_talk());
    let old = net.nodes[0].guard.data_key();
    let under_old = net.nodes[1].frame(1);
    let now_ms = net.now_ms;
    net.nodes[3].guard.rotate(now_ms);
    assert_eq!(net.nodes[3].guard.data_key(), old, "not by a reader");
    net.nodes[0].guard.rotate(now_ms);
    let frame = net.nodes[0].frame(1);
    let before: Vec<_> = net.nodes.iter().map(|node| node.clear.len()).collect();
    net.publish(0, Destination::All, &frame);
    net.pump();
    for (node, before) in net.nodes.iter().zip(&before).skip(1) {
        assert_eq!(node.clear.len(), before + 1, "it has waited for its key");
    }
    assert!(net.agree());
    assert_ne!(net.nodes[0].guard.data_key(), old);
    assert_eq!(net.deliver(0, &under_old), 1, "what was under way is still taken");
}

#[test]
fn keys_are_rotated_in_time_by_the_lowest() {
    let mut net = Net::members(3, 0);
    for node in &mut net.nodes {
        node.guard.settings.rotate_after_ms = 10_000;
    }
    let old = net.nodes[0].guard.data_key();
    for _ in 0..12 {
        assert!(net.all_talk());
        net.advance(1_000);
    }
    assert!(net.all_talk() && net.agree());
    assert_ne!(net.nodes[0].guard.data_key(), old);
    assert!(net.nodes.iter().all(|node| node.guard.data_keys() == 2), "one rotation, not three");
}

#[test]
fn a_lost_message_or_a_dead_donor_costs_time_only() {
    for kind in [HELLO, OFFER, CLAIM, GRANT] {
        for times in 1..=2 {
            let mut net = Net::members(2, 0);
            net.start(&fixtures::read_write());
            let mut lost = 0;
            net.advance_but(1_000, |bytes| {
                let lose = bytes[1] == kind && lost < times;
                lost += usize::from(lose);
                lose
            });
            assert!(lost == times && net.agree(), "kind {kind}, {times} times");
            assert_eq!(net.nodes[2].guard.data_keys(), 1);
        }
    }
    // The donor it has chosen dies before the grant.
    let mut net = Net::members(2, 0);
    let joiner = net.start(&fixtures::read_write());
    net.pump_but(|bytes| bytes[1] == CLAIM);
    let Stage::Claiming(claiming) = &net.nodes[joiner].guard.stage else { panic!("it has an offer") };
    let chosen = claiming.donor_writer();
    net.nodes.retain(|node| node.guard.me() != chosen);
    net.advance(2_000);
    assert!(net.agree());
}

#[test]
fn a_lost_connection_changes_nothing() {
    let mut net = Net::members(2, 0);
    assert!(net.all_talk());
    let key = net.nodes[0].guard.data_key();
    net.nodes[1].guard.disconnect();
    let frame = net.nodes[0].frame(1);
    assert_eq!(net.deliver(1, &frame), 0);
    let now_ms = net.now_ms;
    net.nodes[1].guard.connect(now_ms);
    assert!(net.all_talk());
    assert_eq!(net.nodes[1].guard.data_key(), key);
}

#[test]
fn floods_are_bounded() {
    let mut net = Net::members(1, 0);
    let hello = |n: u64| crate::core::codec::Hello {
        writer: Writer(1_000 + n),
        writes: true,
        keyless: true,
        wanted: KeyId::NONE,
        nonce: [n as u8; 32],
        exchange: [9; 32],
    };
    for n in 0..1_000 {
        net.deliver(0, &hello(n).encode().into());
    }
    assert_eq!(net.nodes[0].guard.offers.len(), donor::OFFERS_MAX);
    // Sealed under keys that nobody has.
    let real = net.nodes[0].frame(1);
    for n in 0..5_000_u64 {
        let mut bytes = real.to_vec();
        bytes[3..11].copy_from_slice(&(n + 1).to_le_bytes());
        bytes[11..19].copy_from_slice(&(n + 500).to_le_bytes());
        bytes.resize(4_000 + SIGNATURE_BYTES, 0);
        net.deliver(0, &bytes.into());
    }
    let kept: usize = net.nodes[0].guard.parked.iter().map(|held| held.bytes.len()).sum();
    assert!(kept <= 4 << 20, "{kept}");
    assert!(net.nodes[0].guard.out.len() <= OUT_MAX);
    assert!(net.refusals(0).overflow > 0);
    // Questions whether it is alive, from nobody.
    net.advance(10_000);
    let before = net.nodes[0].guard.out.len();
    for n in 0..3_000 {
        let challenge = crate::core::codec::Challenge { writer: Writer(5_000 + n), nonce: [n as u8; 32] };
        net.deliver(0, &challenge.encode().into());
    }
    assert_eq!(net.nodes[0].guard.out.len() - before, PROOFS_MAX as usize);
    net.advance(10_000);
    assert_eq!(net.nodes[0].guard.parked.iter().count(), 0);
    assert_eq!(net.nodes[0].guard.offers.len(), 0);
    let late = net.start(&fixtures::read_write());
    net.advance(500);
    assert!(net.nodes[late].guard.data_key().is_some() && net.agree());
}

#[test]
fn who_makes_names_up_under_the_data_key_keeps_nobody_out() {
    let mut net = Net::members(2, 0);
    let key = Arc::clone(net.nodes[1].guard.ring.best().unwrap());
    let (database, identity) = (net.nodes[1].guard.database(), net.nodes[1].guard.identity.clone());
    let made_up = |n: u64| {
        let mut identity = identity.clone();
        identity.certificate.writer = Writer(100_000 + n);
        let header = Header { schema: 1, writer: Writer(100_000 + n), epoch: Epoch(200_000 + 2 * n) };
        let frame = Body::Frame { sequence: 1, ack: false, entries: Vec::new() };
        let sealer = Sealer::new(database, identity, Arc::clone(&key), Arc::default());
        sealer.seal(Destination::All, &encode(header, &frame)).unwrap()
    };
    for n in 0..2 * CHALLENGES_MAX as u64 {
        net.deliver(0, &made_up(n));
    }
    assert_eq!(net.nodes[0].guard.challenges.len(), CHALLENGES_MAX);
    // One that has answered a donor, and is yet to be known to the other, while that one goes on being asked.
    let late = net.start(&fixtures::read_write());
    let mut made = 10_000;
    let mut taken = 0;
    for _ in 0..100 {
        net.advance_but(10, |bytes| bytes[1] == OFFER && bytes[3..11] == 1_u64.to_le_bytes());
        for _ in 0..50 {
            made += 1;
            net.deliver(0, &made_up(made));
        }
        if net.nodes[late].guard.data_key().is_some() {
            let frame = net.nodes[late].frame(1);
            taken += net.deliver(0, &frame);
        }
    }
    assert!(taken > 0 && net.nodes[0].guard.challenges.len() <= CHALLENGES_MAX);
    assert!(net.refusals(0).overflow > 0);
}

#[test]
fn handshakes_show_neither_keys_nor_roster() {
    let net = Net::members(2, 1);
    let mut secret = Vec::new();
    net.nodes[0].guard.ring.put(0, &mut secret);
    // Behind count, id, generation and how long it has not been used.
    let secret = &secret[25..];
    assert_eq!(secret.len(), 32);
    for (_, _, bytes) in &net.seen {
        for part in secret.windows(8) {
            assert!(!bytes.windows(8).any(|window| window == part));
        }
    }
    let shown = format!("{:?}", net.nodes[0].guard);
    let digits: Vec<String> = secret[..8].iter().map(u8::to_string).collect();
    assert!(!shown.contains(&digits.join(", ")));
    assert_eq!(net.last(GRANT)[0], 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_is_lost_or_repeated_all_agree_in_the_end(
        kinds in proptest::collection::vec(any::<bool>(), 2..5),
        faults in proptest::collection::vec(0_u8..4, 40..120),
    ) {
        let mut net = Net::new();
        net.start(&fixtures::read_write());
        let mut faults = faults.into_iter().cycle().take(150);
        for writes in kinds {
            net.start(&if writes { fixtures::read_write() } else { fixtures::read_only() });
            for _ in 0..30 {
                net.now_ms += 10;
                for node in &mut net.nodes {
                    node.guard.tick(net.now_ms, &mut node.clear);
                }
                while let Some((from, message)) = net.poll() {
                    let copies = match faults.next() {
                        Some(0) => 0,
                        Some(1) => 2,
                        _ => 1,
                    };
                    (0..copies).for_each(|_| net.publish(from, message.to, &message.bytes));
                }
            }
        }
        net.advance(4_000);
        // Two that started at once may each have made a key: then they meet by what they say.
        for _ in 0..3 {
            if net.nodes.iter().all(|node| node.guard.data_key().is_some()) {
                net.all_talk();
            }
            net.advance(500);
        }
        prop_assert!(net.agree());
        prop_assert!(net.all_talk());
    }
}
