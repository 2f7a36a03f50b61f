//! What messages travel in when the database has keys: sealed and signed, and the messages of the handshake that
//! hands the data key over. See [`crate::core::guard`].
//!
//! A sealed message: version, kind, flags, key id, writer, epoch, counter; then the ciphertext with its tag; then the
//! signature. The handshake's messages end in a signature, too, all but the first questions, which prove nothing.

use super::wire::{DecodeError, Reader, put_bytes, put_u64};
use crate::core::ids::{Epoch, Writer};
use crate::core::keyring::KeyId;

/// Version of the format of sealed messages. Version 1 is the open format.
pub const SEALED_VERSION: u8 = 3;
/// Bytes of the clear front of a sealed message.
pub const FRONT_BYTES: usize = 3 + 4 * 8;
/// Bytes of an authentication tag of AES-256-GCM.
const TAG_BYTES: usize = 16;
/// Bytes of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;
/// What sealing adds to a message.
pub const SEALING_BYTES: usize = FRONT_BYTES + TAG_BYTES + SIGNATURE_BYTES;
/// Largest RSA signature taken: a modulus of 8192 bits.
const RSA_BYTES_MAX: usize = 1024;

const SEALED: u8 = 1;
const HELLO: u8 = 2;
const OFFER: u8 = 3;
const CLAIM: u8 = 4;
const GRANT: u8 = 5;
const CHALLENGE: u8 = 6;
const PROOF: u8 = 7;

const TO_ONE: u8 = 1;

/// A fresh random number that an answer has to repeat.
pub type Nonce = [u8; 32];

/// The clear front of a sealed message. All of it is associated data of the seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// Whether it is for one process; otherwise for all.
    pub to_one: bool,
    /// The data key.
    pub key: KeyId,
    /// The sender.
    pub writer: Writer,
    /// Its epoch.
    pub epoch: Epoch,
    /// The sender's number for this message, from 1, never used again: the nonce.
    pub counter: u64,
}

impl Seal {
    /// As bytes.
    pub fn front(&self) -> [u8; FRONT_BYTES] {
        let mut out = [0; FRONT_BYTES];
        let numbers = [self.key.0, self.writer.0, self.epoch.0, self.counter];
        let (start, rest) = out.split_at_mut(3);
        start.copy_from_slice(&[SEALED_VERSION, SEALED, if self.to_one { TO_ONE } else { 0 }]);
        for (place, number) in rest.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        out
    }
}

/// A sealed message as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// The front.
    pub seal: Seal,
    /// The ciphertext and its tag.
    pub sealed: &'a [u8],
    /// The sender's signature.
    pub signature: &'a [u8],
}

/// That a process may write, or only read: its Ed25519 key, signed with the database's write or read key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The process.
    pub writer: Writer,
    /// Whether it is signed with the write key.
    pub writes: bool,
    /// The process's Ed25519 key.
    pub public: [u8; 32],
    /// RSA-PSS over the rest.
    pub signature: Box<[u8]>,
}

/// Where a process is with the numbers of its sealed messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// The last one.
    pub last: u64,
    /// The last one that is no longer recent: what came after it and has arrived already is no recording of long ago.
    pub recent: u64,
}

/// "Who can give me a data key?": to all, or to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hello {
    /// Who asks.
    pub writer: Writer,
    /// Whether it has the write key (it says).
    pub writes: bool,
    /// Whether it has no data key at all.
    pub keyless: bool,
    /// The data key it needs; zero for any.
    pub wanted: KeyId,
    /// To be repeated in the answer.
    pub nonce: Nonce,
    /// Its fresh X25519 key.
    pub exchange: [u8; 32],
}

/// "I can": the donor proves itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The donor's certificate.
    pub certificate: Certificate,
    /// From the question.
    pub asked: Nonce,
    /// To be repeated in the claim.
    pub nonce: Nonce,
    /// The donor's fresh X25519 key.
    pub exchange: [u8; 32],
    /// The donor's numbers.
    pub counts: Counts,
}

/// "I may": the joiner proves itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The joiner's certificate.
    pub certificate: Certificate,
    /// From the offer.
    pub offered: Nonce,
    /// The joiner's numbers.
    pub counts: Counts,
    /// The read key's signature over the transcript.
    pub reads: &'a [u8],
}

/// The keys and the roster, sealed for the joiner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The donor.
    pub writer: Writer,
    /// From the offer.
    pub offered: Nonce,
    /// The read key's signature over the transcript, by the donor: a certificate alone may be stolen.
    pub reads: &'a [u8],
    /// Key ring and roster, sealed.
    pub sealed: &'a [u8],
}

/// "Are you alive?": to one whose messages can be opened, but who is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// Who asks.
    pub writer: Writer,
    /// To be repeated in the answer.
    pub nonce: Nonce,
}

/// "I am."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Who answers.
    pub certificate: Certificate,
    /// From the question.
    pub asked: Nonce,
    /// Its numbers.
    pub counts: Counts,
}

/// A message whose last bytes sign those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a, T> {
    /// What it says.
    pub said: T,
    /// What is signed.
    pub body: &'a [u8],
    /// The Ed25519 signature.
    pub signature: &'a [u8],
}

/// A message of a database with keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Envelope<'a> {
    /// A message of the replication.
    Sealed(Sealed<'a>),
    /// See [`Hello`].
    Hello(Hello),
    /// See [`Offer`].
    Offer(Signed<'a, Offer>),
    /// See [`Claim`].
    Claim(Signed<'a, Claim<'a>>),
    /// See [`Grant`].
    Grant(Signed<'a, Grant<'a>>),
    /// See [`Challenge`].
    Challenge(Challenge),
    /// See [`Proof`].
    Proof(Signed<'a, Proof>),
}

impl<'a> Envelope<'a> {
    /// Reads the outside of a message; whatever comes in.
    pub fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let version = reader.u8()?;
        if version != SEALED_VERSION {
            return Err(DecodeError::Version(version));
        }
        let kind = reader.u8()?;
        match kind {
            SEALED => return read_sealed(reader).map(Self::Sealed),
            HELLO => return read_hello(reader).map(Self::Hello),
            CHALLENGE => {
                flagless(&mut reader)?;
                let challenge = Challenge { writer: Writer(reader.u64()?), nonce: array(&mut reader)? };
                reader.finish()?;
                return Ok(Self::Challenge(challenge));
            }
            OFFER | CLAIM | GRANT | PROOF => {}
            tag => return Err(DecodeError::Tag(tag)),
        }
        let split = bytes.len().checked_sub(SIGNATURE_BYTES).ok_or(DecodeError::Truncated)?;
        let (body, signature) = bytes.split_at_checked(split).ok_or(DecodeError::Truncated)?;
        let mut reader = Reader::new(body);
        reader.take(2)?;
        flagless(&mut reader)?;
        let envelope = match kind {
            OFFER => {
                let said = Offer {
                    certificate: read_certificate(&mut reader)?,
                    asked: array(&mut reader)?,
                    nonce: array(&mut reader)?,
                    exchange: array(&mut reader)?,
                    counts: read_counts(&mut reader)?,
                };
                Self::Offer(Signed { said, body, signature })
            }
            CLAIM => {
                let said = Claim {
                    certificate: read_certificate(&mut reader)?,
                    offered: array(&mut reader)?,
                    counts: read_counts(&mut reader)?,
                    reads: rsa_bytes(&mut reader)?,
                };
                Self::Claim(Signed { said, body, signature })
            }
            GRANT => {
                let writer = Writer(reader.u64()?);
                let said = Grant {
                    writer,
                    offered: array(&mut reader)?,
                    reads: rsa_bytes(&mut reader)?,
                    sealed: reader.bytes()?,
                };
                Self::Grant(Signed { said, body, signature })
            }
            _ => {
                let said = Proof {
                    certificate: read_certificate(&mut reader)?,
                    asked: array(&mut reader)?,
                    counts: read_counts(&mut reader)?,
                };
                Self::Proof(Signed { said, body, signature })
            }
        };
        reader.finish()?;
        Ok(envelope)
    }
}

fn array<const N: usize>(reader: &mut Reader<'_>) -> Result<[u8; N], DecodeError> {
    reader.take(N)?.try_into().map_err(|_| DecodeError::Truncated)
}

fn flagless(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    match reader.u8()? {
        0 => Ok(()),
        flags => Err(DecodeError::Tag(flags)),
    }
}

fn rsa_bytes<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let bytes = reader.bytes()?;
    if bytes.len() > RSA_BYTES_MAX { Err(DecodeError::Range) } else { Ok(bytes) }
}

fn read_bool(reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        tag => Err(DecodeError::Tag(tag)),
    }
}

fn read_sealed<'a>(mut reader: Reader<'a>) -> Result<Sealed<'a>, DecodeError> {
    let flags = reader.u8()?;
    if flags & !TO_ONE != 0 {
        return Err(DecodeError::Tag(flags));
    }
    let seal = Seal {
        to_one: flags & TO_ONE != 0,
        key: KeyId(reader.u64()?),
        writer: Writer(reader.u64()?),
        epoch: Epoch(reader.u64()?),
        counter: reader.u64()?,
    };
    let rest = reader.rest();
    let split = rest.len().checked_sub(SIGNATURE_BYTES).filter(|sealed| *sealed >= TAG_BYTES);
    let (sealed, signature) = split.and_then(|split| rest.split_at_checked(split)).ok_or(DecodeError::Truncated)?;
    Ok(Sealed { seal, sealed, signature })
}

fn read_hello(mut reader: Reader<'_>) -> Result<Hello, DecodeError> {
    flagless(&mut reader)?;
    let hello = Hello {
        writer: Writer(reader.u64()?),
        writes: read_bool(&mut reader)?,
        keyless: read_bool(&mut reader)?,
        wanted: KeyId(reader.u64()?),
        nonce: array(&mut reader)?,
        exchange: array(&mut reader)?,
    };
    reader.finish()?;
    Ok(hello)
}

fn read_counts(reader: &mut Reader<'_>) -> Result<Counts, DecodeError> {
    Ok(Counts { last: reader.u64()?, recent: reader.u64()? })
}

fn read_certificate(reader: &mut Reader<'_>) -> Result<Certificate, DecodeError> {
    Ok(Certificate {
        writer: Writer(reader.u64()?),
        writes: read_bool(reader)?,
        public: array(reader)?,
        signature: rsa_bytes(reader)?.into(),
    })
}

fn start(kind: u8) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(&[SEALED_VERSION, kind, 0]);
    out
}

fn put_certificate(out: &mut Vec<u8>, certificate: &Certificate) {
    put_u64(out, certificate.writer.0);
    out.push(u8::from(certificate.writes));
    out.extend_from_slice(&certificate.public);
    put_bytes(out, &certificate.signature);
}

impl Hello {
    /// The message.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = start(HELLO);
        put_u64(&mut out, self.writer.0);
        out.extend_from_slice(&[u8::from(self.writes), u8::from(self.keyless)]);
        put_u64(&mut out, self.wanted.0);
        out.extend_from_slice(&self.nonce);
        out.extend_from_slice(&self.exchange);
        out
    }
}

impl Offer {
    /// The message, but for the signature.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = start(OFFER);
        put_certificate(&mut out, &self.certificate);
        out.extend_from_slice(&self.asked);
        out.extend_from_slice(&self.nonce);
        out.extend_from_slice(&self.exchange);
        put_u64(&mut out, self.counts.last);
        put_u64(&mut out, self.counts.recent);
        out
    }
}

impl Claim<'_> {
    /// The message, but for the signature.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = start(CLAIM);
        put_certificate(&mut out, &self.certificate);
        out.extend_from_slice(&self.offered);
        put_u64(&mut out, self.counts.last);
        put_u64(&mut out, self.counts.recent);
        put_bytes(&mut out, self.reads);
        out
    }
}

impl Grant<'_> {
    /// The message, but for the signature.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = start(GRANT);
        put_u64(&mut out, self.writer.0);
        out.extend_from_slice(&self.offered);
        put_bytes(&mut out, self.reads);
        put_bytes(&mut out, self.sealed);
        out
    }
}

impl Challenge {
    /// The message.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = start(CHALLENGE);
        put_u64(&mut out, self.writer.0);
        out.extend_from_slice(&self.nonce);
        out
    }
}

impl Proof {
    /// The message, but for the signature.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = start(PROOF);
        put_certificate(&mut out, &self.certificate);
        out.extend_from_slice(&self.asked);
        put_u64(&mut out, self.counts.last);
        put_u64(&mut out, self.counts.recent);
        out
    }
}
