//! How far a call's offer and answer have come, and what the media is told of it.

use std::net::SocketAddr;

use botstream_api::Trunk;
use botstream_api::trunk::{Codec as TrunkCodec, Srtp};
use codecs::opus;
use ipnet::IpNet;
use rtp::srtp::{MasterKey, Suite};
use sip::sdp::{self, AnswerOptions, Codec, CodecKind, Crypto, CryptoPair, Description, SdpError};

use crate::media::{Coding, Negotiated, SrtpKeys};

/// Payload type that we offer telephone events under; everybody does.
const DTMF_PAYLOAD_TYPE: u8 = 101;

const PTIME_MS: u32 = 20;

/// What a trunk's calls may have when it names no codecs: what every carrier takes first, then what sounds better.
const CODECS_DEFAULT: [CodecKind; 4] = [CodecKind::Pcmu, CodecKind::Pcma, CodecKind::G722, CodecKind::Opus];

/// How we like to receive Opus: with its own error correction. What we send holds wideband, which is what `sprop-maxcapturerate` says.
const OPUS_FMTP: &str = "sprop-maxcapturerate=16000;useinbandfec=1";

/// Ways to protect a stream, the one first that all have who have any (RFC 4568 §6.2).
const SUITES: [Suite; 4] =
    [Suite::AesCm128HmacSha1_80, Suite::AeadAes256Gcm, Suite::AeadAes128Gcm, Suite::AesCm128HmacSha1_32];

/// One call's session descriptions.
#[derive(Debug)]
pub(super) struct Sdp {
    local: SocketAddr,
    rtcp_port: u16,
    srtp: Srtp,
    /// A key of ours for each suite, once there is a use for them; they stay for the call.
    keys: Vec<Crypto>,
    session_id: u64,
    version: u64,
    codecs: Vec<CodecKind>,
    networks: Vec<IpNet>,
    /// Our description as it goes into the 200: an answer, or an offer when the INVITE had none.
    pub(super) ours: String,
    /// Set while an offer of ours is not answered.
    offered: Option<Description>,
    is_settled: bool,
}

impl Sdp {
    /// For a call of this trunk, whose RTP socket is at `local` as the far end sees it, and RTCP's at that port.
    pub(super) fn new(local: SocketAddr, rtcp_port: u16, trunk: Option<&Trunk>, session_id: u64) -> Self {
        let named: Vec<CodecKind> = trunk
            .into_iter()
            .flat_map(Trunk::codecs)
            .filter_map(|codec| match codec {
                TrunkCodec::Pcmu => Some(CodecKind::Pcmu),
                TrunkCodec::Pcma => Some(CodecKind::Pcma),
                TrunkCodec::G722 => Some(CodecKind::G722),
                TrunkCodec::Opus => Some(CodecKind::Opus),
                TrunkCodec::Unspecified => None,
            })
            .collect();
        let codecs = if named.is_empty() { CODECS_DEFAULT.to_vec() } else { named };
        Self {
            local,
            rtcp_port,
            srtp: trunk.map_or(Srtp::Unspecified, Trunk::srtp),
            keys: Vec::new(),
            session_id,
            version: 0,
            codecs,
            networks: trunk.map(rtp_networks).unwrap_or_default(),
            ours: String::new(),
            offered: None,
            is_settled: false,
        }
    }

    /// Whether offer and answer have met.
    pub(super) fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// Answers the far end's offer; `ours` is then the answer.
    pub(super) fn answer(&mut self, offer: &str) -> Result<Negotiated, SdpError> {
        let offer = Description::parse(offer)?;
        let is_secure = offer.audio().flatten().any(|audio| audio.is_secure);
        if is_secure && self.srtp != Srtp::Off {
            self.make_keys();
        }
        self.version += 1;
        let options = AnswerOptions {
            version: self.version,
            comfort_noise: true,
            opus_fmtp: OPUS_FMTP,
            rtcp_port: self.named_rtcp_port(),
            rtcp_mux: true,
            crypto: &self.keys,
            ..AnswerOptions::default()
        };
        let (answer, negotiated) = sdp::answer(&offer, self.local, self.session_id, &self.codecs, &options)?;
        if self.srtp == Srtp::Required && negotiated.crypto.is_none() {
            return Err(SdpError::NoCommonCrypto);
        }
        let media = self.media(negotiated)?;
        self.ours = answer;
        Ok(media)
    }

    /// Makes an offer; `ours` is then the offer.
    pub(super) fn offer(&mut self) -> Result<(), SdpError> {
        // A call that has SRTP keeps it.
        if self.srtp == Srtp::Required {
            self.make_keys();
        }
        self.version += 1;
        let codecs: Vec<Codec> = self.codecs.iter().copied().map(Codec::from).collect();
        let options = sdp::OfferOptions {
            version: self.version,
            ptime_ms: PTIME_MS,
            comfort_noise: true,
            opus_fmtp: OPUS_FMTP,
            rtcp_port: self.named_rtcp_port(),
            crypto: &self.keys,
            ..sdp::OfferOptions::default()
        };
        self.ours = sdp::offer_with(self.local, self.session_id, &codecs, Some(DTMF_PAYLOAD_TYPE), &options);
        self.offered = Some(Description::parse(&self.ours)?);
        self.is_settled = false;
        Ok(())
    }

    /// RTCP's port, where it is not the one that everybody expects.
    fn named_rtcp_port(&self) -> Option<u16> {
        Some(self.rtcp_port).filter(|port| self.local.port().checked_add(1) != Some(*port))
    }

    fn make_keys(&mut self) {
        if self.keys.is_empty() {
            let random = |suite: &Suite| (0..suite.key_len() + suite.salt_len()).map(|_| rand::random()).collect();
            let keys: Vec<Vec<u8>> = SUITES.iter().map(random).collect();
            self.keys = SUITES
                .iter()
                .zip(&keys)
                .zip(1..)
                .map(|((suite, key), tag)| Crypto::new(tag, suite.name(), key))
                .collect();
        }
    }

    /// Takes the far end's answer to our offer. Early media's answer may come again in the 200, the same.
    pub(super) fn accept(&mut self, answer: &str) -> Result<Negotiated, SdpError> {
        let offered = self.offered.as_ref().ok_or(SdpError::Mismatch("nothing was offered"))?;
        let negotiated = sdp::accept_answer(offered, &Description::parse(answer)?)?;
        self.media(negotiated)
    }

    fn media(&mut self, negotiated: sdp::Negotiated) -> Result<Negotiated, SdpError> {
        let srtp = negotiated.crypto.as_ref().map(srtp_keys).transpose()?;
        self.is_settled = true;
        // The codec of a call stays: later descriptions are held to it.
        self.codecs = vec![negotiated.codec];
        Ok(Negotiated {
            coding: Coding {
                codec: codec_of(negotiated.codec),
                opus: opus::Parameters::parse(negotiated.fmtp.as_deref().unwrap_or_default()),
                payload_type: negotiated.payload_type,
                dtmf_payload_type: negotiated.dtmf_payload_type,
                cn_payload_type: negotiated.cn_payload_type,
                receive: negotiated.receive.iter().map(|&(number, codec)| (number, codec_of(codec))).collect(),
                dtmf_receive_payload_type: negotiated.dtmf_receive_payload_type,
                cn_receive_payload_type: negotiated.cn_receive_payload_type,
                dtmf_clock_hz: negotiated.dtmf_clock_hz,
            },
            // RFC 3264 §8.4: an address of zeros is the old way to hold.
            is_sending: negotiated.direction.sends() && !negotiated.remote_rtp.ip().is_unspecified(),
            is_receiving: negotiated.direction.receives(),
            remote: negotiated.remote_rtp,
            networks: self.networks.clone(),
            rtcp: negotiated.remote_rtcp,
            is_rtcp_muxed: negotiated.rtcp_mux,
            srtp,
        })
    }
}

/// Keys that are of no use are no way to protect a stream.
fn srtp_keys(pair: &CryptoPair) -> Result<SrtpKeys, SdpError> {
    let key = |crypto: &Crypto| MasterKey::new(Suite::from_name(&crypto.suite)?, crypto.plain_key()?).ok();
    match (key(&pair.local), key(&pair.remote)) {
        (Some(local), Some(remote)) => Ok(SrtpKeys { local, remote }),
        _ => Err(SdpError::NoCommonCrypto),
    }
}

fn codec_of(kind: CodecKind) -> codecs::Codec {
    match kind {
        CodecKind::Pcma => codecs::Codec::Pcma,
        CodecKind::Pcmu => codecs::Codec::Pcmu,
        CodecKind::G722 => codecs::Codec::G722,
        CodecKind::Opus => codecs::Codec::Opus,
    }
}

fn rtp_networks(trunk: &Trunk) -> Vec<IpNet> {
    if trunk.nat {
        // Whatever address the NAT gives it.
        return ["0.0.0.0/0", "::/0"].iter().filter_map(|network| network.parse().ok()).collect();
    }
    trunk.rtp_networks.iter().filter_map(|text| botstream_state::config::parse_network(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::OPUS_RATE_HZ;

    #[test]
    fn what_is_said_of_opus_is_what_is_done() {
        let said = opus::Parameters {
            max_capture_rate_hz: Some(OPUS_RATE_HZ),
            use_inband_fec: true,
            ..opus::Parameters::default()
        };
        assert_eq!(said.to_string(), OPUS_FMTP);
    }
}
