//! The messages of the dialects that carry audio in binary frames, as their real bots expect and send them.

#![allow(clippy::unwrap_used)] // Helpers beside the tests unwrap as the tests do.

mod support;

use bytes::Bytes;
use support::*;
use voicebot::dialect::{Dialect, DialectSession, Frame, Incoming, QueueStatus};
use voicebot::message::{FlowState, Hangup, MarkState, Mute, MuteDirection, PlaybackState, ToBot};
use voicebot::{Command, Encoding, Format, FormatSpec};

const PLAYED: MarkState = MarkState::Played;
const CLEARED: MarkState = MarkState::Cleared;

fn l16(rate: u32) -> Format {
    Format::new(Encoding::L16, rate, 20).unwrap()
}

/// Caller audio goes out as it is; a bot's audio comes in as it is.
fn audio_is_bare(session: &mut DialectSession) {
    let bytes = Bytes::from(vec![7; session.format().bytes_per_frame()]);
    let frame = session.wrap_audio(bytes.clone(), &mut bytes::BytesMut::new());
    assert_eq!(frame, Frame::Binary(bytes.clone()));
    let format = session.format();
    let received: Vec<Incoming> = session.receive_binary(bytes.clone()).unwrap().into_iter().collect();
    assert_eq!(received, [Incoming::Audio { format, bytes }]);
    assert_eq!(session.receive_binary(Bytes::new()).unwrap().into_iter().next(), None);
}

#[test]
fn vonage_to_the_bot() {
    let mut info = info();
    info.call.vars.insert("event".into(), "smuggled".into());
    let mut session = DialectSession::new(Dialect::Vonage, info, l16(16_000), opening());
    let frames = session.start_frames();
    assert_eq!(frames.len(), 1);
    let connected = r#"{"event":"websocket:connected","content-type":"audio/l16;rate=16000","lang":"en","order":"7"}"#;
    assert_eq!(json(&frames[0]), json(connected));
    audio_is_bare(&mut session);
    let dtmf = r#"{"event":"websocket:dtmf","digit":"5","duration":260}"#;
    assert_eq!(told(&mut session, &press('5')).as_deref(), Some(dtmf));
    assert_eq!(told(&mut session, &cleared()).as_deref(), Some(r#"{"event":"websocket:cleared"}"#));
    assert_eq!(told(&mut session, &stop("hangup")), None);
    assert_eq!(told(&mut session, &error(4400)), None);
}

#[test]
fn vonage_from_the_bot() {
    let mut session = started(Dialect::Vonage);
    assert_eq!(received(&mut session, r#"{"action": "clear"}"#), command(Command::Clear));
    let notify = r#"{"action":"notify","payload":{"z":1,"a":[true,null,"é\n",-2,0.5],"reply_id":"r"}}"#;
    assert_eq!(received(&mut session, notify), mark("notify-1"));
    assert_eq!(received(&mut session, r#"{"action":"notify","payload":"text"}"#), mark("notify-2"));
    assert_eq!(received(&mut session, r#"{"action":"notify"}"#), mark("notify-3"));
    assert_eq!(received(&mut session, r#"{"action":"notify","payload":{}}"#), mark("notify-4"));
    assert_eq!(received(&mut session, r#"{"action":"dance"}"#), unknown("dance"));

    // The payload comes back as it was, its members in their order.
    let notified = r#"{"event":"websocket:notify","payload":{"z":1,"a":[true,null,"é\n",-2,0.5],"reply_id":"r"}}"#;
    assert_eq!(told(&mut session, &report("notify-1", PLAYED)).as_deref(), Some(notified));
    let notified = r#"{"event":"websocket:notify","payload":null}"#;
    assert_eq!(told(&mut session, &report("notify-3", PLAYED)).as_deref(), Some(notified));
    // What a clear threw away is not told; nor is anything twice, or of another's.
    assert_eq!(told(&mut session, &report("notify-2", CLEARED)), None);
    for id in ["notify-1", "notify-2", "notify-99", "other"] {
        assert_eq!(told(&mut session, &report(id, PLAYED)), None);
    }
    assert!(told(&mut session, &report("notify-4", PLAYED)).is_some());
}

#[test]
fn jambonz_to_the_bot() {
    let mut session = session(Dialect::Jambonz);
    let frames = session.start_frames();
    assert_eq!(frames.len(), 1);
    let metadata = r#"{"callSid":"sw1-01J","direction":"inbound","from":"+14155550100","to":"+14155550199","callId":"abc@carrier.example",
        "sipStatus":200,"callStatus":"in-progress","accountSid":"AC1","applicationSid":"st-1","originatingSipTrunkName":"carrier",
        "sampleRate":8000,"mixType":"mono","lang":"en","order":"7"}"#;
    assert_eq!(json(&frames[0]), json(metadata));
    audio_is_bare(&mut session);
    // 260 ms, in samples at 8 kHz.
    let dtmf = r#"{"event":"dtmf","dtmf":"5","duration":2080}"#;
    assert_eq!(told(&mut session, &press('5')).as_deref(), Some(dtmf));
    assert_eq!(told(&mut session, &cleared()), None);
    assert_eq!(told(&mut session, &stop("hangup")), None);

    let ringing = voicebot::dialect::Opening { is_answered: false, ..opening() };
    let mut session = DialectSession::new(Dialect::Jambonz, info(), l16(16_000), ringing);
    let metadata = json(&session.start_frames()[0]);
    assert_eq!((&metadata["sipStatus"], &metadata["callStatus"]), (&180.into(), &"ringing".into()));
}

#[test]
fn jambonz_marks() {
    let mut session = started(Dialect::Jambonz);
    // As the SDK writes them.
    for name in ["one", "two", "two", "playAudio x"] {
        let frame = serde_json::json!({"type": "mark", "data": {"name": name}}).to_string();
        let id = if name == "playAudio x" { "mark playAudio x" } else { name };
        assert_eq!(received(&mut session, &frame), mark(id));
    }
    let playout = r#"{"type":"mark","data":{"name":"one","event":"playout"}}"#;
    assert_eq!(told(&mut session, &report("one", PLAYED)).as_deref(), Some(playout));
    let cleared_two = r#"{"type":"mark","data":{"name":"two","event":"cleared"}}"#;
    assert_eq!(told(&mut session, &report("two", CLEARED)).as_deref(), Some(cleared_two));

    // clearMarks tells at once of the marks that are left; when they are reached they are not told again.
    let cleared_x = r#"{"type":"mark","data":{"name":"playAudio x","event":"cleared"}}"#;
    assert_eq!(received(&mut session, r#"{"type":"clearMarks"}"#), reply(&[cleared_two, cleared_x]));
    assert_eq!(received(&mut session, r#"{"type":"clearMarks"}"#), []);
    assert_eq!(told(&mut session, &report("two", PLAYED)), None);
    assert_eq!(told(&mut session, &report("mark playAudio x", PLAYED)), None);
    // A new mark of the old name is a new one.
    assert_eq!(received(&mut session, r#"{"type":"mark","data":{"name":"one"}}"#), mark("one"));
    assert_eq!(told(&mut session, &report("one", PLAYED)).as_deref(), Some(playout));

    assert_eq!(received(&mut session, r#"{"type":"killAudio"}"#), command(Command::Clear));
    assert_eq!(received(&mut session, r#"{"type":"disconnect"}"#), command(Command::Hangup(Hangup::default())));
    assert_eq!(received(&mut session, r#"{"type":"json","data":{"any":1}}"#), unknown("json"));
}

#[test]
fn jambonz_clips() {
    let mut session = started(Dialect::Jambonz);
    let clip = |format, bytes: &[u8], id: &str| {
        vec![
            Incoming::Audio { format, bytes: Bytes::copy_from_slice(bytes) },
            Incoming::Command(Command::EndOfUtterance),
            Incoming::Command(Command::Mark { id: id.into() }),
        ]
    };
    // As the SDK writes it: one that interrupts, and one that waits.
    let now = r#"{"type":"playAudio","data":{"audioContent":"AAEC","audioContentType":"raw","sampleRate":16000,"id":"greeting"}}"#;
    let expected =
        [vec![Incoming::Command(Command::Clear)], clip(l16(16_000), &[0, 1, 2], "playAudio greeting")].concat();
    assert_eq!(received(&mut session, now), expected);
    let queued = r#"{"type":"playAudio","data":{"audioContent":"AAEC","audioContentType":"raw","sampleRate":"24000","queuePlay":true}}"#;
    assert_eq!(received(&mut session, queued), clip(l16(24_000), &[0, 1, 2], "playAudio"));
    let bare = r#"{"type":"playAudio","data":{"audioContent":"AAE=","queuePlay":true,"id":7}}"#;
    assert_eq!(received(&mut session, bare), clip(l16(8_000), &[0, 1], "playAudio 7"));

    // A clip that was interrupted is done too.
    let done = r#"{"type":"playDone","data":{"id":"greeting"}}"#;
    assert_eq!(told(&mut session, &report("playAudio greeting", CLEARED)).as_deref(), Some(done));
    assert_eq!(told(&mut session, &report("playAudio", PLAYED)).as_deref(), Some(r#"{"type":"playDone","data":{}}"#));
}

/// A WAV file of one format chunk, a chunk to be passed over, and `data`.
fn wav(code: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    file.extend(code.to_le_bytes());
    file.extend(channels.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend((rate * u32::from(channels) * u32::from(bits) / 8).to_le_bytes());
    file.extend((channels * bits / 8).to_le_bytes());
    file.extend(bits.to_le_bytes());
    file.extend(b"LIST\x03\0\0\0abc\0");
    file.extend(b"data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

fn wav_message(file: &[u8]) -> String {
    use base64::Engine;
    let content = base64::engine::general_purpose::STANDARD.encode(file);
    serde_json::json!({"type": "playAudio", "data": {"audioContent": content, "audioContentType": "wav", "queuePlay": true}})
        .to_string()
}

#[test]
fn jambonz_wav_clips() {
    let mut session = started(Dialect::Jambonz);
    let mulaw = Format::new(Encoding::Mulaw, 8_000, 20).unwrap();
    let cases = [(wav(1, 1, 16_000, 16, &[1, 2, 3, 4]), l16(16_000)), (wav(7, 1, 8_000, 8, &[1, 2, 3, 4]), mulaw)];
    for (file, format) in cases {
        let first = received(&mut session, &wav_message(&file)).swap_remove(0);
        assert_eq!(first, Incoming::Audio { format, bytes: Bytes::from_static(&[1, 2, 3, 4]) });
    }
    // Streamed out: the length is not known.
    let mut endless = wav(1, 1, 8_000, 16, &[1, 2]);
    let at = endless.len() - 6;
    endless[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let first = received(&mut session, &wav_message(&endless)).swap_remove(0);
    assert_eq!(first, Incoming::Audio { format: l16(8_000), bytes: Bytes::from_static(&[1, 2]) });

    for (file, named) in [
        (wav(1, 2, 8_000, 16, &[]), "2 channels"),
        (wav(1, 1, 44_100, 16, &[]), "44100"),
        (wav(3, 1, 8_000, 32, &[]), "code 3 with 32 bits"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0".to_vec(), "data before its format"),
        (b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01".to_vec(), "cut short"),
        (b"RIFF\0\0\0\0WAVELIST\xff\xff\xff\xff".to_vec(), "no data"),
        (b"OggS".to_vec(), "RIFF"),
    ] {
        let error = refused(&mut session, &wav_message(&file));
        assert!(error.to_string().contains(named), "{named}: {error}");
    }
}

#[test]
fn asterisk_to_the_bot_in_json() {
    let mut session = session(Dialect::Asterisk);
    let frames = session.start_frames();
    assert_eq!(frames.len(), 1);
    let start = r#"{"event":"MEDIA_START","connection_id":"st-1","channel":"WebSocket/st-1","channel_id":"sw1-01J","format":"ulaw",
        "optimal_frame_size":160,"ptime":20,"channel_variables":{"lang":"en","order":"7"}}"#;
    assert_eq!(json(&frames[0]), json(start));
    audio_is_bare(&mut session);
    let cases = [
        (press('5'), Some(r#"{"event":"DTMF_END","channel_id":"sw1-01J","digit":"5"}"#)),
        (flow(FlowState::Xoff), Some(r#"{"event":"MEDIA_XOFF","channel_id":"sw1-01J"}"#)),
        (flow(FlowState::Xon), Some(r#"{"event":"MEDIA_XON","channel_id":"sw1-01J"}"#)),
        (report("m", PLAYED), Some(r#"{"event":"MEDIA_MARK_PROCESSED","channel_id":"sw1-01J","correlation_id":"m"}"#)),
        (report("", PLAYED), Some(r#"{"event":"MEDIA_MARK_PROCESSED","channel_id":"sw1-01J","correlation_id":""}"#)),
        (report("m", CLEARED), None),
        (
            report("STOP_MEDIA_BUFFERING b", PLAYED),
            Some(r#"{"event":"MEDIA_BUFFERING_COMPLETED","channel_id":"sw1-01J","correlation_id":"b"}"#),
        ),
        (error(4400), Some(r#"{"event":"ERROR","channel_id":"sw1-01J","error_text":"a sentence"}"#)),
        (playback(PlaybackState::Started), None),
        (stop("hangup"), None),
    ];
    for (event, frame) in cases {
        assert_eq!(told(&mut session, &event).as_deref().map(json), frame.map(json), "{event:?}");
    }
}

#[test]
fn asterisk_to_the_bot_in_plain_words() {
    let mut session = session(Dialect::AsteriskPlain);
    let start = "MEDIA_START connection_id:st-1 channel:WebSocket/st-1 channel_id:sw1-01J format:ulaw optimal_frame_size:160 ptime:20";
    assert_eq!(session.start_frames(), [start]);
    audio_is_bare(&mut session);
    let cases = [
        (press('5'), "DTMF_END digit:5 channel_id:sw1-01J"),
        (flow(FlowState::Xoff), "MEDIA_XOFF"),
        (report("m", PLAYED), "MEDIA_MARK_PROCESSED m"),
        (report("", PLAYED), "MEDIA_MARK_PROCESSED"),
        (report("STOP_MEDIA_BUFFERING", PLAYED), "MEDIA_BUFFERING_COMPLETED"),
        (error(4400), "ERROR channel_id:sw1-01J error_text:a sentence"),
    ];
    for (event, frame) in cases {
        assert_eq!(told(&mut session, &event).as_deref(), Some(frame));
    }
    let mut out = String::new();
    assert!(session.write_status(QueueStatus { queued_ms: 45, is_paused: true }, &mut out));
    let status = "STATUS channel_id:sw1-01J queue_length:3 xon_level:250 xoff_level:500 queue_full:true bulk_media:false media_paused:true";
    assert_eq!(out, status);
}

#[test]
fn asterisk_formats_have_asterisks_names() {
    let names = [("mulaw", 8_000, "ulaw", 160), ("alaw", 8_000, "alaw", 160), ("l16", 8_000, "slin", 320)];
    let wide = [("l16", 16_000, "slin16", 640), ("l16", 24_000, "slin24", 960), ("l16", 48_000, "slin48", 1_920)];
    for (encoding, rate, name, size) in names.into_iter().chain(wide) {
        let asked = FormatSpec { encoding: Some(encoding.into()), rate: Some(rate), ..FormatSpec::default() };
        let format = Dialect::Asterisk.format(&asked).unwrap();
        let mut session = DialectSession::new(Dialect::Asterisk, info(), format, opening());
        let start = json(&session.start_frames()[0]);
        assert_eq!((&start["format"], &start["optimal_frame_size"]), (&name.into(), &size.into()));
    }
}

#[test]
fn asterisk_from_the_bot() {
    let mute = |direction, on| Incoming::Command(Command::Mute(Mute { direction, on }));
    let (inbound, outbound) = (MuteDirection::Inbound, MuteDirection::Outbound);
    let cases = [
        ("ANSWER", r#"{"command":"ANSWER"}"#, vec![Incoming::Answer]),
        ("HANGUP", r#"{"command":"HANGUP"}"#, command(Command::Hangup(Hangup::default()))),
        ("MARK_MEDIA m 1", r#"{"command":"MARK_MEDIA","correlation_id":"m 1"}"#, mark("m 1")),
        ("MARK_MEDIA", r#"{"command":"MARK_MEDIA"}"#, mark("")),
        ("FLUSH_MEDIA", r#"{"command":"FLUSH_MEDIA"}"#, vec![Command::Clear.into(), Command::Resume.into()]),
        ("PAUSE_MEDIA", r#"{"command":"PAUSE_MEDIA"}"#, command(Command::Pause)),
        ("CONTINUE_MEDIA", r#"{"command":"CONTINUE_MEDIA"}"#, command(Command::Resume)),
        ("START_MEDIA_BUFFERING", r#"{"command":"START_MEDIA_BUFFERING"}"#, Vec::new()),
        (
            "STOP_MEDIA_BUFFERING b",
            r#"{"command":"STOP_MEDIA_BUFFERING","correlation_id":"b"}"#,
            vec![Command::EndOfUtterance.into(), Command::Mark { id: "STOP_MEDIA_BUFFERING b".into() }.into()],
        ),
        ("GET_STATUS", r#"{"command":"GET_STATUS"}"#, vec![Incoming::Status]),
        (
            "SET_MEDIA_DIRECTION in",
            r#"{"command":"SET_MEDIA_DIRECTION","direction":"in"}"#,
            vec![mute(inbound, false), mute(outbound, true)],
        ),
        (
            "SET_MEDIA_DIRECTION out",
            r#"{"command":"SET_MEDIA_DIRECTION","direction":"out"}"#,
            vec![mute(inbound, true), mute(outbound, false)],
        ),
        ("SING aloud", r#"{"command":"SING"}"#, unknown("SING")),
        // Asterisk's commands are told apart by case.
        ("answer", r#"{"command":"answer"}"#, unknown("answer")),
    ];
    // Both forms are understood, whichever the events have.
    for dialect in [Dialect::Asterisk, Dialect::AsteriskPlain] {
        let mut session = started(dialect);
        for (plain, json, expected) in &cases {
            assert_eq!(received(&mut session, &format!(" {plain}\r\n")), *expected, "{plain}");
            assert_eq!(received(&mut session, json), *expected, "{json}");
        }
    }
}

#[test]
fn asterisk_tells_once_that_the_queue_is_drained() {
    let mut session = started(Dialect::AsteriskPlain);
    let drained = Some("QUEUE_DRAINED".to_owned());
    // Nothing is queued: at once.
    assert_eq!(received(&mut session, "REPORT_QUEUE_DRAINED"), reply(&["QUEUE_DRAINED"]));
    let empty_again: [ToBot; 3] = [playback(PlaybackState::Drained), playback(PlaybackState::Underrun), cleared()];
    for event in empty_again {
        session.receive_binary(Bytes::from_static(&[0; 160])).unwrap();
        assert_eq!(told(&mut session, &playback(PlaybackState::Drained)), None, "nobody asked");
        session.receive_binary(Bytes::from_static(&[0; 160])).unwrap();
        assert_eq!(received(&mut session, "REPORT_QUEUE_DRAINED"), []);
        assert_eq!(told(&mut session, &playback(PlaybackState::Started)), None);
        assert_eq!(told(&mut session, &event), drained);
        assert_eq!(told(&mut session, &event), None, "once");
    }
}

#[test]
fn asterisk_status() {
    let mut session = started(Dialect::Asterisk);
    received(&mut session, "START_MEDIA_BUFFERING");
    let mut out = "old".to_owned();
    assert!(session.write_status(QueueStatus { queued_ms: 1_000, is_paused: false }, &mut out));
    let status = r#"{"event":"STATUS","channel_id":"sw1-01J","queue_length":50,"xon_level":250,"xoff_level":500,"queue_full":false,"bulk_media":true,"media_paused":false}"#;
    assert_eq!(json(&out), json(status));
    // Nobody else has the word.
    assert!(!started(Dialect::Vonage).write_status(QueueStatus::default(), &mut out));
}

#[test]
fn our_own_protocol_goes_through_the_same_interface() {
    let mut session = session(Dialect::Botstream);
    let frames = session.start_frames();
    assert_eq!(json(&frames[0])["type"], "start");
    let mulaw = Format::new(Encoding::Mulaw, 8_000, 20).unwrap();
    let accept = r#"{"type":"accept","format":{"encoding":"mulaw"}}"#;
    let playout = session.playout();
    assert_eq!(received(&mut session, accept), command(Command::Accepted { format: mulaw, playout }));
    assert_eq!((session.format(), session.start_audio()), (mulaw, mulaw));
    audio_is_bare(&mut session);
    assert_eq!(refused(&mut session, r#"{"type":"accept","format":{"encoding":"l16"}}"#).code(), 4004);
    assert_eq!(received(&mut session, r#"{"type":"mark","id":"m"}"#), support::mark("m"));
    let told_mark = r#"{"type":"mark","id":"m","state":"cleared","gen":0,"pos_ms":40}"#;
    assert_eq!(told(&mut session, &report("m", CLEARED)).as_deref(), Some(told_mark));
    assert!(told(&mut session, &ToBot::Pong { id: "7".into() }).is_some());
}
