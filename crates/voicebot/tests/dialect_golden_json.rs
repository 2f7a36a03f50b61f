//! The messages of the dialects that carry audio in JSON, as their real bots expect and send them.

#![allow(clippy::unwrap_used)] // Helpers beside the tests unwrap as the tests do.

mod support;

use support::*;
use voicebot::dialect::{Dialect, DialectSession, Incoming, Opening};
use voicebot::message::{DtmfSend, LEG_CALLER, MarkState, PlaybackState, ToBot};
use voicebot::{Command, Encoding, Format, FormatSpec};

const PLAYED: MarkState = MarkState::Played;
const CLEARED: MarkState = MarkState::Cleared;

/// 160 bytes of 0xff, µ-law's silence, in base64.
fn silence() -> String {
    format!("{}/w==", "/".repeat(212))
}

fn audio(format: Format, bytes: &[u8]) -> Vec<Incoming> {
    vec![Incoming::Audio { format, bytes: bytes.to_vec().into() }]
}

#[test]
fn twilio_to_the_bot() {
    let mut session = session(Dialect::Twilio);
    let frames = session.start_frames();
    assert_eq!(frames.len(), 2);
    assert_eq!(frames[0], r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#);
    let start = r#"{"event":"start","sequenceNumber":"1","start":{"accountSid":"AC1","streamSid":"st-1","callSid":"sw1-01J",
        "tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},
        "customParameters":{"lang":"en","order":"7"}},"streamSid":"st-1"}"#;
    assert_eq!(json(&frames[1]), json(start));

    let media = |sequence: u32, chunk: u32, timestamp: u32| {
        format!(
            r#"{{"event":"media","sequenceNumber":"{sequence}","media":{{"track":"inbound","chunk":"{chunk}","timestamp":"{timestamp}","payload":"{}"}},"streamSid":"st-1"}}"#,
            silence()
        )
    };
    assert_eq!(text(audio_frame(&mut session, &[0xff; 160])), media(2, 1, 0));
    assert_eq!(text(audio_frame(&mut session, &[0xff; 160])), media(3, 2, 20));
    let dtmf =
        r##"{"event":"dtmf","sequenceNumber":"4","dtmf":{"track":"inbound_track","digit":"#"},"streamSid":"st-1"}"##;
    assert_eq!(told(&mut session, &press('#')).as_deref(), Some(dtmf));
    session.lose_audio(3);
    assert_eq!(text(audio_frame(&mut session, &[0xff; 160])), media(5, 3, 100));

    // A clear sends the pending marks back, and is not told in itself.
    for (sequence, state) in [(6, PLAYED), (7, CLEARED)] {
        let mark = format!(
            r#"{{"event":"mark","sequenceNumber":"{sequence}","mark":{{"name":"a \"b\""}},"streamSid":"st-1"}}"#
        );
        assert_eq!(told(&mut session, &report("a \"b\"", state)), Some(mark));
    }
    assert_eq!(told(&mut session, &cleared()), None);
    assert_eq!(told(&mut session, &playback(PlaybackState::Drained)), None);
    assert_eq!(told(&mut session, &error(4400)), None);
    let stop_frame =
        r#"{"event":"stop","sequenceNumber":"8","stop":{"accountSid":"AC1","callSid":"sw1-01J"},"streamSid":"st-1"}"#;
    assert_eq!(told(&mut session, &stop("hangup")).as_deref(), Some(stop_frame));
}

#[test]
fn twilio_from_the_bot() {
    let mut session = started(Dialect::Twilio);
    let mulaw = default_format(Dialect::Twilio);
    // As pipecat's serializer writes them, with Python's spaces.
    let media = r#"{"event": "media", "streamSid": "st-1", "media": {"payload": "AAH/gA=="}}"#;
    assert_eq!(received(&mut session, media), audio(mulaw, &[0, 1, 0xff, 0x80]));
    assert_eq!(received(&mut session, r#"{"event": "clear", "streamSid": "st-1"}"#), command(Command::Clear));
    // As a Node.js bot writes it.
    let frame = r#"{"event":"mark","streamSid":"st-1","mark":{"name":"responsePart"}}"#;
    assert_eq!(received(&mut session, frame), mark("responsePart"));
}

#[test]
fn twilio_is_lenient_as_the_real_service_is() {
    let mut session = started(Dialect::Twilio);
    let mulaw = default_format(Dialect::Twilio);
    let cases = [
        (r#"{"event":"media","media":{"payload":"AAH/gA"}}"#, audio(mulaw, &[0, 1, 0xff, 0x80])),
        (
            r#"{"event":"media","media":{"payload":"AAH/\r\ngA==","track":"outbound","chunk":7},"x":{"y":[1,{}]}}"#,
            audio(mulaw, &[0, 1, 0xff, 0x80]),
        ),
        (r#"{"Event":"media","stream_sid":null,"Media":{"Payload":"AA=="}}"#, audio(mulaw, &[0])),
        (r#"{"event":"MEDIA","media":{"payload":"AA=="}}"#, audio(mulaw, &[0])),
        (r#"{"event":"media","media":{"payload":""}}"#, Vec::new()),
        (r#"{"event":"mark","mark":{"name":1700000000}}"#, mark("1700000000")),
        (r#"{"event":"mark","mark":{"name":"é"}}"#, mark("é")),
        (r#"{"event":"clear"}"#, command(Command::Clear)),
        (r#"{"event":"telemetry","data":{}}"#, unknown("telemetry")),
        (r#"{"event":"stop"}"#, unknown("stop")),
    ];
    for (frame, expected) in cases {
        assert_eq!(received(&mut session, frame), expected, "{frame}");
    }
}

#[test]
fn telnyx_to_the_bot() {
    let mut session = session(Dialect::Telnyx);
    let frames = session.start_frames();
    assert_eq!(frames[0], r#"{"event":"connected","version":"1.0.0"}"#);
    let start = r#"{"event":"start","sequence_number":"1","stream_id":"st-1","start":{"user_id":"AC1","call_control_id":"sw1-01J",
        "call_session_id":"sw1-01J","from":"+14155550100","to":"+14155550199","custom_parameters":{"lang":"en","order":"7"},
        "media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}}"#;
    assert_eq!(json(&frames[1]), json(start));
    let media = format!(
        r#"{{"event":"media","sequence_number":"2","media":{{"track":"inbound","chunk":"1","timestamp":"0","payload":"{}"}},"stream_id":"st-1"}}"#,
        silence()
    );
    assert_eq!(text(audio_frame(&mut session, &[0xff; 160])), media);
    let dtmf = r#"{"event":"dtmf","sequence_number":"3","dtmf":{"digit":"1"},"stream_id":"st-1"}"#;
    assert_eq!(told(&mut session, &press('1')).as_deref(), Some(dtmf));
    let mark = r#"{"event":"mark","sequence_number":"4","mark":{"name":"m"},"stream_id":"st-1"}"#;
    assert_eq!(told(&mut session, &report("m", CLEARED)).as_deref(), Some(mark));
    let refusal = r#"{"event":"error","payload":{"code":100003,"title":"malformed_frame","detail":"a sentence"},"stream_id":"st-1"}"#;
    assert_eq!(told(&mut session, &error(4400)).as_deref(), Some(refusal));
    for (code, title) in
        [(4413, "invalid_media"), (4004, "invalid_media"), (4429, "rate_limit_reached"), (5000, "unknown_error")]
    {
        assert_eq!(json(&told(&mut session, &error(code)).unwrap())["payload"]["title"], title);
    }
    let stop_frame = r#"{"event":"stop","sequence_number":"5","stop":{"user_id":"AC1","call_control_id":"sw1-01J"},"stream_id":"st-1"}"#;
    assert_eq!(told(&mut session, &stop("hangup")).as_deref(), Some(stop_frame));
}

#[test]
fn telnyx_from_the_bot() {
    let alaw = Dialect::Telnyx.format(&FormatSpec { encoding: Some("alaw".into()), ..FormatSpec::default() }).unwrap();
    let mut session = DialectSession::new(Dialect::Telnyx, info(), alaw, opening());
    assert_eq!(json(&session.start_frames()[1])["start"]["media_format"]["encoding"], "PCMA");
    // As pipecat's serializer writes them: without a stream id.
    let media = r#"{"event": "media", "media": {"payload": "1dU="}}"#;
    assert_eq!(received(&mut session, media), audio(alaw, &[0xd5, 0xd5]));
    assert_eq!(received(&mut session, r#"{"event": "clear"}"#), command(Command::Clear));
    assert_eq!(received(&mut session, r#"{"event":"mark","stream_id":"st-1","mark":{"name":"m"}}"#), mark("m"));
}

#[test]
fn plivo_to_the_bot() {
    let mut session = session(Dialect::Plivo);
    let frames = session.start_frames();
    assert_eq!(frames.len(), 1);
    let start = r#"{"event":"start","sequenceNumber":1,"start":{"callId":"sw1-01J","streamId":"st-1","accountId":"AC1","tracks":["inbound"],
        "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000}},"extra_headers":"lang=en;order=7"}"#;
    assert_eq!(json(&frames[0]), json(start));
    audio_frame(&mut session, &[0xff; 160]);
    let media = format!(
        r#"{{"event":"media","sequenceNumber":3,"media":{{"track":"inbound","chunk":2,"timestamp":"1705312200020","payload":"{}"}},"streamId":"st-1","extra_headers":"lang=en;order=7"}}"#,
        silence()
    );
    assert_eq!(text(audio_frame(&mut session, &[0xff; 160])), media);
    let dtmf = r#"{"event":"dtmf","sequenceNumber":4,"dtmf":{"track":"inbound","digit":"5","timestamp":"1705312200040"},"streamId":"st-1","extra_headers":"lang=en;order=7"}"#;
    assert_eq!(told(&mut session, &press('5')).as_deref(), Some(dtmf));
    let played = r#"{"event":"playedStream","sequenceNumber":5,"name":"cp-0","streamId":"st-1"}"#;
    assert_eq!(told(&mut session, &report("cp-0", PLAYED)).as_deref(), Some(played));
    // A checkpoint that was thrown away is not acknowledged; the clear is.
    assert_eq!(told(&mut session, &report("cp-1", CLEARED)), None);
    let clear = r#"{"event":"clearedAudio","sequenceNumber":6,"streamId":"st-1"}"#;
    assert_eq!(told(&mut session, &cleared()).as_deref(), Some(clear));
    assert_eq!(told(&mut session, &stop("hangup")), None);
    assert_eq!(told(&mut session, &error(4400)), None);
}

#[test]
fn plivo_from_the_bot() {
    let mut session = started(Dialect::Plivo);
    let mulaw = default_format(Dialect::Plivo);
    let l16 = |rate| Format::new(Encoding::L16, rate, 20).unwrap();
    let cases = [
        // As pipecat's serializer writes it.
        (
            r#"{"event": "playAudio", "media": {"contentType": "audio/x-mulaw", "sampleRate": 8000, "payload": "/38="}, "streamId": "st-1"}"#,
            audio(mulaw, &[0xff, 0x7f]),
        ),
        (
            r#"{"event":"playAudio","media":{"contentType":"audio/x-l16","sampleRate":16000,"payload":"AAE="}}"#,
            audio(l16(16_000), &[0, 1]),
        ),
        (
            r#"{"event":"playAudio","media":{"contentType":"audio/x-l16","sampleRate":"8000","payload":"AAE="}}"#,
            audio(l16(8_000), &[0, 1]),
        ),
        (
            r#"{"event":"playAudio","media":{"contentType":"audio/x-l16;rate=24000","payload":"AAE="}}"#,
            audio(l16(24_000), &[0, 1]),
        ),
        (r#"{"event":"playAudio","media":{"contentType":"audio/x-l16","payload":"AAE="}}"#, audio(l16(8_000), &[0, 1])),
        (r#"{"event":"playAudio","media":{"payload":"/38="}}"#, audio(mulaw, &[0xff, 0x7f])),
        (r#"{"event":"checkpoint","streamId":"st-1","name":"cp-0"}"#, mark("cp-0")),
        (r#"{"event": "clearAudio", "streamId": "st-1"}"#, command(Command::Clear)),
        (
            r##"{"event":"sendDTMF","dtmf":"1234#"}"##,
            command(Command::Dtmf(DtmfSend { digits: "1234#".into(), leg: LEG_CALLER.into() })),
        ),
        (
            r#"{"event":"sendDTMF","dtmf":12}"#,
            command(Command::Dtmf(DtmfSend { digits: "12".into(), leg: LEG_CALLER.into() })),
        ),
        // Twilio's words are not Plivo's.
        (r#"{"event":"media","media":{"payload":"AAA="}}"#, unknown("media")),
    ];
    for (frame, expected) in cases {
        assert_eq!(received(&mut session, frame), expected, "{frame}");
    }
}

#[test]
fn plivo_l16() {
    let format = Dialect::Plivo.format(&FormatSpec { rate: Some(16_000), ..FormatSpec::default() }).unwrap();
    assert_eq!((format.encoding(), format.rate_hz()), (Encoding::L16, 16_000));
    let mut session = DialectSession::new(Dialect::Plivo, info(), format, Opening::default());
    let start = json(&session.start_frames()[0]);
    assert_eq!(start["start"]["mediaFormat"], serde_json::json!({"encoding": "audio/x-l16", "sampleRate": 16_000}));
    // The tenant stands for an account that has no id.
    assert_eq!(start["start"]["accountId"], "default");
    assert_eq!(received(&mut session, r#"{"event":"playAudio","media":{"payload":"AAE="}}"#), audio(format, &[0, 1]));
}

#[test]
fn exotel_to_the_bot() {
    let mut session = session(Dialect::Exotel);
    let frames = session.start_frames();
    assert_eq!(frames[0], r#"{"event":"connected"}"#);
    let start = r#"{"event":"start","sequence_number":"1","stream_sid":"st-1","start":{"stream_sid":"st-1","call_sid":"sw1-01J","account_sid":"AC1",
        "from":"+14155550100","to":"+14155550199","custom_parameters":{"lang":"en","order":"7"},
        "media_format":{"encoding":"audio/x-raw","sample_rate":"8000","bit_rate":"16"}}}"#;
    assert_eq!(json(&frames[1]), json(start));
    // 100 ms of L16 at 8 kHz.
    assert_eq!(session.format().bytes_per_frame(), 1_600);
    audio_frame(&mut session, &[0; 1_600]);
    let media = json(&text(audio_frame(&mut session, &[0; 1_600])));
    assert_eq!((&media["sequence_number"], &media["stream_sid"]), (&"3".into(), &"st-1".into()));
    let payload = media["media"]["payload"].as_str().unwrap();
    assert_eq!(payload.len(), 2_136);
    assert_eq!(media["media"], serde_json::json!({"chunk": "2", "timestamp": "100", "payload": payload}));
    let dtmf = r#"{"event":"dtmf","sequence_number":"4","dtmf":{"digit":"5","duration":"260"},"stream_sid":"st-1"}"#;
    assert_eq!(told(&mut session, &press('5')).as_deref(), Some(dtmf));
    let mark = r#"{"event":"mark","sequence_number":"5","mark":{"name":"m"},"stream_sid":"st-1"}"#;
    assert_eq!(told(&mut session, &report("m", PLAYED)).as_deref(), Some(mark));
    for (reason, word) in [("hangup", "callended"), ("drain", "stopped")] {
        let stop_frame = json(&told(&mut session, &stop(reason)).unwrap());
        assert_eq!(
            stop_frame["stop"],
            serde_json::json!({"call_sid": "sw1-01J", "account_sid": "AC1", "reason": word})
        );
    }
}

#[test]
fn exotel_from_the_bot() {
    let mut session = started(Dialect::Exotel);
    let l16 = default_format(Dialect::Exotel);
    // As pipecat's serializer writes them.
    let media = r#"{"event": "media", "stream_sid": "st-1", "media": {"payload": "AAEC"}}"#;
    assert_eq!(received(&mut session, media), audio(l16, &[0, 1, 2]));
    assert_eq!(received(&mut session, r#"{"event": "clear", "stream_sid": "st-1"}"#), command(Command::Clear));
    let frame = r#"{"event":"mark","sequence_number":"9","stream_sid":"st-1","mark":{"name":"m"}}"#;
    assert_eq!(received(&mut session, frame), mark("m"));
}

#[test]
fn no_dialect_of_the_family_tells_what_it_has_no_word_for() {
    for dialect in [Dialect::Twilio, Dialect::Telnyx, Dialect::Plivo, Dialect::Exotel] {
        let mut session = started(dialect);
        let others = [
            ToBot::Pong { id: "1".into() },
            playback(PlaybackState::Started),
            flow(voicebot::message::FlowState::Xoff),
            ToBot::Call(voicebot::message::CallUpdate { state: voicebot::message::CallState::Answered, cause: None }),
        ];
        for event in others {
            assert_eq!(told(&mut session, &event), None, "{dialect} {event:?}");
        }
    }
}
