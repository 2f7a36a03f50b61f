//! The media path allocates nothing per packet once its buffers have grown: counted by the allocator itself, in every
//! dialect, both ways.

use std::collections::BTreeMap;

use allocation_counter::measure;
use bytes::{Bytes, BytesMut};
use codecs::Codec;
use rtp::Header;
use voicebot::dialect::{Dialect, DialectSession, Frame, Opening};
use voicebot::message::{CallInfo, Direction, PlayoutInfo, PlayoutMode, Track};
use voicebot::{Format, FormatSpec, StartInfo};

use super::bridge::BridgeEnd;
use super::coding::Coding;
use super::from_bot::FromBot;
use super::piece::Piece;
use super::to_bot::ToBot;

/// Packets until all buffers have grown: the kept audio and the queues are full.
const WARM_UP: u32 = 300;
const PACKETS: u32 = 500;

fn session(dialect: Dialect, format: Format) -> DialectSession {
    let call = CallInfo {
        call_id: "sw-1-X".to_owned(),
        tenant: "default".to_owned(),
        direction: Direction::Inbound,
        from: "1".to_owned(),
        to: "2".to_owned(),
        trunk: "t".to_owned(),
        sip_call_id: "c".to_owned(),
        headers: BTreeMap::new(),
        vars: BTreeMap::new(),
    };
    let info = StartInfo {
        stream_id: "s".to_owned(),
        call,
        tracks: Track::of_channels(format.channels()),
        playout: PlayoutInfo::default(),
        features: Vec::new(),
        resume_token: None,
        resumed: false,
    };
    DialectSession::new(dialect, info, format, Opening::default())
}

/// Of a caller's packet.
fn header(codec: Codec, number: u32) -> Header {
    Header {
        marker: false,
        payload_type: codec.static_payload_type().unwrap(),
        sequence: number as u16,
        timestamp: number.wrapping_mul(160),
        ssrc: 7,
    }
}

/// A caller's packets, as far as the frames that go to the bot.
fn caller_to_bot(dialect: Dialect, format: Format, codec: Codec) {
    let mut session = session(dialect, format);
    let coding = Coding::of(codec);
    let line = coding.line();
    let mut path = ToBot::new(coding);
    path.open(format, true);
    let mut memory = BytesMut::new();
    let mut bytes = 0;
    let mut packet = |number: u32| {
        let header = header(codec, number);
        let mut send = |frame: Bytes| {
            match session.wrap_audio(frame, &mut memory) {
                Frame::Text(frame) | Frame::Binary(frame) => bytes += frame.len(),
            }
            Ok::<(), ()>(())
        };
        path.push(u64::from(number) * 20_000, &header, &[0x55; 160], &mut send).unwrap();
        path.push_outbound(&mut Piece::silence(line), &mut send).unwrap();
    };
    (0..WARM_UP).for_each(&mut packet);
    let counted = measure(|| (WARM_UP..WARM_UP + PACKETS).for_each(&mut packet));
    assert_eq!(counted.count_total, 0, "{dialect} {format:?} {codec}");
    assert!(bytes >= format.bytes_per_frame() * (WARM_UP + PACKETS - 100) as usize * 20 / format.frame_ms() as usize);
}

/// A bot's frames, as far as the packets that go to the caller.
fn bot_to_caller(format: Format, mode: PlayoutMode, codec: Codec) {
    let format = format.mono();
    let coding = Coding::of(codec);
    let mut encoder = coding.encoder();
    let mut path = FromBot::new(coding.line(), PlayoutInfo { mode, ..PlayoutInfo::default() });
    let frame = Bytes::from(vec![0x55; format.bytes_per_frame()]);
    let ticks = format.frame_ms().max(20) / 20;
    let mut payload = [0; 160];
    let mut turn = |_| {
        for _ in 0..20_u32.div_ceil(format.frame_ms()) {
            path.push(format, frame.clone()).unwrap();
        }
        for _ in 0..ticks {
            path.convert().unwrap();
            let mut piece = Piece::silence(coding.line());
            path.tick(&mut piece, true);
            if let Some(encoder) = &mut encoder {
                encoder.encode(piece.samples(), &mut payload).unwrap();
            }
            while path.poll_event().is_some() {}
        }
    };
    (0..WARM_UP).for_each(&mut turn);
    let counted = measure(|| (0..PACKETS).for_each(&mut turn));
    assert_eq!(counted.count_total, 0, "{format:?} {mode:?} {codec}");
}

#[test]
fn no_packet_allocates_in_any_dialect() {
    for dialect in Dialect::ALL {
        for &(encoding, rate_hz) in dialect.properties().formats {
            let asked =
                FormatSpec { encoding: Some(encoding.name().to_owned()), rate: Some(rate_hz), ..FormatSpec::default() };
            let format = dialect.format(&asked).unwrap();
            for codec in [Codec::Pcmu, Codec::G722] {
                caller_to_bot(dialect, format, codec);
                bot_to_caller(format, PlayoutMode::Queue, codec);
            }
        }
    }
}

#[test]
fn neither_do_two_channels_nor_live_mode() {
    for codec in [Codec::Pcmu, Codec::G722] {
        caller_to_bot(Dialect::Botstream, Format::default().stereo(), codec);
        bot_to_caller(Format::default(), PlayoutMode::Live, codec);
    }
}

#[test]
fn neither_does_a_bridge() {
    for [codec, other_codec] in [[Codec::Pcmu, Codec::Pcma], [Codec::Pcmu, Codec::G722], [Codec::G722, Codec::Pcma]] {
        let (coding, other) = (Coding::of(codec), Coding::of(other_codec));
        let line = other.line();
        let [end, other_end] = BridgeEnd::pair([coding.rate_hz(), other.rate_hz()]);
        let (to_other, _) = end.split(coding.line());
        let (_, mut from_other) = other_end.split(line);
        let mut path = ToBot::new(coding);
        path.open(Format::default(), true);
        path.bridge(Some(to_other));
        let mut packet = |number: u32| {
            let header = header(codec, number);
            path.push(u64::from(number) * 20_000, &header, &[0x55; 160], |_frame| Ok::<(), ()>(())).unwrap();
            from_other.fill(&mut Piece::silence(line))
        };
        assert!((0..WARM_UP).filter(|number| packet(*number)).count() > 0);
        let mut heard = 0;
        let counted = measure(|| heard = (WARM_UP..WARM_UP + PACKETS).filter(|number| packet(*number)).count());
        assert_eq!((counted.count_total, heard), (0, PACKETS as usize), "{codec} {other_codec}");
    }
}
