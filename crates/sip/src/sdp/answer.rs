//! Answering an offer, and taking an answer (RFC 3264 §6, §7).

use std::fmt::Write;
use std::net::SocketAddr;

use super::describe::{Audio, Formats, audio_lines, head};
use super::{
    Codec, CodecKind, Crypto, CryptoPair, Description, Direction, Events, Negotiated, OfferOptions, PTIME_MS_DEFAULT,
    SdpError,
};

/// How we like to answer.
#[derive(Clone, Copy, Debug)]
pub struct AnswerOptions<'a> {
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
    /// Whether we take RTCP over RTP's port, if it is offered (RFC 5761).
    pub rtcp_mux: bool,
    /// Whether we take comfort noise (RFC 3389), if it is offered.
    pub comfort_noise: bool,
    /// The `a=fmtp` of Opus: how we like to receive it; empty: nothing is said.
    pub opus_fmtp: &'a str,
    /// A key of ours for each suite that we can do (RFC 4568); none: SRTP is refused.
    pub crypto: &'a [Crypto],
}

impl Default for AnswerOptions<'_> {
    fn default() -> Self {
        Self {
            version: 1,
            direction: Direction::SendRecv,
            ptime_ms: PTIME_MS_DEFAULT,
            dtmf: true,
            rtcp_port: None,
            rtcp_mux: false,
            comfort_noise: false,
            opus_fmtp: "",
            crypto: &[],
        }
    }
}

/// An offered stream that can be taken, and with what.
struct Taken {
    audio: Audio,
    codec: Codec,
    crypto: Option<CryptoPair>,
}

/// Answers an offer with the first audio stream that has a codec of ours, and of its codecs with the first one
/// supported: the offerer's order counts (RFC 3264 §6.1), and so it does among its ways to protect the stream (RFC 4568 §5.1.2). Other
/// streams are refused with port 0.
///
/// # Errors
/// [`SdpError::NoCommonCodec`], [`SdpError::NoCommonCrypto`] or [`SdpError::Address`] when no stream can be taken.
pub fn answer(
    offer: &Description,
    local: SocketAddr,
    session_id: u64,
    supported: &[CodecKind],
    options: &AnswerOptions<'_>,
) -> Result<(String, Negotiated), SdpError> {
    let mut problem = SdpError::NoCommonCodec;
    let mut taken = None;
    for audio in offer.audio() {
        match audio.and_then(|audio| take(offer, audio, supported, options)) {
            Ok(stream) => {
                taken = Some(stream);
                break;
            }
            // Why the first one can't be taken is told, unless a later one is nearer.
            Err(SdpError::NoCommonCodec) => {}
            Err(error) => problem = error,
        }
    }
    let Taken { audio, codec, crypto } = taken.ok_or(problem)?;
    let events = audio.events_for(codec.kind.clock_hz()).filter(|_| options.dtmf);
    let cn = audio.cn_payload_type.filter(|_| options.comfort_noise && goes_with_cn(codec.kind));
    let direction = audio.direction.reversed().and(options.direction);
    let rtcp_mux = audio.rtcp_mux && options.rtcp_mux;

    let mut out = head(local, session_id, options.version);
    let times = offer.session.times.first().map_or((0, 0), |t| (t.start_time, t.stop_time));
    write!(out, "t={} {}\r\n", times.0, times.1).unwrap_or_default();
    for (index, media) in offer.session.medias.iter().enumerate() {
        if index == audio.index {
            let own_key = crypto.as_ref().map(|pair| pair.local.clone());
            let options = OfferOptions {
                version: options.version,
                direction,
                ptime_ms: options.ptime_ms,
                rtcp_port: options.rtcp_port,
                rtcp_mux,
                comfort_noise: cn.is_some(),
                opus_fmtp: options.opus_fmtp,
                crypto: own_key.as_slice(),
            };
            let formats = Formats { codecs: vec![codec], events: events.into_iter().collect(), cn_payload_type: cn };
            // The same profile as in the offer (RFC 3264 §6): an AVPF offerer takes AVP for a refusal.
            audio_lines(&mut out, local, &media.proto, &formats, &options);
        } else {
            write!(out, "m={} 0 {} {}\r\n", media.media, media.proto, media.fmt).unwrap_or_default();
        }
    }
    let agreed = Agreed {
        send: codec,
        receive: vec![codec],
        fmtp: offer.fmtp(audio.index, codec.payload_type).map(str::to_owned),
        // Our answer uses the offer's numbers, so both directions have the same.
        events_send: events,
        events_receive: events,
        cn_send: cn,
        cn_receive: cn,
        rtcp_mux,
        crypto,
    };
    Ok((out, negotiated(&audio, agreed, direction)))
}

/// Whether an offered stream can be taken.
fn take(
    offer: &Description,
    audio: Audio,
    supported: &[CodecKind],
    options: &AnswerOptions<'_>,
) -> Result<Taken, SdpError> {
    let codec = audio.codecs.iter().copied().find(|c| supported.contains(&c.kind)).ok_or(SdpError::NoCommonCodec)?;
    if !audio.is_secure {
        return Ok(Taken { audio, codec, crypto: None });
    }
    let crypto = offer
        .cryptos(audio.index)
        .filter(|remote| remote.plain_key().is_some())
        .find_map(|remote| {
            let ours = options.crypto.iter().find(|ours| ours.suite.eq_ignore_ascii_case(&remote.suite))?;
            // An answer names the line that it takes by its tag, and the suite as it was written (RFC 4568 §5.1.2).
            let local = Crypto { tag: remote.tag, suite: remote.suite.clone(), ..ours.clone() };
            Some(CryptoPair { local, remote })
        })
        .ok_or(SdpError::NoCommonCrypto)?;
    Ok(Taken { audio, codec, crypto: Some(crypto) })
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
    let crypto = match (offered.is_secure, audio.is_secure) {
        (false, false) => None,
        (true, true) => Some(accepted_crypto(offer, answer, offered.index)?),
        _ => return Err(SdpError::Mismatch("one has SRTP, the other has not")),
    };
    let clock_hz = codec.kind.clock_hz();
    let events_send = audio.events_for(clock_hz);
    let events_receive =
        events_send.and_then(|events| offered.events.iter().copied().find(|ours| ours.clock_hz == events.clock_hz));
    let has_cn = offered.cn_payload_type.is_some() && audio.cn_payload_type.is_some() && goes_with_cn(codec.kind);
    let agreed = Agreed {
        send: codec,
        // They send with the numbers of our offer, whatever the answer's are (RFC 3264 §6.1), and may use any codec
        // that they kept.
        receive: offered
            .codecs
            .iter()
            .copied()
            .filter(|o| o.kind.clock_hz() == clock_hz && audio.codecs.iter().any(|c| c.kind == o.kind))
            .collect(),
        fmtp: answer.fmtp(audio.index, codec.payload_type).map(str::to_owned),
        events_send: events_send.filter(|_| events_receive.is_some()),
        events_receive,
        cn_send: audio.cn_payload_type.filter(|_| has_cn),
        cn_receive: offered.cn_payload_type.filter(|_| has_cn),
        rtcp_mux: offered.rtcp_mux && audio.rtcp_mux,
        crypto,
    };
    let direction = audio.direction.reversed().and(offered.direction);
    Ok(negotiated(&audio, agreed, direction))
}

/// The offered line that the answer takes, and the answer's own.
fn accepted_crypto(offer: &Description, answer: &Description, index: usize) -> Result<CryptoPair, SdpError> {
    let remote = answer.cryptos(index).next().filter(|line| line.plain_key().is_some());
    let remote = remote.ok_or(SdpError::NoCommonCrypto)?;
    let local = offer
        .cryptos(index)
        .find(|line| line.tag == remote.tag && line.suite.eq_ignore_ascii_case(&remote.suite))
        .ok_or(SdpError::NoCommonCrypto)?;
    Ok(CryptoPair { local, remote })
}

/// Comfort noise goes by a clock of 8 kHz only.
fn goes_with_cn(codec: CodecKind) -> bool {
    codec.clock_hz() == 8_000
}

/// Payload types of both directions, and what else both sides have said.
struct Agreed {
    send: Codec,
    receive: Vec<Codec>,
    fmtp: Option<String>,
    events_send: Option<Events>,
    events_receive: Option<Events>,
    cn_send: Option<u8>,
    cn_receive: Option<u8>,
    rtcp_mux: bool,
    crypto: Option<CryptoPair>,
}

fn negotiated(remote: &Audio, agreed: Agreed, direction: Direction) -> Negotiated {
    let clock_hz = agreed.send.kind.clock_hz();
    Negotiated {
        codec: agreed.send.kind,
        payload_type: agreed.send.payload_type,
        fmtp: agreed.fmtp,
        dtmf_payload_type: agreed.events_send.map(|events| events.payload_type),
        cn_payload_type: agreed.cn_send,
        receive: agreed.receive.iter().map(|c| (c.payload_type, c.kind)).collect(),
        dtmf_receive_payload_type: agreed.events_receive.map(|events| events.payload_type),
        dtmf_clock_hz: agreed.events_receive.map_or(clock_hz, |events| events.clock_hz),
        cn_receive_payload_type: agreed.cn_receive,
        remote_rtp: remote.rtp,
        remote_rtcp: if agreed.rtcp_mux { Some(remote.rtp) } else { remote.rtcp },
        rtcp_mux: agreed.rtcp_mux,
        ptime_ms: remote.ptime_ms,
        direction,
        crypto: agreed.crypto,
    }
}
