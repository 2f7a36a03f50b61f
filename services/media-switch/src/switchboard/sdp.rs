//! How far a call's offer and answer have come, and what the media is told of it.

use std::net::SocketAddr;

use audio::g711::Law;
use botstream_api::Trunk;
use botstream_api::trunk::Codec as TrunkCodec;
use ipnet::IpNet;
use sip::sdp::{self, AnswerOptions, Codec, CodecKind, Description, SdpError};

use crate::media::Negotiated;

/// Payload type that we offer telephone events under; everybody does.
const DTMF_PAYLOAD_TYPE: u8 = 101;

const PTIME_MS: u32 = 20;

/// One call's session descriptions.
#[derive(Debug)]
pub(super) struct Sdp {
    local: SocketAddr,
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
    /// For a call of this trunk, whose RTP socket is at `local` as the far end sees it.
    pub(super) fn new(local: SocketAddr, trunk: Option<&Trunk>, session_id: u64) -> Self {
        let named: Vec<CodecKind> = trunk
            .into_iter()
            .flat_map(Trunk::codecs)
            .filter_map(|codec| match codec {
                TrunkCodec::Pcmu => Some(CodecKind::Pcmu),
                TrunkCodec::Pcma => Some(CodecKind::Pcma),
                TrunkCodec::Unspecified => None,
            })
            .collect();
        let codecs = if named.is_empty() { vec![CodecKind::Pcmu, CodecKind::Pcma] } else { named };
        Self {
            local,
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
        self.version += 1;
        let options = AnswerOptions { version: self.version, ..AnswerOptions::default() };
        let (answer, negotiated) = sdp::answer(&offer, self.local, self.session_id, &self.codecs, &options)?;
        self.ours = answer;
        Ok(self.media(negotiated))
    }

    /// Makes an offer; `ours` is then the offer.
    pub(super) fn offer(&mut self) -> Result<(), SdpError> {
        self.version += 1;
        let codecs: Vec<Codec> =
            self.codecs.iter().map(|&kind| Codec { kind, payload_type: kind.static_payload_type() }).collect();
        let options = sdp::OfferOptions { version: self.version, ptime_ms: PTIME_MS, ..sdp::OfferOptions::default() };
        self.ours = sdp::offer_with(self.local, self.session_id, &codecs, Some(DTMF_PAYLOAD_TYPE), &options);
        self.offered = Some(Description::parse(&self.ours)?);
        self.is_settled = false;
        Ok(())
    }

    /// Takes the far end's answer to our offer. Early media's answer may come again in the 200, the same.
    pub(super) fn accept(&mut self, answer: &str) -> Result<Negotiated, SdpError> {
        let offered = self.offered.as_ref().ok_or(SdpError::Mismatch("nothing was offered"))?;
        let negotiated = sdp::accept_answer(offered, &Description::parse(answer)?)?;
        Ok(self.media(negotiated))
    }

    fn media(&mut self, negotiated: sdp::Negotiated) -> Negotiated {
        self.is_settled = true;
        // The codec of a call stays: later descriptions are held to it.
        self.codecs = vec![negotiated.codec];
        Negotiated {
            law: law_of(negotiated.codec),
            receive: negotiated.receive.iter().map(|&(payload_type, codec)| (payload_type, law_of(codec))).collect(),
            dtmf_receive_payload_type: negotiated.dtmf_receive_payload_type,
            payload_type: negotiated.payload_type,
            dtmf_payload_type: negotiated.dtmf_payload_type,
            // RFC 3264 §8.4: an address of zeros is the old way to hold.
            is_sending: negotiated.direction.sends() && !negotiated.remote_rtp.ip().is_unspecified(),
            is_receiving: negotiated.direction.receives(),
            remote: negotiated.remote_rtp,
            networks: self.networks.clone(),
        }
    }
}

fn law_of(codec: CodecKind) -> Law {
    match codec {
        CodecKind::Pcma => Law::A,
        CodecKind::Pcmu => Law::Mu,
    }
}

fn rtp_networks(trunk: &Trunk) -> Vec<IpNet> {
    if trunk.nat {
        // Whatever address the NAT gives it.
        return ["0.0.0.0/0", "::/0"].iter().filter_map(|network| network.parse().ok()).collect();
    }
    trunk.rtp_networks.iter().filter_map(|text| botstream_state::config::parse_network(text)).collect()
}
