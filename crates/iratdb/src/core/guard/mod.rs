//! Stands between the engine and the network in a database with keys: seals and signs what goes out, opens and checks what comes
//! in, and sees to it that those who may have the data key have it.
//!
//! # Keys
//!
//! Of a database there are two RSA key pairs. The *write key* certifies a process's Ed25519 key, once, when it opens the
//! database. The *read key* signs its handshakes; who only reads is certified by it, too, as a reader. Frames and all other
//! messages are sealed under a *data key*, which exists in the members' memories only. The first member makes it, so that a database that
//! was closed everywhere starts with a new one.
//!
//! # Joining
//!
//! ```text
//! joiner → all    HELLO      a fresh number and X25519 key
//! donor → joiner  OFFER      its certificate, both numbers, its X25519 key; signed by its process key
//! joiner → donor  CLAIM      its certificate, the read key's signature over the transcript; signed by its process key
//! donor → joiner  GRANT      the read key's signature over the transcript, data keys and roster (sealed); signed
//! ```
//!
//! Only a member that the write key has certified is a donor: no reader can hand out a key of its own making. It shows the read key, too,
//! so that nobody is a donor with a certificate and process key that were stolen. Data keys go to those only that have just shown the
//! read key. Each X25519 key serves one
//! handshake, so that nobody who steals an RSA key later can open recorded traffic.
//!
//! *Loss*: a HELLO is repeated as it is, a CLAIM too, and its GRANT is given again from memory; if that is in vain, the joiner
//! starts over. *Simultaneous joins* do not touch each other: a donor keeps what a handshake needs for each joiner, a bounded number, for
//! a short time. *A donor that dies* costs the joiner a few repetitions, then it says HELLO again. *The first member*
//! finds nobody for [`Settings::alone_after_ms`] and makes a data key. Of several that start at once, the others wait for the
//! lowest, a bounded time; if two make a key all the same, they are two islands, and merge. *After a lost connection* nothing has
//! to be done: keys and roster are still there, and what has changed meanwhile shows in the messages that come.
//!
//! # Key ring
//!
//! A message under a data key that is not there is kept for a moment, and its sender is asked for the key, by the same handshake:
//! that is how islands merge, each side asking the other, and how a new key spreads. All seal with the key of the highest
//! generation, and of those with the highest id; a process that only reads, which nobody can ask for a key, with that of the writer it has heard last. A *rotation* makes a key of a higher generation. It is not sent under the old one: each member
//! has to show the read key again, so that a data key that leaked is worth nothing afterwards; and no key of a lower generation is taken
//! from others. Keys that are not used any more are forgotten after
//! [`KEEP_LEASES`] leases.
//!
//! # Roster
//!
//! A message is taken from a process in the roster only: one that a donor has named, or that has answered a fresh number
//! (OFFER and CLAIM are such answers). A message that can be opened, but comes from somebody else, is kept for a moment,
//! and its sender gets a CHALLENGE, to be answered with a PROOF. From then on each message counts once. With its answer a process tells
//! the number of its last message; of what came before it, only what was kept, and what the process itself calls recent (two
//! seconds), counts. So nothing that was recorded from a process that is dead, or before this one came, is ever taken.
//!
//! # Time
//!
//! There is no clock in the protocol: certificates don't expire, nothing has a date. Timers only say when to ask again and what
//! to forget.

mod donor;
mod joiner;
mod parked;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use self::donor::Offered;
use self::joiner::Stage;
use self::parked::Parked;
use super::cert::{Authority, CannotSign, Credentials, DatabaseId, Identity, verify};
use super::codec::{
    Challenge, Counts, DecodeError, Envelope, MESSAGE_BYTES_MAX, Nonce, Proof, SEALING_BYTES, Sealed, Signed,
    decode_header, reader_may_say,
};
use super::engine::{Destination, Event, Outgoing};
use super::handshake::proven;
use super::ids::Writer;
use super::keyring::{DataKey, Given, KeyId, KeyRing};
use super::lease::MEMBERS_MAX;
use super::roster::{Roster, entry_of};
use super::seal::{Sealer, is_signed, open};
use super::secret::{Entropy, Secret, mac};

/// How long keys that are not used any more, and processes that are silent, are remembered.
pub const KEEP_LEASES: u64 = 30;
/// Processes that are asked again whether they are alive. Of more, some are asked when their next message comes.
pub const CHALLENGES_MAX: usize = MEMBERS_MAX;
/// How often one is asked, and how long it has for an answer.
const CHALLENGE_TRIES: u32 = 4;
const CHALLENGE_MS: u64 = 200;
/// An answer counts if the question was of this span of time, or the one before.
const SLOT_MS: u64 = CHALLENGE_TRIES as u64 * CHALLENGE_MS;
/// Challenges answered within `PROOFS_MS`: each costs a signature, whoever asks. As many as all others ask one that has just joined; more
/// are not answered, and asked again.
const PROOFS_MAX: u32 = MEMBERS_MAX as u32;
const PROOFS_MS: u64 = CHALLENGE_MS;
/// What was sealed within this time is recent.
const RECENT_MS: u64 = 2_000;
/// Messages of the handshake that may wait to be sent; more are dropped, and asked for again.
pub const OUT_MAX: usize = 2 * MEMBERS_MAX;

/// How a guard works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long to look for others before being the first.
    pub alone_after_ms: u64,
    /// How long a silent member keeps its rows.
    pub lease_ms: u64,
    /// How long a data key is used; zero: for ever.
    pub rotate_after_ms: u64,
}

/// Messages that were not taken, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusals {
    /// Too short for what they are.
    pub truncated: u64,
    /// Of another version, or not sealed.
    pub wrong_version: u64,
    /// Otherwise no message.
    pub malformed: u64,
    /// The seal could not be opened: the sender does not have the data key, or a bit is wrong.
    pub bad_seal: u64,
    /// The sender's signature is wrong.
    pub bad_signature: u64,
    /// Not certified by this database's write key (for a reader, its read key), or no proof of the read key.
    pub bad_certificate: u64,
    /// Taken before, or sent before its sender was known.
    pub replayed: u64,
    /// Of a process that has not proven to be alive. They are kept for a moment, and taken when it has.
    pub unknown_epoch: u64,
    /// Under an epoch that belongs to another process, or is not of the parity that its kind of process uses.
    pub duplicate_epoch: u64,
    /// Under a data key that is not here. They are kept for a moment, and taken when it is.
    pub unknown_key: u64,
    /// From a process that may only read, and said what only writers may.
    pub unauthorised: u64,
    /// Dropped, because too much was being kept or asked at once.
    pub overflow: u64,
}

impl Refusals {
    /// All together.
    pub fn total(&self) -> u64 {
        self.by_reason().into_iter().map(|(_, count)| count).sum()
    }

    /// Each with its name.
    pub fn by_reason(&self) -> [(&'static str, u64); 12] {
        let Self {
            truncated,
            wrong_version,
            malformed,
            bad_seal,
            bad_signature,
            bad_certificate,
            replayed,
            unknown_epoch,
            duplicate_epoch,
            unknown_key,
            unauthorised,
            overflow,
        } = *self;
        [
            ("truncated", truncated),
            ("wrong_version", wrong_version),
            ("malformed", malformed),
            ("bad_seal", bad_seal),
            ("bad_signature", bad_signature),
            ("bad_certificate", bad_certificate),
            ("replayed", replayed),
            ("unknown_epoch", unknown_epoch),
            ("duplicate_epoch", duplicate_epoch),
            ("unknown_key", unknown_key),
            ("unauthorised", unauthorised),
            ("overflow", overflow),
        ]
    }

    fn decoding(&mut self, error: DecodeError) {
        match error {
            DecodeError::Truncated => self.truncated += 1,
            DecodeError::Version(_) => self.wrong_version += 1,
            DecodeError::Tag(_) | DecodeError::Range | DecodeError::Trailing => self.malformed += 1,
        }
    }
}

#[derive(Debug)]
struct Asked {
    tries: u32,
    again_at_ms: u64,
}

/// See the module.
#[derive(Debug)]
pub struct Guard {
    settings: Settings,
    authority: Authority,
    identity: Identity,
    entropy: Entropy,
    counter: Arc<AtomicU64>,
    sealer: Option<Arc<Sealer>>,
    ring: KeyRing,
    roster: Roster,
    stage: Stage,
    offers: VecDeque<Offered>,
    challenges: BTreeMap<Writer, Asked>,
    /// What the numbers in challenges are made with: an answer is known by itself, however many were asked.
    challenge_secret: Secret,
    /// Until then there are answers to challenges that have been forgotten.
    crowded_until_ms: u64,
    /// Challenges answered since then.
    proofs: u32,
    proofs_since_ms: u64,
    parked: Parked,
    release_due: bool,
    /// The number of the last sealed message, at times.
    samples: VecDeque<(u64, u64)>,
    out: VecDeque<Outgoing>,
    refusals: Refusals,
    connected: bool,
    /// Whether the engine has been told that it can talk.
    told: bool,
    founded: bool,
    /// When to take oneself for the first; and at the latest, while nobody has proven to be there.
    alone_at_ms: u64,
    alone_by_ms: u64,
}

impl Guard {
    /// A guard for the engine of this process. `seed` must be secret, and used for nothing else.
    pub fn new(
        settings: Settings,
        credentials: &Credentials,
        database: DatabaseId,
        writer: Writer,
        seed: &Secret,
    ) -> Result<Self, CannotSign> {
        let mut entropy = Entropy::new(seed);
        let identity = credentials.certify(database, writer, &entropy.secret())?;
        let challenge_secret = entropy.secret();
        Ok(Self {
            settings,
            authority: credentials.authority(database),
            identity,
            entropy,
            counter: Arc::default(),
            sealer: None,
            ring: KeyRing::default(),
            roster: Roster::default(),
            stage: Stage::Idle,
            offers: VecDeque::new(),
            challenges: BTreeMap::new(),
            challenge_secret,
            crowded_until_ms: 0,
            proofs: 0,
            proofs_since_ms: 0,
            parked: Parked::default(),
            release_due: false,
            samples: VecDeque::new(),
            out: VecDeque::new(),
            refusals: Refusals::default(),
            connected: false,
            told: false,
            founded: false,
            alone_at_ms: 0,
            alone_by_ms: 0,
        })
    }

    fn me(&self) -> Writer {
        self.identity.certificate.writer
    }

    fn writes(&self) -> bool {
        self.identity.certificate.writes
    }

    fn database(&self) -> DatabaseId {
        self.authority.database()
    }

    /// The connection is there (again).
    pub fn connect(&mut self, now_ms: u64) {
        if std::mem::replace(&mut self.connected, true) {
            return;
        }
        self.alone_at_ms = now_ms + self.settings.alone_after_ms;
        self.alone_by_ms = now_ms + 4 * self.settings.alone_after_ms;
        if self.ring.is_empty() {
            self.ask(now_ms, Destination::All, KeyId::NONE);
        }
    }

    /// The connection is gone.
    pub fn disconnect(&mut self) {
        self.connected = false;
        self.stage = Stage::Idle;
        self.offers.clear();
        self.challenges.clear();
        self.parked.clear();
        self.out.clear();
    }

    /// What the engine has to be told before anything else: that it can talk to others, or not any more.
    pub fn link(&mut self) -> Option<Event<'static>> {
        let up = self.connected && !self.ring.is_empty();
        if std::mem::replace(&mut self.told, up) == up {
            return None;
        }
        Some(match up {
            true if std::mem::take(&mut self.founded) => Event::Founded,
            true => Event::Connected,
            false => Event::Disconnected,
        })
    }

    /// What seals and signs the engine's messages at present, if there is a data key.
    pub fn sealer(&self) -> Option<&Arc<Sealer>> {
        self.sealer.as_ref()
    }

    /// The next message of the handshake to send. Messages that were sealed before go before it.
    pub fn poll_message(&mut self) -> Option<Outgoing> {
        self.out.pop_front()
    }

    /// Messages that were not taken.
    pub fn refusals(&self) -> Refusals {
        self.refusals
    }

    /// How many data keys are held.
    pub fn data_keys(&self) -> usize {
        self.ring.len()
    }

    /// The data key that is sealed with.
    pub fn data_key(&self) -> Option<KeyId> {
        self.sealer.as_ref().map(|sealer| sealer.key_id())
    }

    /// A message has come. What the engine is to see of it, and of earlier ones that had to wait, is appended to `clear`.
    pub fn receive(&mut self, now_ms: u64, bytes: &Bytes, clear: &mut Vec<Bytes>) {
        if !self.connected {
            return;
        }
        if bytes.len() > 2 * MESSAGE_BYTES_MAX + SEALING_BYTES {
            self.refusals.malformed += 1;
            return;
        }
        match Envelope::read(bytes) {
            Err(error) => self.refusals.decoding(error),
            Ok(Envelope::Sealed(message)) => self.on_sealed(now_ms, bytes, &message, None, clear),
            Ok(Envelope::Hello(hello)) => self.on_hello(now_ms, &hello, bytes),
            Ok(Envelope::Offer(offer)) => self.on_offer(now_ms, &offer, bytes),
            Ok(Envelope::Claim(claim)) => self.on_claim(now_ms, &claim, bytes),
            Ok(Envelope::Grant(grant)) => self.on_grant(now_ms, &grant),
            Ok(Envelope::Challenge(challenge)) => self.on_challenge(now_ms, &challenge),
            Ok(Envelope::Proof(proof)) => self.on_proof(now_ms, &proof),
        }
        self.release(now_ms, clear);
        self.fetch_missing_key(now_ms);
    }

    /// Looks again at the messages that are kept, if there is something new.
    fn release(&mut self, now_ms: u64, clear: &mut Vec<Bytes>) {
        if std::mem::take(&mut self.release_due) {
            for held in self.parked.take() {
                if let Ok(Envelope::Sealed(message)) = Envelope::read(&held.bytes) {
                    self.on_sealed(now_ms, &held.bytes, &message, Some(held.since_ms), clear);
                }
            }
        }
    }

    /// `held_since_ms`: of a message that has been kept.
    fn on_sealed(
        &mut self,
        now_ms: u64,
        bytes: &Bytes,
        message: &Sealed<'_>,
        held_since_ms: Option<u64>,
        clear: &mut Vec<Bytes>,
    ) {
        let (seal, database, me) = (message.seal, self.database(), self.me());
        if seal.writer == me {
            // NATS gives a sender its own messages, too.
            return;
        }
        let since_ms = held_since_ms.unwrap_or(now_ms);
        let Some(key) = self.ring.get(seal.key).map(Arc::clone) else {
            self.refusals.unknown_key += u64::from(held_since_ms.is_none());
            self.somebody_may_be_there(now_ms);
            return self.park(bytes, message, since_ms);
        };
        let subkey = match self.roster.get_mut(seal.writer) {
            Some(known) => known.subkey(&key, seal.writer, seal.epoch),
            None => key.subkey(seal.writer, seal.epoch).map(Arc::new),
        };
        let Some(opened) = subkey.and_then(|subkey| open(&subkey, database, message, me)) else {
            self.refusals.bad_seal += 1;
            return;
        };
        let Some(known) = self.roster.get(seal.writer) else {
            self.refusals.unknown_epoch += u64::from(held_since_ms.is_none());
            self.park(bytes, message, since_ms);
            return self.challenge(now_ms, seal.writer);
        };
        if !known.window.is_fresh(seal.counter) {
            self.refusals.replayed += 1;
            return;
        }
        if !is_signed(&known.public, database, message, me) {
            self.refusals.bad_signature += 1;
            return;
        }
        let writes = known.writes;
        if seal.epoch.is_readers() == writes {
            self.refusals.duplicate_epoch += 1;
            return;
        }
        if writes && !self.writes() {
            self.ring.prefer(seal.key, now_ms, self.settings.lease_ms);
            self.seal_with_the_best();
        }
        if self.roster.is_hasty(seal.writer, seal.epoch, now_ms, self.settings.lease_ms) {
            self.refusals.overflow += 1;
            return;
        }
        if !self.roster.take(seal.writer, seal.epoch, seal.counter, now_ms) {
            self.refusals.duplicate_epoch += 1;
            return;
        }
        if !decode_header(&opened).is_ok_and(|header| (header.writer, header.epoch) == (seal.writer, seal.epoch)) {
            self.refusals.malformed += 1;
            return;
        }
        if !writes && !reader_may_say(&opened) {
            self.refusals.unauthorised += 1;
            return;
        }
        clear.push(opened);
    }

    fn park(&mut self, bytes: &Bytes, message: &Sealed<'_>, since_ms: u64) {
        let known = self.roster.get(message.seal.writer).is_some();
        if !self.parked.add(bytes, &message.seal, known, since_ms) {
            self.refusals.overflow += 1;
        }
    }

    /// Asks one whose messages can be opened whether it is alive.
    fn challenge(&mut self, now_ms: u64, writer: Writer) {
        if self.challenges.contains_key(&writer) {
            return;
        }
        if self.challenges.len() >= CHALLENGES_MAX {
            // Any one: who makes names up can't tell which. Its answer counts all the same; twice, if it is forgotten meanwhile.
            self.refusals.overflow += 1;
            self.crowded_until_ms = now_ms + 2 * SLOT_MS;
            let any = self.entropy.number() as usize % self.challenges.len();
            if let Some(any) = self.challenges.keys().nth(any).copied() {
                self.challenges.remove(&any);
            }
        }
        self.challenges.insert(writer, Asked { tries: 1, again_at_ms: now_ms + CHALLENGE_MS });
        self.send_challenge(now_ms, writer);
    }

    fn send_challenge(&mut self, now_ms: u64, writer: Writer) {
        let message = Challenge { writer: self.me(), nonce: self.nonce(writer, now_ms / SLOT_MS) };
        self.send(Destination::One(writer), message.encode().into());
    }

    /// What a process is asked in a span of time.
    fn nonce(&self, writer: Writer, slot: u64) -> Nonce {
        mac(&self.challenge_secret, &[writer.0, slot])
    }

    fn on_challenge(&mut self, now_ms: u64, challenge: &Challenge) {
        if now_ms >= self.proofs_since_ms + PROOFS_MS {
            (self.proofs, self.proofs_since_ms) = (0, now_ms);
        }
        if self.proofs >= PROOFS_MAX {
            self.refusals.overflow += 1;
            return;
        }
        self.proofs += 1;
        let proof = Proof {
            certificate: self.identity.certificate.clone(),
            asked: challenge.nonce,
            counts: self.counts(now_ms),
        };
        let body = proof.encode();
        let signature = self.identity.sign(&proven(self.database(), &body));
        self.send(Destination::One(challenge.writer), [body.as_slice(), &signature].concat().into());
    }

    fn on_proof(&mut self, now_ms: u64, proof: &Signed<'_, Proof>) {
        let Proof { certificate, asked, counts } = &proof.said;
        let writer = certificate.writer;
        let slot = now_ms / SLOT_MS;
        let fresh = [slot, slot.saturating_sub(1)].iter().any(|slot| self.nonce(writer, *slot) == *asked);
        // Each answer is waited for, but for some when there are too many.
        let forgotten = now_ms < self.crowded_until_ms && self.roster.get(writer).is_none();
        if !fresh || !(self.challenges.contains_key(&writer) || forgotten) {
            self.refusals.replayed += 1;
            return;
        }
        if !verify(&certificate.public, &proven(self.database(), proof.body), proof.signature) {
            self.refusals.bad_signature += 1;
            return;
        }
        if !self.authority.is_certified(certificate) || !self.roster.admit(entry_of(certificate, counts.last), now_ms) {
            self.refusals.bad_certificate += 1;
            return;
        }
        self.challenges.remove(&writer);
        self.has_proven_itself(writer, counts.recent);
    }

    /// A process has just answered a fresh number: what has been kept of it, and is recent, is taken.
    fn has_proven_itself(&mut self, writer: Writer, recent: u64) {
        if let Some(known) = self.roster.get_mut(writer)
            && known.is_new()
        {
            let kept = self.parked.counters_of(writer).filter(|counter| *counter > recent);
            kept.for_each(|counter| known.window.allow(counter));
        }
        self.release_due = true;
    }

    /// Time has passed. As [`Guard::receive`].
    pub fn tick(&mut self, now_ms: u64, clear: &mut Vec<Bytes>) {
        if !self.connected {
            return;
        }
        self.sample_counter(now_ms);
        let keep_ms = KEEP_LEASES * self.settings.lease_ms;
        self.ring.retire(now_ms, keep_ms);
        self.roster.prune(now_ms.saturating_sub(keep_ms));
        self.parked.expire(now_ms);
        self.expire_offers(now_ms);
        self.repeat_challenges(now_ms);
        self.repeat_asking(now_ms);
        if self.ring.is_empty() {
            if !self.writes() || now_ms < self.alone_at_ms {
                return;
            }
            self.found(now_ms);
        }
        self.fetch_missing_key(now_ms);
        if self.settings.rotate_after_ms > 0 && self.ring.age_ms(now_ms) >= self.settings.rotate_after_ms {
            let me = self.me();
            let lower = |writer: Writer| writer < me;
            if !self.roster.writers_since(now_ms.saturating_sub(self.settings.lease_ms)).any(lower) {
                self.rotate(now_ms);
            }
        }
        self.release(now_ms, clear);
    }

    fn repeat_challenges(&mut self, now_ms: u64) {
        let mut again = Vec::new();
        self.challenges.retain(|writer, asked| {
            if now_ms < asked.again_at_ms {
                return true;
            }
            asked.tries += 1;
            asked.again_at_ms = now_ms + CHALLENGE_MS;
            if asked.tries <= CHALLENGE_TRIES {
                again.push(*writer);
            }
            asked.tries <= CHALLENGE_TRIES
        });
        for writer in again {
            self.send_challenge(now_ms, writer);
        }
    }

    /// When [`Guard::tick`] is due, at the latest.
    pub fn poll_timeout(&self) -> u64 {
        if !self.connected {
            return u64::MAX;
        }
        let challenges = self.challenges.values().map(|asked| asked.again_at_ms);
        let alone = (self.ring.is_empty() && self.writes()).then_some(self.alone_at_ms);
        challenges.chain(alone).chain(self.stage.again_at_ms()).min().unwrap_or(u64::MAX)
    }

    /// Makes the first data key.
    fn found(&mut self, now_ms: u64) {
        self.founded = true;
        self.stage = Stage::Idle;
        self.make_key(now_ms, 1);
    }

    /// Makes a new data key, which replaces the others. Nothing happens in a process that only reads.
    pub fn rotate(&mut self, now_ms: u64) {
        let Some(generation) = self.ring.best().map(|key| key.generation) else { return };
        if self.writes() {
            self.make_key(now_ms, generation.saturating_add(1));
        }
    }

    fn make_key(&mut self, now_ms: u64, generation: u64) {
        let key = DataKey::new(KeyId(self.entropy.number()), generation, self.entropy.secret());
        self.take_keys(now_ms, vec![Given { key, unused_ms: 0 }]);
    }

    /// Takes keys over, but for those that the one in use has replaced: who still has one of these must show the read key to
    /// get the present one, and is not helped by members that bring the old one back.
    fn take_keys(&mut self, now_ms: u64, keys: Vec<Given>) {
        let replaced = |key: &DataKey| self.ring.best().is_some_and(|best| key.generation < best.generation);
        let keys: Vec<_> = keys.into_iter().filter(|given| !self.writes() || !replaced(&given.key)).collect();
        for key in keys {
            self.ring.add(key, now_ms);
        }
        self.release_due = true;
        self.seal_with_the_best();
    }

    fn seal_with_the_best(&mut self) {
        if let Some(best) = self.ring.best()
            && self.sealer.as_ref().is_none_or(|sealer| sealer.key_id() != best.id)
        {
            let (database, identity) = (self.database(), self.identity.clone());
            self.sealer = Some(Arc::new(Sealer::new(database, identity, Arc::clone(best), Arc::clone(&self.counter))));
        }
    }

    /// The number of the last message that was sealed, and of the last that was no longer recent.
    fn counts(&mut self, now_ms: u64) -> Counts {
        self.sample_counter(now_ms);
        let long_ago = self.samples.iter().rev().find(|(at_ms, _)| at_ms + RECENT_MS <= now_ms);
        let recent = long_ago.map_or(0, |(_, counter)| *counter);
        Counts { last: self.counter.load(Ordering::Relaxed), recent }
    }

    fn sample_counter(&mut self, now_ms: u64) {
        if self.samples.back().is_some_and(|(at_ms, _)| now_ms < at_ms + RECENT_MS / 4) {
            return;
        }
        self.samples.push_back((now_ms, self.counter.load(Ordering::Relaxed)));
        // The oldest that is kept is older than what is recent, or the first of all.
        while self.samples.get(1).is_some_and(|(at_ms, _)| at_ms + RECENT_MS <= now_ms) {
            self.samples.pop_front();
        }
    }

    fn send(&mut self, to: Destination, bytes: Bytes) {
        if self.out.len() >= OUT_MAX {
            self.refusals.overflow += 1;
            return;
        }
        self.out.push_back(Outgoing { to, bytes });
    }
}
