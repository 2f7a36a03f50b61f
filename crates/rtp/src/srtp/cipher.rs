//! Session keys at work: encryption and authentication of one packet.

use aes::cipher::{InnerIvInit, KeyInit, KeyIvInit, StreamCipher};
use aes::{Aes128, Aes256};
use ctr::{Ctr128BE, CtrCore};
use hmac::{Hmac, Mac};
use ring::aead;
use sha1::Sha1;

use super::{ENCRYPTED, Error, INDEX_LEN, RTCP_CLEAR_LEN, Suite};

/// The keys of RTP or of RTCP in one direction.
pub(super) struct Session {
    suite: Suite,
    kind: Kind,
}

enum Kind {
    /// The keys are scheduled once; each packet starts from copies.
    Counter {
        cipher: Box<Aes128>,
        hmac: Box<Hmac<Sha1>>,
        salt: [u8; 14],
    },
    Galois {
        key: Box<aead::LessSafeKey>,
        salt: [u8; 12],
    },
}

impl Session {
    /// # Errors
    /// [`Error::KeyLength`] when a key does not have the suite's length.
    pub(super) fn new(suite: Suite, key: &[u8], authentication_key: &[u8], salt: &[u8]) -> Result<Self, Error> {
        let expected = suite.key_len() + suite.salt_len();
        let wrong = Error::KeyLength { len: key.len() + salt.len(), expected };
        let kind = if suite.is_aead() {
            let algorithm = if key.len() == 32 { &aead::AES_256_GCM } else { &aead::AES_128_GCM };
            let key = aead::UnboundKey::new(algorithm, key).map_err(|_| wrong)?;
            let salt = salt.try_into().map_err(|_| wrong)?;
            Kind::Galois { key: Box::new(aead::LessSafeKey::new(key)), salt }
        } else {
            let hmac = <Hmac<Sha1> as KeyInit>::new_from_slice(authentication_key).map_err(|_| wrong)?;
            let cipher = Box::new(Aes128::new_from_slice(key).map_err(|_| wrong)?);
            Kind::Counter { cipher, hmac: Box::new(hmac), salt: salt.try_into().map_err(|_| wrong)? }
        };
        Ok(Self { suite, kind })
    }

    pub(super) fn suite(&self) -> Suite {
        self.suite
    }

    /// Encrypts what lies behind the first `clear_len` of the packet's `len` bytes and appends the tag. The buffer has room for it.
    pub(super) fn seal_rtp(
        &self,
        packet: &mut [u8],
        clear_len: usize,
        len: usize,
        source: u32,
        index: u64,
    ) -> Result<(), Error> {
        let rollovers = (index >> 16) as u32;
        match &self.kind {
            Kind::Counter { cipher, hmac, salt } => {
                apply(cipher, &counter(salt, source, index), &mut packet[clear_len..len]);
                let mut mac = (**hmac).clone();
                mac.update(&packet[..len]);
                mac.update(&rollovers.to_be_bytes());
                let tag_len = self.suite.rtp_overhead();
                packet[len..len + tag_len].copy_from_slice(&mac.finalize().into_bytes()[..tag_len]);
                Ok(())
            }
            Kind::Galois { key, salt } => {
                let (clear, rest) = packet.split_at_mut(clear_len);
                let (secret, tag_at) = rest.split_at_mut(len - clear_len);
                seal(key, rtp_nonce(salt, source, index), clear, secret, tag_at)
            }
        }
    }

    /// Checks the tag at the end of the packet and decrypts what lies between it and the first `clear_len` bytes. If it does not fit, what
    /// the packet holds then is of no use.
    pub(super) fn open_rtp(&self, packet: &mut [u8], clear_len: usize, source: u32, index: u64) -> Result<(), Error> {
        let rollovers = (index >> 16) as u32;
        match &self.kind {
            Kind::Counter { cipher, hmac, salt } => {
                let (content, tag) = packet.split_at_mut(packet.len() - self.suite.rtp_overhead());
                let mut mac = (**hmac).clone();
                mac.update(content);
                mac.update(&rollovers.to_be_bytes());
                mac.verify_truncated_left(tag).map_err(|_| Error::Authentication)?;
                apply(cipher, &counter(salt, source, index), &mut content[clear_len..]);
                Ok(())
            }
            Kind::Galois { key, salt } => {
                let (clear, secret) = packet.split_at_mut(clear_len);
                open(key, rtp_nonce(salt, source, index), clear, secret)
            }
        }
    }

    /// Encrypts an RTCP packet of `len` bytes and appends index and tag, in the suite's order. The buffer has room for them.
    pub(super) fn seal_rtcp(&self, packet: &mut [u8], len: usize, source: u32, index: u32) -> Result<(), Error> {
        let trailer = (index | ENCRYPTED).to_be_bytes();
        match &self.kind {
            Kind::Counter { cipher, hmac, salt } => {
                apply(cipher, &counter(salt, source, index.into()), &mut packet[RTCP_CLEAR_LEN..len]);
                let (content, tag) = packet.split_at_mut(len + INDEX_LEN);
                content[len..].copy_from_slice(&trailer);
                let mut mac = (**hmac).clone();
                mac.update(content);
                let tag_len = self.suite.rtcp_tag_len();
                tag[..tag_len].copy_from_slice(&mac.finalize().into_bytes()[..tag_len]);
                Ok(())
            }
            Kind::Galois { key, salt } => {
                let tag_len = self.suite.rtcp_tag_len();
                let (clear, rest) = packet.split_at_mut(RTCP_CLEAR_LEN);
                let (secret, rest) = rest.split_at_mut(len - RTCP_CLEAR_LEN);
                let (tag_at, index_at) = rest.split_at_mut(tag_len);
                index_at[..INDEX_LEN].copy_from_slice(&trailer);
                seal(key, rtcp_nonce(salt, source, index), &rtcp_additional(clear, trailer), secret, tag_at)
            }
        }
    }

    /// The index of a protected RTCP packet, with the bit that says whether it is encrypted; it is long enough.
    pub(super) fn rtcp_trailer(&self, packet: &[u8]) -> u32 {
        let tag_len = if self.suite.is_aead() { 0 } else { self.suite.rtcp_tag_len() };
        let end = packet.len() - tag_len;
        packet[end - INDEX_LEN..end].try_into().map_or(0, u32::from_be_bytes)
    }

    /// Checks and decrypts a protected RTCP packet, as [`open_rtp`](Self::open_rtp) does.
    pub(super) fn open_rtcp(&self, packet: &mut [u8], source: u32, trailer: u32) -> Result<(), Error> {
        let (is_encrypted, index) = (trailer & ENCRYPTED != 0, trailer & !ENCRYPTED);
        match &self.kind {
            Kind::Counter { cipher, hmac, salt } => {
                let (content, tag) = packet.split_at_mut(packet.len() - self.suite.rtcp_tag_len());
                let mut mac = (**hmac).clone();
                mac.update(content);
                mac.verify_truncated_left(tag).map_err(|_| Error::Authentication)?;
                if is_encrypted {
                    let end = content.len() - INDEX_LEN;
                    apply(cipher, &counter(salt, source, index.into()), &mut content[RTCP_CLEAR_LEN..end]);
                }
                Ok(())
            }
            // RFC 7714 §9.3: what is not encrypted is all authenticated data. Nobody sends it, and it has no fixed length to be put
            // together in.
            Kind::Galois { .. } if !is_encrypted => Err(Error::Authentication),
            Kind::Galois { key, salt } => {
                let (clear, rest) = packet.split_at_mut(RTCP_CLEAR_LEN);
                let (secret, _) = rest.split_at_mut(rest.len() - INDEX_LEN);
                open(key, rtcp_nonce(salt, source, index), &rtcp_additional(clear, trailer.to_be_bytes()), secret)
            }
        }
    }
}

/// The first counter block of a packet (RFC 3711 §4.1.1).
fn counter(salt: &[u8; 14], source: u32, index: u64) -> [u8; 16] {
    let mut block = [0; 16];
    block[..14].copy_from_slice(salt);
    xor(&mut block[4..8], &source.to_be_bytes());
    // 48 bits of index.
    xor(&mut block[8..14], &index.to_be_bytes()[2..]);
    block
}

fn apply(cipher: &Aes128, counter: &[u8; 16], data: &mut [u8]) {
    Ctr128BE::from_core(CtrCore::<&Aes128, _>::inner_iv_init(cipher, counter.into())).apply_keystream(data);
}

/// AES in counter mode with a key of 16 or 32 bytes: the key derivation's function.
pub(super) fn apply_key_stream(key: &[u8], counter: &[u8; 16], data: &mut [u8]) {
    if let Ok(mut stream) = Ctr128BE::<Aes128>::new_from_slices(key, counter) {
        stream.apply_keystream(data);
    } else if let Ok(mut stream) = Ctr128BE::<Aes256>::new_from_slices(key, counter) {
        stream.apply_keystream(data);
    }
}

/// RFC 7714 §8.1: source, rollovers and sequence number.
fn rtp_nonce(salt: &[u8; 12], source: u32, index: u64) -> aead::Nonce {
    let mut nonce = *salt;
    xor(&mut nonce[2..6], &source.to_be_bytes());
    xor(&mut nonce[6..12], &index.to_be_bytes()[2..]);
    aead::Nonce::assume_unique_for_key(nonce)
}

/// RFC 7714 §9.1: source and index.
fn rtcp_nonce(salt: &[u8; 12], source: u32, index: u32) -> aead::Nonce {
    let mut nonce = *salt;
    xor(&mut nonce[2..6], &source.to_be_bytes());
    xor(&mut nonce[8..12], &index.to_be_bytes());
    aead::Nonce::assume_unique_for_key(nonce)
}

/// RFC 7714 §9.2: the clear part, then the index.
fn rtcp_additional(clear: &[u8], trailer: [u8; INDEX_LEN]) -> [u8; RTCP_CLEAR_LEN + INDEX_LEN] {
    let mut additional = [0; RTCP_CLEAR_LEN + INDEX_LEN];
    let (front, back) = additional.split_at_mut(RTCP_CLEAR_LEN);
    front.copy_from_slice(clear);
    back.copy_from_slice(&trailer);
    additional
}

fn seal(
    key: &aead::LessSafeKey,
    nonce: aead::Nonce,
    additional: &[u8],
    secret: &mut [u8],
    tag_at: &mut [u8],
) -> Result<(), Error> {
    let tag = key
        .seal_in_place_separate_tag(nonce, aead::Aad::from(additional), secret)
        .map_err(|_| Error::Malformed { len: secret.len() })?;
    tag_at[..tag.as_ref().len()].copy_from_slice(tag.as_ref());
    Ok(())
}

fn open(
    key: &aead::LessSafeKey,
    nonce: aead::Nonce,
    additional: &[u8],
    secret_and_tag: &mut [u8],
) -> Result<(), Error> {
    key.open_in_place(nonce, aead::Aad::from(additional), secret_and_tag).map(drop).map_err(|_| Error::Authentication)
}

fn xor(bytes: &mut [u8], with: &[u8]) {
    for (byte, with) in bytes.iter_mut().zip(with) {
        *byte ^= with;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let hex: String = hex.split_whitespace().collect();
        (0..hex.len() / 2).map(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap()).collect()
    }

    #[test]
    fn the_key_stream_is_that_of_rfc_3711_b_2() {
        let cipher = Aes128::new_from_slice(&bytes("2b7e151628aed2a6abf7158809cf4f3c")).unwrap();
        let salt: [u8; 14] = bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfd").try_into().unwrap();
        let mut stream = vec![0; 0xff02 * 16];
        apply(&cipher, &counter(&salt, 0, 0), &mut stream);
        let expected =
            bytes("e03ead0935c95e80e166b16dd92b4eb4 d23513162b02d0f72a43a2fe4a5f97ab 41e95b3bb0a2e8dd477901e4fca894c0");
        assert_eq!(stream[..48], expected);
        // The counter's two bytes go on to their end.
        assert_eq!(
            stream[0xfeff * 16..0xff02 * 16],
            bytes("ec8cdf7398607cb0f2d21675ea9ea1e4 362b7c3c6773516318a077d7fc5073ae 6a2cc3787889374fbeb4c81b17ba6c44")
        );
    }

    const RTP: &str =
        "8040f17b8041f8d35501a0b2 47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573";
    const RTCP: &str =
        "81c8000d4d617273 4e5450314e5450325254502 00000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";

    fn galois(key_len: usize) -> Session {
        let key: Vec<u8> = (0..key_len as u8).collect();
        let suite = if key_len == 32 { Suite::AeadAes256Gcm } else { Suite::AeadAes128Gcm };
        Session::new(suite, &key, &[], &bytes("517569642070726f2071756f")).unwrap()
    }

    #[test]
    fn rtp_packets_are_those_of_rfc_7714_16() {
        for (key_len, expected) in [
            (
                16,
                "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833 899d7f27beb16a9152cf765ee4390cce",
            ),
            (
                32,
                "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b 7aa3db36dfffd6b0f9bb7878d7a76c13",
            ),
        ] {
            let mut packet = bytes(RTP);
            let len = packet.len();
            packet.resize(len + 16, 0);
            galois(key_len).seal_rtp(&mut packet, 12, len, 0x5501_a0b2, 0xf17b).unwrap();
            assert_eq!(packet[12..], bytes(expected));
            galois(key_len).open_rtp(&mut packet, 12, 0x5501_a0b2, 0xf17b).unwrap();
            assert_eq!(packet[..len], bytes(RTP));
        }
    }

    #[test]
    fn rtcp_packets_are_those_of_rfc_7714_17() {
        for (key_len, expected) in [
            (
                16,
                "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade 800005d4",
            ),
            (
                32,
                "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be 800005d4",
            ),
        ] {
            let mut packet = bytes(RTCP);
            let len = packet.len();
            packet.resize(len + 20, 0);
            galois(key_len).seal_rtcp(&mut packet, len, 0x4d61_7273, 0x5d4).unwrap();
            assert_eq!(packet[8..], bytes(expected));
            assert_eq!(galois(key_len).rtcp_trailer(&packet), 0x5d4 | ENCRYPTED);
            galois(key_len).open_rtcp(&mut packet, 0x4d61_7273, 0x5d4 | ENCRYPTED).unwrap();
            assert_eq!(packet[..len], bytes(RTCP));
        }
    }
}
