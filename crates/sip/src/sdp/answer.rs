//! Answering an offer, and taking an answer (RFC 3264 §6, §7).

use std::fmt::Write;
use std::net::SocketAddr;

use super::describe::{Audio, audio_lines, head};
use super::{Codec, CodecKind, Description, Direction, Negotiated, OfferOptions, PTIME_MS_DEFAULT, SdpError};

/// How we like to answer.
#[derive(Clone, Copy, Debug)]
pub struct AnswerOptions {
    /// Version in the origin line; one more for each changed answer of the same session.
    pub version: u64,
    /// What we are willing to do: `RecvOnly` answers with silence, `Inactive` holds.
    pub direction: Direction,
    /// Milliseconds per packet we like to receive.
    pub ptime_ms: u32,
    /// Whether we take telephone events.
    pub dtmf: bool,
    /// Our RTCP port where it is not RTP's plus one.
    pub rtcp_port: Option<u16>,
}

impl Default for AnswerOptions {
    fn default() -> Self {
        Self { version: 1, direction: Direction::SendRecv, ptime_ms: PTIME_MS_DEFAULT, dtmf: true, rtcp_port: None }
    }
}

/// Answers an offer with the first audio stream that has a codec of ours, and of its codecs with the first one
/// supported: the offerer's order counts (RFC 3264 §6.1). Other streams are refused with port 0.
///
/// # Errors
/// [`SdpError::NoCommonCodec`] or [`SdpError::Address`] when no stream can be taken.
pub fn answer(
    offer: &Description,
    local: SocketAddr,
    session_id: u64,
    supported: &[CodecKind],
    options: &AnswerOptions,
) -> Result<(String, Negotiated), SdpError> {
    let mut problem = SdpError::NoCommonCodec;
    let mut taken = None;
    for audio in offer.audio() {
        match audio {
            Ok(audio) => {
                if let Some(codec) = audio.codecs.iter().copied().find(|c| supported.contains(&c.kind)) {
                    taken = Some((audio, codec));
                    break;
                }
            }
            Err(error) => problem = error,
        }
    }
    let (audio, codec) = taken.ok_or(problem)?;
    let dtmf_payload_type = audio.dtmf_payload_type.filter(|_| options.dtmf);
    let direction = audio.direction.reversed().and(options.direction);

    let mut out = head(local, session_id, options.version);
    let times = offer.session.times.first().map_or((0, 0), |t| (t.start_time, t.stop_time));
    write!(out, "t={} {}\r\n", times.0, times.1).unwrap_or_default();
    for (index, media) in offer.session.medias.iter().enumerate() {
        if index == audio.index {
            let options = OfferOptions {
                version: options.version,
                direction,
                ptime_ms: options.ptime_ms,
                rtcp_port: options.rtcp_port,
            };
            // The same profile as in the offer (RFC 3264 §6): an AVPF offerer takes AVP for a refusal.
            audio_lines(&mut out, local, &media.proto, &[codec], dtmf_payload_type, &options);
        } else {
            write!(out, "m={} 0 {} {}\r\n", media.media, media.proto, media.fmt).unwrap_or_default();
        }
    }
    let formats = Formats {
        send: codec,
        receive: vec![codec],
        dtmf_send: dtmf_payload_type,
        // Our answer uses the offer's numbers, so both directions have the same.
        dtmf_receive: dtmf_payload_type,
    };
    Ok((out, negotiated(&audio, formats, direction)))
}

/// Reads the answer to an offer of ours.
///
/// # Errors
/// When the answer refuses our stream, has no codec that was offered, or does not fit the offer.
pub fn accept_answer(offer: &Description, answer: &Description) -> Result<Negotiated, SdpError> {
    if offer.session.medias.len() != answer.session.medias.len() {
        return Err(SdpError::Mismatch("another number of media lines"));
    }
    let offered = offer.audio().next().ok_or(SdpError::Mismatch("the offer has no audio stream"))??;
    let audio = answer.audio_at(offered.index).ok_or(SdpError::NoCommonCodec)??;
    let codec = audio
        .codecs
        .iter()
        .copied()
        .find(|c| offered.codecs.iter().any(|o| o.kind == c.kind))
        .ok_or(SdpError::NoCommonCodec)?;
    let formats = Formats {
        send: codec,
        // They send with the numbers of our offer, whatever the answer's are (RFC 3264 §6.1), and may use any codec
        // that they kept.
        receive: offered.codecs.iter().copied().filter(|o| audio.codecs.iter().any(|c| c.kind == o.kind)).collect(),
        dtmf_send: audio.dtmf_payload_type.filter(|_| offered.dtmf_payload_type.is_some()),
        dtmf_receive: offered.dtmf_payload_type.filter(|_| audio.dtmf_payload_type.is_some()),
    };
    let direction = audio.direction.reversed().and(offered.direction);
    Ok(negotiated(&audio, formats, direction))
}

/// Payload types of both directions.
struct Formats {
    send: Codec,
    receive: Vec<Codec>,
    dtmf_send: Option<u8>,
    dtmf_receive: Option<u8>,
}

fn negotiated(remote: &Audio, formats: Formats, direction: Direction) -> Negotiated {
    Negotiated {
        codec: formats.send.kind,
        payload_type: formats.send.payload_type,
        dtmf_payload_type: formats.dtmf_send,
        receive: formats.receive.iter().map(|c| (c.payload_type, c.kind)).collect(),
        dtmf_receive_payload_type: formats.dtmf_receive,
        remote_rtp: remote.rtp,
        remote_rtcp: remote.rtcp,
        ptime_ms: remote.ptime_ms,
        direction,
    }
}
