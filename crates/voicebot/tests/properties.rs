//! For any message: what one side writes the other reads. For any bytes: an answer, never a panic. For any cut of the audio:
//! the same samples.

#![allow(clippy::unwrap_used)] // Helpers beside the tests unwrap as the tests do.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use voicebot::message::*;
use voicebot::{Audio, BotSession, Command, Encoding, Format, FormatSpec, StartInfo, SwitchSession};

fn map() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(any::<String>(), any::<String>(), 0..4)
}

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![
        prop::sample::select(vec![8_000, 16_000, 24_000, 48_000]).prop_map(|rate| (Encoding::L16, rate)),
        Just((Encoding::Mulaw, 8_000)),
        Just((Encoding::Alaw, 8_000)),
    ]
    .prop_flat_map(|(encoding, rate)| {
        prop::sample::select(vec![10, 20, 40, 60, 100])
            .prop_map(move |frame_ms| Format::new(encoding, rate, frame_ms).unwrap())
    })
}

prop_compose! {
    fn info()(
        stream_id in any::<String>(), call_id in any::<String>(), from in any::<String>(), to in any::<String>(),
        outbound in any::<bool>(), headers in map(), vars in map(), features in vec(any::<String>(), 0..3),
        resume_token in any::<Option<String>>(), resumed in any::<bool>(), cap_ms in any::<u32>(),
    ) -> StartInfo {
        StartInfo {
            stream_id,
            call: CallInfo {
                call_id, tenant: "default".into(), from, to, trunk: String::new(), sip_call_id: "c".into(), headers, vars,
                direction: if outbound { Direction::Outbound } else { Direction::Inbound },
            },
            tracks: vec![Track::Inbound, Track::Outbound],
            playout: PlayoutInfo { cap_ms, ..PlayoutInfo::default() },
            features, resume_token, resumed,
        }
    }
}

fn to_bot() -> impl Strategy<Value = ToBot> {
    let pos = (any::<u32>(), any::<u64>(), any::<u64>());
    prop_oneof![
        (any::<char>(), any::<u32>(), any::<String>()).prop_map(|(digit, duration_ms, leg)| {
            ToBot::Dtmf(DtmfReceived { digit, duration_ms, leg, source: DtmfSource::Info })
        }),
        (any::<String>(), any::<u32>(), any::<u64>()).prop_map(|(id, generation, pos_ms)| {
            ToBot::Mark(MarkReport { id, state: MarkState::Dropped, generation, pos_ms })
        }),
        (pos, any::<u64>(), vec(any::<String>(), 0..4)).prop_map(
            |((generation, played_ms, played_samples), discarded_ms, marks)| {
                ToBot::Cleared(Cleared { generation, played_ms, played_samples, discarded_ms, marks })
            }
        ),
        pos.prop_map(|(generation, pos_ms, queued_ms)| {
            ToBot::Playback(Playback { state: PlaybackState::Underrun, generation, pos_ms, queued_ms })
        }),
        (any::<String>(), any::<Option<String>>()).prop_map(|(reason, cause)| ToBot::Stop(Stop { reason, cause })),
        (any::<u16>(), any::<String>(), any::<String>(), any::<bool>())
            .prop_map(|(code, name, message, fatal)| ToBot::Error(ErrorInfo { code, name, message, fatal })),
        (any::<String>(), -1e6_f32..1e6, any::<u64>()).prop_map(|(result, confidence, at_ms)| {
            ToBot::Cpa(Cpa { result, confidence, at_ms, detail: String::new() })
        }),
        any::<String>().prop_map(|id| ToBot::Pong { id }),
    ]
}

fn short() -> impl Strategy<Value = String> {
    "\\PC{0,40}"
}

/// A message, and the command it must become.
fn from_bot() -> impl Strategy<Value = (FromBot, Command)> {
    let after = prop::sample::select(vec![After::Now, After::Drained]);
    prop_oneof![
        short().prop_map(|id| (FromBot::Mark { id: id.clone() }, Command::Mark { id })),
        short().prop_map(|id| (FromBot::Ping { id: id.clone() }, Command::Ping { id })),
        Just((FromBot::Clear, Command::Clear)),
        Just((FromBot::Pause, Command::Pause)),
        Just((FromBot::Resume, Command::Resume)),
        Just((FromBot::Eou, Command::EndOfUtterance)),
        Just((FromBot::PlayStop, Command::PlayStop)),
        ("[0-9*#A-D]{0,20}", short()).prop_map(|(digits, leg)| {
            let dtmf = DtmfSend { digits, leg };
            (FromBot::Dtmf(dtmf.clone()), Command::Dtmf(dtmf))
        }),
        (after.clone(), any::<Option<String>>()).prop_map(|(after, cause)| {
            let hangup = Hangup { after, cause };
            (FromBot::Hangup(hangup.clone()), Command::Hangup(hangup))
        }),
        (any::<String>(), after).prop_map(|(to, after)| {
            let transfer = Transfer { kind: TransferKind::Refer, to, after };
            (FromBot::Transfer(transfer.clone()), Command::Transfer(transfer))
        }),
        (any::<String>(), any::<bool>()).prop_map(|(url, looped)| {
            let play = Play { url, looped, ..Play::default() };
            (FromBot::Play(play.clone()), Command::Play(play))
        }),
        map().prop_map(|vars| (FromBot::Set { vars: vars.clone() }, Command::Set { vars })),
    ]
}

fn read(audio: Audio<'_>, l16: &mut Vec<i16>, codec: &mut Vec<u8>) {
    match audio {
        Audio::L16(mut samples) => {
            let expected = samples.len();
            let mut block = [0; 7];
            let mut count = 0;
            loop {
                let read = samples.read(&mut block);
                count += read;
                l16.extend(&block[..read]);
                if read < block.len() {
                    break;
                }
            }
            assert_eq!(count, expected);
        }
        Audio::Codec(bytes) => codec.extend(bytes),
    }
}

proptest! {
    #[test]
    fn a_bot_reads_what_the_switch_writes(info in info(), format in format(), messages in vec(to_bot(), 0..8)) {
        let switch = SwitchSession::new(info.clone(), format);
        let mut bot = BotSession::new();
        bot.receive_text(&switch.start_frame()).unwrap();
        let start = bot.start().unwrap();
        prop_assert_eq!((&start.call, &start.stream_id, &start.resume_token), (&info.call, &info.stream_id, &info.resume_token));
        prop_assert_eq!(bot.format(), Some(format));
        let mut frame = String::new();
        for message in messages {
            prop_assert!(switch.write_event(&message, &mut frame));
            prop_assert_eq!(bot.receive_text(&frame).unwrap(), Some(message));
        }
    }

    #[test]
    fn the_switch_reads_what_a_bot_writes(info in info(), messages in vec(from_bot(), 0..8)) {
        let mut switch = SwitchSession::new(info, Format::default());
        let mut frame = String::new();
        for (message, command) in messages {
            message.write(&mut frame);
            prop_assert_eq!(switch.receive_text(&frame), Ok(command));
        }
    }

    #[test]
    fn an_accepted_format_is_the_same_on_both_sides(info in info(), offered in format(), asked in format()) {
        let mut switch = SwitchSession::new(info, offered);
        let mut bot = BotSession::new();
        bot.receive_text(&switch.start_frame()).unwrap();
        let mut frame = String::new();
        let accept = Accept { format: Some(FormatSpec::from(asked)), ..Accept::default() };
        bot.accept(accept).unwrap().write(&mut frame);
        let command = switch.receive_text(&frame).unwrap();
        prop_assert_eq!(command, Command::Accepted { format: asked, playout: switch.playout() });
        prop_assert_eq!((switch.format(), bot.format()), (asked, Some(asked)));
    }

    #[test]
    fn audio_is_the_same_wherever_it_is_cut(
        info in info(), format in format(), samples in vec(any::<i16>(), 0..400), cuts in vec(0..9_usize, 0..200),
    ) {
        let mut bytes = Vec::new();
        BotSession::write_l16(&samples, &mut bytes);
        let mut switch = SwitchSession::new(info, format);
        let (mut l16, mut codec) = (Vec::new(), Vec::new());
        let mut rest = bytes.as_slice();
        for cut in cuts {
            let (frame, after) = rest.split_at(cut.min(rest.len()));
            read(switch.receive_binary(frame).unwrap(), &mut l16, &mut codec);
            rest = after;
        }
        read(switch.receive_binary(rest).unwrap(), &mut l16, &mut codec);
        if format.encoding() == Encoding::L16 {
            prop_assert_eq!(l16, samples);
        } else {
            prop_assert_eq!(codec, bytes);
        }
    }

    #[test]
    fn nothing_a_peer_sends_makes_it_panic(info in info(), text in any::<String>(), bytes in vec(any::<u8>(), 0..64)) {
        let mut switch = SwitchSession::new(info, Format::default());
        let mut bot = BotSession::new();
        bot.receive_text(&switch.start_frame()).unwrap();
        let object = text.trim_start().starts_with('{');
        let refused = switch.receive_text(&text).is_err();
        prop_assert!(refused || object);
        prop_assert!(bot.receive_text(&text).is_err() || object);
        prop_assert_eq!(switch.receive_binary(&bytes).unwrap().len(), bytes.len() / 2);
        prop_assert_eq!(bot.receive_binary(&bytes).unwrap().len(), bytes.len() / 2);
    }

    /// JSON that is nearly right: known types with fields of any shape.
    #[test]
    fn nearly_right_json_is_taken_or_refused(
        info in info(), kind in prop::sample::select(FromBot::TYPES.to_vec()),
        field in prop::sample::select(vec!["id", "format", "digits", "after", "vars", "op", "on", "events", "type", "playout"]),
        value in prop::sample::select(vec!["null", "1", "-1", "1e400", "\"x\"", "[]", "[1]", "{}", "{\"rate\":-5}", "true", "1.5"]),
    ) {
        let mut switch = SwitchSession::new(info, Format::default());
        let before = (switch.format(), switch.playout());
        if switch.receive_text(&format!(r#"{{"type":"{kind}","{field}":{value}}}"#)).is_err() {
            prop_assert_eq!((switch.format(), switch.playout()), before);
        }
    }
}
