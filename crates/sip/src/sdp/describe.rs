//! Reading a description, and writing an offer.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Session};

use super::lenient::normalise;
use super::{
    Codec, CodecKind, Crypto, Direction, Events, Fmtp, PTIME_MS_DEFAULT, PTIME_MS_MAX, PTIME_MS_MIN, RtpMap, SdpError,
};

/// Most media lines of a description.
pub const MEDIA_MAX: usize = 32;

/// A parsed session description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub(super) session: Session,
}

/// One audio stream of a description, as its author sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audio {
    /// Where it stands among the media lines.
    pub index: usize,
    /// Where its author receives RTP.
    pub rtp: SocketAddr,
    /// Where its author receives RTCP.
    pub rtcp: Option<SocketAddr>,
    /// The codecs known to us, in its author's order of preference.
    pub codecs: Vec<Codec>,
    /// Telephone events, in its author's order.
    pub events: Vec<Events>,
    /// The payload type of comfort noise by a clock of 8 kHz (RFC 3389).
    pub cn_payload_type: Option<u8>,
    /// Whether RTCP may go over RTP's port (RFC 5761).
    pub rtcp_mux: bool,
    /// Whether it is SRTP with keys in the description (RFC 4568).
    pub is_secure: bool,
    /// Milliseconds per packet its author likes to receive.
    pub ptime_ms: u32,
    /// Who sends, seen by its author. An address of 0.0.0.0 counts as hold (RFC 3264 §8.4).
    pub direction: Direction,
}

impl Description {
    /// Reads a description. Harmless deviations are taken: blanks around lines, lines that nothing here acts on,
    /// odd numbers in the origin line.
    ///
    /// # Errors
    /// When it is not SDP.
    pub fn parse(text: &str) -> Result<Self, SdpError> {
        let session = Session::parse(normalise(text).as_bytes()).map_err(|e| SdpError::Syntax(e.to_string()))?;
        if session.medias.len() > MEDIA_MAX {
            return Err(SdpError::Syntax(format!("more than {MEDIA_MAX} media lines")));
        }
        Ok(Self { session })
    }

    /// The version in its origin line: it grows when a re-offer changes something (RFC 3264 §8).
    #[must_use]
    pub fn version(&self) -> u64 {
        self.session.origin.sess_version
    }

    /// The audio streams over RTP and SRTP that are not switched off (port 0).
    pub fn audio(&self) -> impl Iterator<Item = Result<Audio, SdpError>> {
        self.session
            .medias
            .iter()
            .enumerate()
            .filter(|(_, m)| is_rtp_audio(m) && m.port != 0)
            .map(|(index, m)| self.audio_of(index, m))
    }

    /// The audio stream at a media line, if it is one and not switched off.
    pub(super) fn audio_at(&self, index: usize) -> Option<Result<Audio, SdpError>> {
        let media = self.session.medias.get(index)?;
        (is_rtp_audio(media) && media.port != 0).then(|| self.audio_of(index, media))
    }

    /// The `a=rtpmap` attributes of a media line, in their order.
    pub fn rtpmaps(&self, index: usize) -> impl Iterator<Item = RtpMap<'_>> {
        self.session.medias.get(index).into_iter().flat_map(|media| values(media, "rtpmap").filter_map(RtpMap::parse))
    }

    /// What the first `a=fmtp` of a media line for this payload type says.
    #[must_use]
    pub fn fmtp(&self, index: usize, payload_type: u8) -> Option<&str> {
        let media = self.session.medias.get(index)?;
        values(media, "fmtp").filter_map(Fmtp::parse).find(|f| f.payload_type == payload_type).map(|f| f.parameters)
    }

    /// The `a=crypto` attributes of a media line that can be read, in their order: the one to prefer first.
    pub fn cryptos(&self, index: usize) -> impl Iterator<Item = Crypto> {
        self.session.medias.get(index).into_iter().flat_map(|media| values(media, "crypto").filter_map(Crypto::parse))
    }

    /// The transport protocol of a media line, such as `RTP/SAVP`.
    #[must_use]
    pub fn media_protocol(&self, index: usize) -> Option<&str> {
        self.session.medias.get(index).map(|media| media.proto.as_str())
    }

    fn audio_of(&self, index: usize, media: &Media) -> Result<Audio, SdpError> {
        let connection = media.connections.first().or(self.session.connection.as_ref());
        let ip = address(connection.ok_or_else(|| SdpError::Address(String::new()))?)?;
        let rtp = SocketAddr::new(ip, media.port);
        let Formats { codecs, events, cn_payload_type } = formats(media);
        let named =
            direction_of(&media.attributes).or_else(|| direction_of(&self.session.attributes)).unwrap_or_default();
        let direction = if ip.is_unspecified() { named.and(Direction::SendOnly) } else { named };
        Ok(Audio {
            index,
            rtp,
            rtcp: rtcp_address(media, rtp),
            codecs,
            events,
            cn_payload_type,
            rtcp_mux: media.attributes.iter().any(|a| a.attribute.eq_ignore_ascii_case("rtcp-mux")),
            is_secure: is_secure(media),
            ptime_ms: ptime(media),
            direction,
        })
    }
}

impl Audio {
    /// The telephone events to send among audio of this clock: those of the same clock, else those of 8 kHz, which is what many have who
    /// offer Opus.
    pub(super) fn events_for(&self, clock_hz: u32) -> Option<Events> {
        let of_clock = |clock_hz: u32| self.events.iter().copied().find(|events| events.clock_hz == clock_hz);
        of_clock(clock_hz).or_else(|| of_clock(EVENTS_CLOCK_HZ))
    }
}

/// What we offer, in the clear and as SRTP.
const PROTO_DEFAULT: &str = "RTP/AVP";
const PROTO_SECURE: &str = "RTP/SAVP";

/// The clock of comfort noise, and of telephone events where nothing else fits.
const EVENTS_CLOCK_HZ: u32 = 8_000;

/// The static payload type of comfort noise (RFC 3389 §4).
const CN_PAYLOAD_TYPE: u8 = 13;

fn is_rtp_audio(media: &Media) -> bool {
    let is_plain = [PROTO_DEFAULT, "RTP/AVPF"].iter().any(|proto| media.proto.eq_ignore_ascii_case(proto));
    media.media.eq_ignore_ascii_case("audio") && (is_plain || is_secure(media))
}

fn is_secure(media: &Media) -> bool {
    [PROTO_SECURE, "RTP/SAVPF"].iter().any(|proto| media.proto.eq_ignore_ascii_case(proto))
}

fn address(connection: &Connection) -> Result<IpAddr, SdpError> {
    let text = connection.connection_address.trim();
    let ip = text.parse::<IpAddr>().map_err(|_| SdpError::Address(text.to_owned()))?;
    let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    if ip.is_multicast() || broadcast { Err(SdpError::Address(text.to_owned())) } else { Ok(ip) }
}

/// How many payload types RTP has (RFC 3550 §5.1).
const PAYLOAD_TYPES: usize = 128;

/// What a media line's payload types stand for.
pub(super) struct Formats {
    pub(super) codecs: Vec<Codec>,
    pub(super) events: Vec<Events>,
    pub(super) cn_payload_type: Option<u8>,
}

/// The formats in the order of the m= line. Each payload type is looked at once, however often the line names it, and so is each attribute:
/// the cost grows with the length, not its square.
fn formats(media: &Media) -> Formats {
    let mappings = mappings(media);
    let mut seen = [false; PAYLOAD_TYPES];
    let mut formats = Formats { codecs: Vec::new(), events: Vec::new(), cn_payload_type: None };
    for payload_type in media.fmt.split_ascii_whitespace().filter_map(|f| f.parse::<u8>().ok()) {
        // Above 127 there is no slot.
        let Some(seen) = seen.get_mut(usize::from(payload_type)) else { continue };
        if std::mem::replace(seen, true) {
            continue;
        }
        match mappings.get(usize::from(payload_type)).copied().flatten() {
            Some(RtpMap { encoding, clock_hz, channels, .. }) => {
                if let Some(kind) = CodecKind::from_rtpmap(encoding, clock_hz, channels) {
                    formats.codecs.push(Codec { kind, payload_type });
                } else if encoding.eq_ignore_ascii_case("telephone-event") {
                    formats.events.push(Events { payload_type, clock_hz });
                } else if encoding.eq_ignore_ascii_case("CN") && clock_hz == EVENTS_CLOCK_HZ {
                    formats.cn_payload_type.get_or_insert(payload_type);
                }
            }
            None if payload_type == CN_PAYLOAD_TYPE => {
                formats.cn_payload_type.get_or_insert(payload_type);
            }
            None => formats.codecs.extend(CodecKind::from_static(payload_type).map(Codec::from)),
        }
    }
    formats
}

/// The `a=rtpmap` of each payload type; of two for the same one the first counts.
fn mappings(media: &Media) -> [Option<RtpMap<'_>>; PAYLOAD_TYPES] {
    let mut mappings = [None; PAYLOAD_TYPES];
    for mapping in values(media, "rtpmap").filter_map(RtpMap::parse) {
        if let Some(slot) = mappings.get_mut(usize::from(mapping.payload_type)) {
            slot.get_or_insert(mapping);
        }
    }
    mappings
}

/// The values of all attributes of this name.
fn values<'a>(media: &'a Media, name: &'a str) -> impl Iterator<Item = &'a str> {
    media.attributes.iter().filter(move |a| a.attribute.eq_ignore_ascii_case(name)).filter_map(|a| a.value.as_deref())
}

fn direction_of(attributes: &[Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|a| Direction::from_attribute(&a.attribute))
}

fn number_attribute(media: &Media, name: &str) -> Option<u32> {
    let value = media.attributes.iter().find(|a| a.attribute.eq_ignore_ascii_case(name))?.value.as_deref()?;
    // Some write "20.0".
    value.trim().split('.').next()?.parse().ok()
}

fn ptime(media: &Media) -> u32 {
    let wanted = number_attribute(media, "ptime")
        .filter(|p| (PTIME_MS_MIN..=PTIME_MS_MAX).contains(p))
        .unwrap_or(PTIME_MS_DEFAULT);
    let most = number_attribute(media, "maxptime").filter(|p| *p >= PTIME_MS_MIN).unwrap_or(PTIME_MS_MAX);
    wanted.min(most)
}

/// `a=rtcp:<port> [IN IP4 <address>]` (RFC 3605), else the next port (RFC 3550 §11).
fn rtcp_address(media: &Media, rtp: SocketAddr) -> Option<SocketAddr> {
    let named = media.attributes.iter().find(|a| a.attribute.eq_ignore_ascii_case("rtcp")).and_then(|a| {
        let mut words = a.value.as_deref()?.split_ascii_whitespace();
        let port = words.next()?.parse::<u16>().ok()?;
        let ip = words.nth(2).map_or_else(|| Some(rtp.ip()), |ip| ip.parse().ok())?;
        Some(SocketAddr::new(ip, port))
    });
    named.or_else(|| Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?))).filter(|a| a.port() != 0)
}

/// What an offer holds besides its codecs.
#[derive(Clone, Copy, Debug)]
pub struct OfferOptions<'a> {
    /// Version in the origin line; one more for each changed re-offer.
    pub version: u64,
    /// Who is to send, from our point of view.
    pub direction: Direction,
    /// Milliseconds per packet we like to receive.
    pub ptime_ms: u32,
    /// Our RTCP port where it is not RTP's plus one.
    pub rtcp_port: Option<u16>,
    /// Whether RTCP may come over RTP's port (RFC 5761).
    pub rtcp_mux: bool,
    /// Whether we take comfort noise (RFC 3389), where a codec goes by its clock.
    pub comfort_noise: bool,
    /// The `a=fmtp` of Opus: how we like to receive it; empty: nothing is said.
    pub opus_fmtp: &'a str,
    /// Ways to protect what we send, the best first; none: plain RTP.
    pub crypto: &'a [Crypto],
}

impl Default for OfferOptions<'_> {
    fn default() -> Self {
        Self {
            version: 1,
            direction: Direction::SendRecv,
            ptime_ms: PTIME_MS_DEFAULT,
            rtcp_port: None,
            rtcp_mux: false,
            comfort_noise: false,
            opus_fmtp: "",
            crypto: &[],
        }
    }
}

/// Writes a first offer of a two-way stream.
#[must_use]
pub fn offer(
    local: SocketAddr,
    session_id: u64,
    codecs: &[Codec],
    dtmf_payload_type: Option<u8>,
    ptime_ms: u32,
) -> String {
    offer_with(local, session_id, codecs, dtmf_payload_type, &OfferOptions { ptime_ms, ..OfferOptions::default() })
}

/// Writes an offer. Telephone events are offered once for each clock there is among the codecs (RFC 4733 §2.1), from `dtmf_payload_type`
/// upwards.
#[must_use]
pub fn offer_with(
    local: SocketAddr,
    session_id: u64,
    codecs: &[Codec],
    dtmf_payload_type: Option<u8>,
    options: &OfferOptions<'_>,
) -> String {
    let mut events: Vec<Events> = Vec::new();
    if let Some(first) = dtmf_payload_type {
        for codec in codecs {
            let clock_hz = codec.kind.clock_hz();
            if !events.iter().any(|known| known.clock_hz == clock_hz) {
                events.push(Events { payload_type: first + events.len() as u8, clock_hz });
            }
        }
    }
    let has_cn = options.comfort_noise && codecs.iter().any(|codec| codec.kind.clock_hz() == EVENTS_CLOCK_HZ);
    let mut out = head(local, session_id, options.version);
    out.push_str("t=0 0\r\n");
    let proto = if options.crypto.is_empty() { PROTO_DEFAULT } else { PROTO_SECURE };
    let formats = Formats { codecs: codecs.to_vec(), events, cn_payload_type: has_cn.then_some(CN_PAYLOAD_TYPE) };
    audio_lines(&mut out, local, proto, &formats, options);
    out
}

/// The lines up to, not including, `t=`.
pub(super) fn head(local: SocketAddr, session_id: u64, version: u64) -> String {
    // RFC 4566 §5.2: numbers that a signed 64-bit reader takes as well.
    let session_id = session_id & (u64::MAX >> 1);
    let (family, ip) = (family(local.ip()), local.ip());
    format!("v=0\r\no=- {session_id} {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\n")
}

pub(super) fn audio_lines(
    out: &mut String,
    local: SocketAddr,
    proto: &str,
    formats: &Formats,
    options: &OfferOptions<'_>,
) {
    // Writing to a String cannot fail.
    let mut line = |text: std::fmt::Arguments<'_>| out.write_fmt(format_args!("{text}\r\n")).unwrap_or_default();
    let Formats { codecs, events, cn_payload_type } = formats;
    let payload_types = codecs
        .iter()
        .map(|c| c.payload_type)
        .chain(*cn_payload_type)
        .chain(events.iter().map(|e| e.payload_type))
        .map(|pt| pt.to_string())
        .collect::<Vec<_>>()
        .join(" ");
    line(format_args!("m=audio {} {proto} {payload_types}", local.port()));
    for codec in codecs {
        let Codec { kind, payload_type } = *codec;
        let (encoding, clock_hz, channels) = (kind.name(), kind.clock_hz(), kind.channels());
        line(format_args!("a=rtpmap:{}", RtpMap { payload_type, encoding, clock_hz, channels }));
        if kind == CodecKind::Opus && !options.opus_fmtp.is_empty() {
            line(format_args!("a=fmtp:{}", Fmtp { payload_type, parameters: options.opus_fmtp }));
        }
    }
    if let Some(pt) = cn_payload_type {
        line(format_args!("a=rtpmap:{pt} CN/{EVENTS_CLOCK_HZ}"));
    }
    for Events { payload_type: pt, clock_hz } in events {
        line(format_args!("a=rtpmap:{pt} telephone-event/{clock_hz}"));
        line(format_args!("a=fmtp:{pt} 0-16"));
    }
    line(format_args!("a=ptime:{}", options.ptime_ms));
    if let Some(port) = options.rtcp_port {
        line(format_args!("a=rtcp:{port}"));
    }
    if options.rtcp_mux {
        line(format_args!("a=rtcp-mux"));
    }
    for crypto in options.crypto {
        line(format_args!("a=crypto:{crypto}"));
    }
    line(format_args!("a={}", options.direction.as_str()));
}

fn family(ip: IpAddr) -> &'static str {
    if ip.is_ipv4() { "IP4" } else { "IP6" }
}
