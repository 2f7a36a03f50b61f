//! SRTP with keys in SDP (RFC 4568).

use rtp::srtp::{self, MasterKey, OVERHEAD_MAX, Suite};
use sip::sdp::{Crypto, CryptoPair};

/// A key for each suite, to be offered or to answer with.
pub(crate) fn own_keys(suites: &[Suite]) -> Vec<Crypto> {
    let tagged = suites.iter().zip(1..);
    tagged
        .map(|(suite, tag)| {
            let key: Vec<u8> = (0..suite.key_len() + suite.salt_len()).map(|_| rand::random()).collect();
            Crypto::new(tag, suite.name(), &key)
        })
        .collect()
}

/// Both directions of one stream.
#[derive(Debug)]
pub(crate) struct Secure {
    sender: srtp::Sender,
    receiver: srtp::Receiver,
}

impl Secure {
    /// `None` when the keys are of no use.
    pub(crate) fn new(pair: &CryptoPair) -> Option<Self> {
        let key = |crypto: &Crypto| MasterKey::new(Suite::from_name(&crypto.suite)?, crypto.plain_key()?).ok();
        Some(Self {
            sender: srtp::Sender::new(&key(&pair.local)?).ok()?,
            receiver: srtp::Receiver::new(&key(&pair.remote)?).ok()?,
        })
    }

    /// Protects the packet at the front of `packet`, which has room for what that adds; returns its length.
    pub(crate) fn protect(&mut self, packet: &mut [u8], len: usize) -> Option<usize> {
        self.sender.protect_rtp(packet, len).ok()
    }

    /// Opens a packet in place; returns its length.
    pub(crate) fn open(&mut self, packet: &mut [u8]) -> Option<usize> {
        match rtp::rtcp::is_rtcp(packet) {
            true => self.receiver.unprotect_rtcp(packet).ok(),
            false => self.receiver.unprotect_rtp(packet).ok(),
        }
    }

    pub(crate) fn protect_report(&mut self, mut report: Vec<u8>) -> Option<Vec<u8>> {
        let len = report.len();
        report.resize(len + OVERHEAD_MAX, 0);
        let len = self.sender.protect_rtcp(&mut report, len).ok()?;
        report.truncate(len);
        Some(report)
    }
}
