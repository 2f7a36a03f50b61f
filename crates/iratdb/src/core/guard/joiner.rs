//! Asking for data keys.

use bytes::Bytes;

use super::Guard;
use crate::core::cert::verify;
use crate::core::codec::{Certificate, Claim, Grant, Hello, Nonce, Offer, Reader, Signed};
use crate::core::engine::Destination;
use crate::core::handshake::{
    Exchange, Transcript, Wrap, claimed, granted, offered, transcript, transcript_with_claim,
};
use crate::core::keyring::{KeyId, KeyRing};
use crate::core::roster::{Roster, entry_of};

/// How long a donor has for a grant, and how often it is asked.
const CLAIM_MS: u64 = 150;
const CLAIMS_MAX: u32 = 4;
/// How often the sender of a message under an unknown key is asked, before all are; and how often these.
const DIRECT_TRIES: u32 = 2;
const TRIES_MAX: u32 = 2;

/// How far this process is in getting a data key.
#[derive(Debug)]
pub(super) enum Stage {
    Idle,
    Asking(Asking),
    Claiming(Box<Claiming>),
}

#[derive(Debug)]
pub(super) struct Asking {
    exchange: Exchange,
    nonce: Nonce,
    wanted: KeyId,
    /// Whether a known process uses the key: that goes before what anybody may have made up.
    known: bool,
    message: Bytes,
    to: Destination,
    tries: u32,
    again_at_ms: u64,
}

#[derive(Debug)]
pub(super) struct Claiming {
    donor: Certificate,
    wanted: KeyId,
    offered: Nonce,
    transcript: Transcript,
    wrap: Wrap,
    message: Bytes,
    tries: u32,
    again_at_ms: u64,
}

#[cfg(test)]
impl Claiming {
    pub(super) fn donor_writer(&self) -> crate::core::ids::Writer {
        self.donor.writer
    }

    pub(super) fn transcript(&self) -> &Transcript {
        &self.transcript
    }
}

impl Stage {
    pub(super) fn again_at_ms(&self) -> Option<u64> {
        match self {
            Self::Idle => None,
            Self::Asking(asking) => Some(asking.again_at_ms),
            Self::Claiming(claiming) => Some(claiming.again_at_ms),
        }
    }
}

impl Guard {
    fn ask_every_ms(&self, now_ms: u64) -> u64 {
        let nobody_is_there = self.ring.is_empty() && now_ms > self.alone_by_ms;
        if nobody_is_there { self.settings.lease_ms / 4 } else { self.settings.alone_after_ms / 3 }.max(1)
    }

    /// Says HELLO.
    pub(super) fn ask(&mut self, now_ms: u64, to: Destination, wanted: KeyId) {
        let Some(exchange) = Exchange::new() else { return };
        let hello = Hello {
            writer: self.me(),
            writes: self.writes(),
            keyless: self.ring.is_empty(),
            // Who is asked alone gives what it has: if it did not send that message, at least its present key.
            wanted: if to == Destination::All { wanted } else { KeyId::NONE },
            nonce: *self.entropy.bytes(),
            exchange: exchange.public,
        };
        let message = Bytes::from(hello.encode());
        self.send(to, message.clone());
        let again_at_ms = now_ms + self.ask_every_ms(now_ms);
        let known = self.parked.iter().any(|held| held.known && held.key == wanted);
        let nonce = hello.nonce;
        self.stage = Stage::Asking(Asking { exchange, nonce, wanted, known, message, to, tries: 1, again_at_ms });
    }

    /// Starts to ask for the key of a message that is kept, if one lacks.
    pub(super) fn fetch_missing_key(&mut self, now_ms: u64) {
        let busy = match &self.stage {
            Stage::Idle => false,
            Stage::Asking(asking) => asking.known,
            Stage::Claiming(_) => true,
        };
        if self.ring.is_empty() || busy {
            return;
        }
        let missing = || self.parked.iter().filter(|held| self.ring.get(held.key).is_none());
        let known = missing().find(|held| held.known);
        let first = if matches!(self.stage, Stage::Idle) { known.or_else(|| missing().next()) } else { known };
        let Some((writer, key)) = first.map(|held| (held.writer, held.key)) else { return };
        let only_reads = self.roster.get(writer).is_some_and(|known| !known.writes);
        self.ask(now_ms, if only_reads { Destination::All } else { Destination::One(writer) }, key);
    }

    pub(super) fn repeat_asking(&mut self, now_ms: u64) {
        if self.stage.again_at_ms().is_none_or(|at| now_ms < at) {
            return;
        }
        let every_ms = self.ask_every_ms(now_ms);
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Idle => {}
            Stage::Asking(asking) if asking.wanted != KeyId::NONE && asking.tries >= TRIES_MAX => {
                self.parked.give_up(asking.wanted);
            }
            Stage::Asking(asking) if asking.to != Destination::All && asking.tries >= DIRECT_TRIES => {
                self.ask(now_ms, Destination::All, asking.wanted);
            }
            Stage::Asking(mut asking) => {
                asking.tries += 1;
                asking.again_at_ms = now_ms + every_ms;
                self.send(asking.to, asking.message.clone());
                self.stage = Stage::Asking(asking);
            }
            Stage::Claiming(mut claiming) if claiming.tries < CLAIMS_MAX => {
                claiming.tries += 1;
                claiming.again_at_ms = now_ms + CLAIM_MS;
                self.send(Destination::One(claiming.donor.writer), claiming.message.clone());
                self.stage = Stage::Claiming(claiming);
            }
            // The donor is gone. With a key in hand, a message under another will start it again.
            Stage::Claiming(_) if self.ring.is_empty() => self.ask(now_ms, Destination::All, KeyId::NONE),
            Stage::Claiming(_) => {}
        }
    }

    /// A message says so that anybody could have sent: it is waited a bounded time for more.
    pub(super) fn somebody_may_be_there(&mut self, now_ms: u64) {
        let at_ms = (now_ms + self.settings.alone_after_ms).min(self.alone_by_ms);
        self.alone_at_ms = self.alone_at_ms.max(at_ms);
    }

    pub(super) fn on_offer(&mut self, now_ms: u64, offer: &Signed<'_, Offer>, bytes: &Bytes) {
        let Stage::Asking(asking) = &self.stage else {
            // The others who could have been the donor.
            return;
        };
        let Offer { certificate: donor, asked, nonce, exchange, counts } = &offer.said;
        if *asked != asking.nonce {
            return;
        }
        let database = self.database();
        if !verify(&donor.public, &offered(database, &asking.message, offer.body), offer.signature) {
            self.refusals.bad_signature += 1;
            return;
        }
        if !donor.writes
            || !self.authority.is_certified(donor)
            || !self.roster.admit(entry_of(donor, counts.last), now_ms)
        {
            self.refusals.bad_certificate += 1;
            return;
        }
        let said = transcript(database, &asking.message, bytes);
        self.has_proven_itself(donor.writer, counts.recent);
        // A donor lives: this process is not the first, even if the handshake fails a few times.
        self.alone_at_ms = self.alone_at_ms.max(now_ms + 4 * self.settings.alone_after_ms);
        let Stage::Asking(asking) = std::mem::replace(&mut self.stage, Stage::Idle) else { return };
        let claim = asking.exchange.agree(exchange, &said).and_then(|wrap| {
            let certificate = self.identity.certificate.clone();
            let reads = self.authority.sign_read(&said, &certificate).ok()?;
            let claim = Claim { certificate, offered: *nonce, counts: self.counts(now_ms), reads: &reads };
            Some((claim.encode(), wrap))
        });
        let Some((body, wrap)) = claim else {
            self.refusals.malformed += 1;
            return self.ask(now_ms, asking.to, asking.wanted);
        };
        let signature = self.identity.sign(&claimed(&said, &body));
        let message = Bytes::from([body.as_slice(), &signature].concat());
        self.send(Destination::One(donor.writer), message.clone());
        self.stage = Stage::Claiming(Box::new(Claiming {
            donor: donor.clone(),
            wanted: asking.wanted,
            offered: *nonce,
            transcript: transcript_with_claim(&said, &message),
            wrap,
            message,
            tries: 1,
            again_at_ms: now_ms + CLAIM_MS,
        }));
    }

    pub(super) fn on_grant(&mut self, now_ms: u64, grant: &Signed<'_, Grant<'_>>) {
        let Stage::Claiming(claiming) = &self.stage else { return };
        let Grant { writer, offered, reads, sealed } = grant.said;
        if (writer, offered) != (claiming.donor.writer, claiming.offered) {
            return;
        }
        if !verify(&claiming.donor.public, &granted(&claiming.transcript, grant.body), grant.signature) {
            self.refusals.bad_signature += 1;
            return;
        }
        if !self.authority.may_read(&claiming.transcript, &claiming.donor, reads) {
            self.refusals.bad_certificate += 1;
            return;
        }
        let Some(clear) = claiming.wrap.open(&claiming.transcript, sealed) else {
            self.refusals.bad_seal += 1;
            return;
        };
        let mut reader = Reader::new(&clear);
        let (Ok(keys), Ok(roster)) = (KeyRing::read(&mut reader), Roster::read(&mut reader)) else {
            self.refusals.malformed += 1;
            return;
        };
        let wanted = claiming.wanted;
        self.stage = Stage::Idle;
        // A joiner gets what it has missed from the donor. For one that merges, those whose messages are waiting prove
        // themselves, so that these count.
        let merging = !self.ring.is_empty();
        for entry in roster {
            let waits = merging && self.parked.counters_of(entry.writer).next().is_some();
            if entry.writer != self.me() && !waits {
                // One that is known under another key stays what it is.
                self.roster.admit(entry, now_ms);
            }
        }
        self.take_keys(now_ms, keys);
        if wanted != KeyId::NONE && self.ring.get(wanted).is_none() {
            // One that has been replaced: its sender will take the new one.
            self.parked.give_up(wanted);
        }
    }
}
