//! Handing out data keys.

use bytes::Bytes;
use zeroize::Zeroizing;

use super::Guard;
use crate::core::cert::verify;
use crate::core::codec::{Claim, Grant, Hello, Nonce, Offer, Signed};
use crate::core::engine::Destination;
use crate::core::handshake::{Exchange, Transcript, claimed, granted, offered, transcript, transcript_with_claim};
use crate::core::ids::Writer;
use crate::core::keyring::KeyId;
use crate::core::roster::entry_of;
use crate::core::secret::hash;

/// Handshakes that may be under way at once, with this process as donor.
pub(super) const OFFERS_MAX: usize = 64;
/// How long an offer stands.
const OFFER_MS: u64 = 2_000;

/// A handshake under way.
#[derive(Debug)]
pub(super) struct Offered {
    joiner: Writer,
    asked: Nonce,
    nonce: Nonce,
    transcript: Transcript,
    their_exchange: [u8; 32],
    exchange: Option<Exchange>,
    message: Bytes,
    /// A hash of the claim that was granted, and the grant.
    given: Option<([u8; 32], Bytes)>,
    at_ms: u64,
}

impl Guard {
    pub(super) fn expire_offers(&mut self, now_ms: u64) {
        self.offers.retain(|offer| now_ms < offer.at_ms + OFFER_MS);
    }

    pub(super) fn on_hello(&mut self, now_ms: u64, hello: &Hello, bytes: &Bytes) {
        if hello.writer == self.me() {
            return;
        }
        if self.ring.is_empty() {
            if hello.keyless && hello.writes && hello.writer < self.me() {
                // The lowest of those that start at once makes the key.
                self.somebody_may_be_there(now_ms);
            }
            return;
        }
        let has_it = hello.wanted == KeyId::NONE || self.ring.get(hello.wanted).is_some();
        if !self.writes() || !has_it {
            return;
        }
        let again = self.offers.iter().find(|offer| (offer.joiner, offer.asked) == (hello.writer, hello.nonce));
        if let Some(offer) = again {
            let message = offer.message.clone();
            return self.send(Destination::One(hello.writer), message);
        }
        self.expire_offers(now_ms);
        if self.offers.len() >= OFFERS_MAX {
            self.refusals.overflow += 1;
            return;
        }
        let Some(exchange) = Exchange::new() else { return };
        let offer = Offer {
            certificate: self.identity.certificate.clone(),
            asked: hello.nonce,
            nonce: *self.entropy.bytes(),
            exchange: exchange.public,
            counts: self.counts(now_ms),
        };
        let body = offer.encode();
        let signature = self.identity.sign(&offered(self.database(), bytes, &body));
        let message = Bytes::from([body.as_slice(), &signature].concat());
        self.offers.push_back(Offered {
            joiner: hello.writer,
            asked: hello.nonce,
            nonce: offer.nonce,
            transcript: transcript(self.database(), bytes, &message),
            their_exchange: hello.exchange,
            exchange: Some(exchange),
            message: message.clone(),
            given: None,
            at_ms: now_ms,
        });
        self.send(Destination::One(hello.writer), message);
    }

    pub(super) fn on_claim(&mut self, now_ms: u64, claim: &Signed<'_, Claim<'_>>, bytes: &Bytes) {
        let Claim { certificate, offered, counts, reads } = &claim.said;
        let joiner = certificate.writer;
        let found = self.offers.iter().position(|offer| (offer.joiner, &offer.nonce) == (joiner, offered));
        let Some(index) = found else {
            self.refusals.replayed += 1;
            return;
        };
        let Some(offer) = self.offers.get(index) else { return };
        if let Some((granted_claim, grant)) = &offer.given {
            if *granted_claim == hash("", &[bytes]) {
                let grant = grant.clone();
                return self.send(Destination::One(joiner), grant);
            }
            self.refusals.replayed += 1;
            return;
        }
        let said = offer.transcript;
        if !verify(&certificate.public, &claimed(&said, claim.body), claim.signature) {
            self.refusals.bad_signature += 1;
            return;
        }
        if !self.authority.is_certified(certificate) || !self.authority.may_read(&said, certificate, reads) {
            self.refusals.bad_certificate += 1;
            return;
        }
        // From here on it is somebody with the keys; a failure ends the handshake.
        let Some(offer) = self.offers.get_mut(index) else { return };
        let theirs = offer.their_exchange;
        let Some(wrap) = offer.exchange.take().and_then(|exchange| exchange.agree(&theirs, &said)) else {
            self.refusals.bad_seal += 1;
            return;
        };
        if !self.roster.admit(entry_of(certificate, counts.last), now_ms) {
            self.refusals.bad_certificate += 1;
            return;
        }
        self.has_proven_itself(joiner, counts.recent);
        let said = transcript_with_claim(&said, bytes);
        let mut clear = Zeroizing::new(Vec::with_capacity(64 * 1024));
        self.ring.put(now_ms, &mut clear);
        self.roster.put(now_ms.saturating_sub(2 * self.settings.lease_ms), &mut clear);
        let Some(sealed) = wrap.seal(&said, clear) else { return };
        let Ok(reads) = self.authority.sign_read(&said, &self.identity.certificate) else { return };
        let body = Grant { writer: self.me(), offered: *offered, reads: &reads, sealed: &sealed }.encode();
        let signature = self.identity.sign(&granted(&said, &body));
        let grant = Bytes::from([body.as_slice(), &signature].concat());
        if let Some(offer) = self.offers.get_mut(index) {
            offer.given = Some((hash("", &[bytes]), grant.clone()));
        }
        self.send(Destination::One(joiner), grant);
    }
}
