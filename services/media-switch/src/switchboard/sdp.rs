//! How far a call's offer and answer have come, and what the media is told of it.

use std::net::SocketAddr;

use botstream_api::Trunk;
use botstream_api::trunk::{Codec as TrunkCodec, Srtp};
use codecs::opus;
use ipnet::IpNet;
use rtp::srtp::{MasterKey, Suite};
use sip::sdp::{self, AnswerOptions, Codec, CodecKind, Crypto, CryptoPair, Description, Direction, SdpError};

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
    /// Whether the stream is SRTP, once that is settled.
    has_srtp: Option<bool>,
    session_id: u64,
    version: u64,
    codecs: Vec<CodecKind>,
    /// Which way audio goes as far as we are concerned: both, but while we hold.
    direction: Direction,
    is_held_by_far_end: bool,
    networks: Vec<IpNet>,
    /// Our description as it goes into the 200: an answer, or an offer when the INVITE had none.
    pub(super) ours: String,
    /// Set while an offer of ours is not answered.
    offered: Option<Description>,
    is_settled: bool,
    /// Sample rate of what is said to the far end, once that is settled.
    rate_hz: Option<u32>,
}

/// What was said before an offer.
#[derive(Debug)]
pub(super) struct Former {
    direction: Direction,
    ours: String,
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
            has_srtp: None,
            session_id,
            version: 0,
            codecs,
            direction: Direction::SendRecv,
            is_held_by_far_end: false,
            networks: trunk.map(rtp_networks).unwrap_or_default(),
            ours: String::new(),
            offered: None,
            is_settled: false,
            rate_hz: None,
        }
    }

    /// Sample rate of what is said to the far end, once that is settled.
    pub(super) fn rate_hz(&self) -> Option<u32> {
        self.rate_hz
    }

    /// Whether offer and answer have met.
    pub(super) fn is_settled(&self) -> bool {
        self.is_settled
    }

    /// Which way audio goes as far as we are concerned.
    pub(super) fn direction(&self) -> Direction {
        self.direction
    }

    /// Whether the far end has said that it listens no longer.
    pub(super) fn is_held_by_far_end(&self) -> bool {
        self.is_held_by_far_end
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
            direction: self.direction,
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
        self.is_held_by_far_end = holds(&offer);
        Ok(media)
    }

    /// Makes an offer that holds the call, or takes it up again. What is returned undoes it.
    pub(super) fn offer_direction(&mut self, direction: Direction) -> Result<Former, SdpError> {
        let former = Former {
            direction: std::mem::replace(&mut self.direction, direction),
            ours: self.ours.clone(),
            offered: self.offered.clone(),
            is_settled: self.is_settled,
        };
        match self.offer() {
            Ok(()) => Ok(former),
            Err(error) => {
                self.withdraw(former);
                Err(error)
            }
        }
    }

    /// The offer has been refused, or could not be made: all is as it was, but for the version, which only grows.
    pub(super) fn withdraw(&mut self, former: Former) {
        let Former { direction, ours, offered, is_settled } = former;
        (self.direction, self.ours, self.offered, self.is_settled) = (direction, ours, offered, is_settled);
    }

    /// Makes an offer; `ours` is then the offer.
    pub(super) fn offer(&mut self) -> Result<(), SdpError> {
        if self.srtp == Srtp::Required {
            self.make_keys();
        }
        // A call that has SRTP keeps it, and one that has not does not begin with it.
        let crypto: &[Crypto] = if self.has_srtp.unwrap_or(self.srtp == Srtp::Required) { &self.keys } else { &[] };
        self.version += 1;
        let codecs: Vec<Codec> = self.codecs.iter().copied().map(Codec::from).collect();
        let options = sdp::OfferOptions {
            version: self.version,
            direction: self.direction,
            ptime_ms: PTIME_MS,
            comfort_noise: true,
            opus_fmtp: OPUS_FMTP,
            rtcp_port: self.named_rtcp_port(),
            crypto,
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
        let answer = Description::parse(answer)?;
        let negotiated = sdp::accept_answer(offered, &answer)?;
        // While we hold, its answer only says that it agrees.
        if self.direction == Direction::SendRecv {
            self.is_held_by_far_end = holds(&answer);
        }
        self.media(negotiated)
    }

    fn media(&mut self, negotiated: sdp::Negotiated) -> Result<Negotiated, SdpError> {
        let srtp = negotiated.crypto.as_ref().map(srtp_keys).transpose()?;
        self.has_srtp = Some(srtp.is_some());
        self.is_settled = true;
        // The codec of a call stays: later descriptions are held to it.
        self.codecs = vec![negotiated.codec];
        let coding = Coding {
            codec: codec_of(negotiated.codec),
            opus: opus::Parameters::parse(negotiated.fmtp.as_deref().unwrap_or_default()),
            payload_type: negotiated.payload_type,
            dtmf_payload_type: negotiated.dtmf_payload_type,
            cn_payload_type: negotiated.cn_payload_type,
            receive: negotiated.receive.iter().map(|&(number, codec)| (number, codec_of(codec))).collect(),
            dtmf_receive_payload_type: negotiated.dtmf_receive_payload_type,
            cn_receive_payload_type: negotiated.cn_receive_payload_type,
            dtmf_clock_hz: negotiated.dtmf_clock_hz,
        };
        self.rate_hz = Some(coding.rate_hz());
        Ok(Negotiated {
            coding,
            // RFC 3264 §8.4: an address of zeros is the old way to hold.
            is_sending: negotiated.direction.sends() && !negotiated.remote_rtp.ip().is_unspecified(),
            is_receiving: negotiated.direction.receives(),
            is_held: self.direction != Direction::SendRecv,
            remote: negotiated.remote_rtp,
            networks: self.networks.clone(),
            rtcp: negotiated.remote_rtcp,
            is_rtcp_muxed: negotiated.rtcp_mux,
            srtp,
        })
    }
}

/// Whether a description of the far end's holds the call (RFC 3264 §8.4): it listens no longer.
fn holds(theirs: &Description) -> bool {
    let audio = theirs.audio().flatten().next();
    audio.is_some_and(|audio| !audio.direction.receives())
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

    fn sdp(trunk: Option<&Trunk>, rtcp_port: u16) -> Sdp {
        Sdp::new("192.0.2.1:4000".parse().unwrap(), rtcp_port, trunk, 1)
    }

    fn trunk(srtp: Srtp) -> Trunk {
        Trunk { srtp: srtp.into(), ..Trunk::default() }
    }

    #[test]
    fn a_trunk_decides_about_srtp_and_nothing_shows_a_key() {
        let mut caller = sdp(Some(&trunk(Srtp::Required)), 4_001);
        caller.offer().unwrap();
        let secure = caller.ours.clone();
        assert!(secure.contains(" RTP/SAVP 0 8 9 111 13 101 102\r\n") && !secure.contains("a=rtcp:"), "{secure}");
        assert_eq!(secure.matches("a=crypto:").count(), SUITES.len());
        let mut plain = sdp(None, 4_001);
        plain.offer().unwrap();
        assert!(plain.ours.contains(" RTP/AVP 0 8 9 111 13 101 102\r\n"), "{}", plain.ours);

        for srtp in [Srtp::Unspecified, Srtp::Required] {
            let mut callee = sdp(Some(&trunk(srtp)), 4_003);
            let answered = callee.answer(&secure).unwrap();
            assert!(callee.ours.contains("a=rtcp:4003\r\n"), "{}", callee.ours);
            let (ours, theirs) = (answered.srtp.clone().unwrap(), caller.accept(&callee.ours).unwrap().srtp.unwrap());
            assert!(ours.local == theirs.remote && ours.remote == theirs.local && ours.local != ours.remote);
            // Nothing of a description is in what may be logged.
            let key = caller.ours.split("inline:").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
            let shown = format!("{answered:?}");
            assert!(!shown.contains(&key) && shown.contains("SrtpKeys"), "{shown}");
        }
        assert_eq!(sdp(Some(&trunk(Srtp::Off)), 4_001).answer(&secure).unwrap_err(), SdpError::NoCommonCrypto);
        let refused = sdp(Some(&trunk(Srtp::Required)), 4_001).answer(&plain.ours).unwrap_err();
        assert_eq!(refused.status(), 488);
        // A key that is too short for its suite protects nothing.
        let short = secure.replace("inline:", "inline:AAAA;inline:");
        assert!(sdp(None, 4_001).answer(&short).is_err());
    }

    #[test]
    fn a_re_invite_keeps_codec_and_keys() {
        let mut caller = sdp(Some(&trunk(Srtp::Required)), 4_001);
        caller.offer().unwrap();
        let mut callee = sdp(None, 4_001);
        let first = callee.answer(&caller.ours).unwrap();
        caller.accept(&callee.ours).unwrap();
        caller.offer().unwrap();
        assert!(caller.ours.contains(" RTP/SAVP 0 13 101\r\n"), "{}", caller.ours);
        let again = callee.answer(&caller.ours).unwrap();
        assert!(first.coding == again.coding && first.srtp == again.srtp);
    }

    #[test]
    fn both_sides_hold_and_neither_ends_the_others() {
        let (mut ours, mut theirs) = (sdp(None, 4_001), sdp(None, 4_001));
        ours.offer().unwrap();
        theirs.answer(&ours.ours).unwrap();
        assert!(!ours.accept(&theirs.ours).unwrap().is_held);

        // With music, then without.
        ours.offer_direction(Direction::SendOnly).unwrap();
        assert!(ours.ours.contains("a=sendonly\r\n"), "{}", ours.ours);
        theirs.answer(&ours.ours).unwrap();
        let held = ours.accept(&theirs.ours).unwrap();
        assert!(held.is_held && held.is_sending && !held.is_receiving);
        assert!(theirs.is_held_by_far_end() && !ours.is_held_by_far_end());
        ours.offer_direction(Direction::Inactive).unwrap();
        theirs.answer(&ours.ours).unwrap();
        let held = ours.accept(&theirs.ours).unwrap();
        assert!(held.is_held && !held.is_sending && !held.is_receiving);
        assert!(!ours.is_held_by_far_end(), "agreeing is not holding");

        // The far end holds too; what we answer holds on.
        theirs.offer_direction(Direction::SendOnly).unwrap();
        assert!(ours.answer(&theirs.ours).unwrap().is_held && ours.ours.contains("a=inactive\r\n"));
        theirs.accept(&ours.ours).unwrap();
        // Ours ends, theirs goes on.
        ours.offer_direction(Direction::SendRecv).unwrap();
        theirs.answer(&ours.ours).unwrap();
        let settled = ours.accept(&theirs.ours).unwrap();
        assert!(!settled.is_held && !settled.is_sending && settled.is_receiving && ours.is_held_by_far_end());
        theirs.offer_direction(Direction::SendRecv).unwrap();
        let settled = ours.answer(&theirs.ours).unwrap();
        assert!(settled.is_sending && settled.is_receiving && !ours.is_held_by_far_end());

        // What was refused leaves no trace.
        let former = ours.offer_direction(Direction::SendOnly).unwrap();
        ours.withdraw(former);
        assert!(ours.is_settled() && ours.direction() == Direction::SendRecv);
        assert!(!ours.answer(&theirs.ours).unwrap().is_held);
    }

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
