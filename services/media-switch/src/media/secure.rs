//! SRTP of one call, with the keys that SDP has settled (RFC 3711, RFC 4568).

use rtp::srtp::{MasterKey, Receiver, Refusals, Sender};

/// The keys of both directions. Nothing shows them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SrtpKeys {
    /// Of what we send.
    pub(crate) local: MasterKey,
    /// Of what the far end sends.
    pub(crate) remote: MasterKey,
}

impl std::fmt::Debug for SrtpKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SrtpKeys")
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Secure {
    keys: SrtpKeys,
    sender: Sender,
    receiver: Receiver,
}

impl Secure {
    /// What was before, `former`, goes on as far as its keys stay: its counters must not begin anew with the same key. `None` only where the
    /// keys are of no use, which they are not once SDP has taken them.
    pub(super) fn new(keys: SrtpKeys, former: Option<Self>) -> Option<Self> {
        let (mut sender, mut receiver) = (None, None);
        if let Some(former) = former {
            sender = (former.keys.local == keys.local).then_some(former.sender);
            receiver = (former.keys.remote == keys.remote).then_some(former.receiver);
        }
        let sender = sender.or_else(|| Sender::new(&keys.local).ok())?;
        let receiver = receiver.or_else(|| Receiver::new(&keys.remote).ok())?;
        Some(Self { keys, sender, receiver })
    }

    /// Protects the packet of `len` bytes at the front of `packet`, which has room for
    /// [`OVERHEAD_MAX`](rtp::srtp::OVERHEAD_MAX) more; returns its new length.
    pub(super) fn protect_rtp(&mut self, packet: &mut [u8], len: usize) -> Option<usize> {
        self.sender.protect_rtp(packet, len).ok()
    }

    /// The same for RTCP.
    pub(super) fn protect_rtcp(&mut self, packet: &mut [u8], len: usize) -> Option<usize> {
        self.sender.protect_rtcp(packet, len).ok()
    }

    /// Opens a packet in place; returns its length. `None`: not the far end's, or here before.
    pub(super) fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Option<usize> {
        self.receiver.unprotect_rtp(packet).ok()
    }

    /// The same for RTCP.
    pub(super) fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        self.receiver.unprotect_rtcp(packet).ok()
    }

    pub(super) fn refusals(&self) -> Refusals {
        self.receiver.refusals()
    }
}
