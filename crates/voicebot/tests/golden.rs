//! The exact JSON of every message. Bots in other languages are written against these strings.

use std::collections::BTreeMap;

use voicebot::message::{
    Accept, After, CallInfo, CallState, CallUpdate, Cleared, Cpa, Direction, DtmfReceived, DtmfSend, DtmfSource,
    ErrorInfo, Flow, FlowState, FromBot, Hangup, LEG_CALLER, MarkReport, MarkState, Mute, MuteDirection, Play,
    PlayReport, PlayState, Playback, PlaybackState, PlayoutInfo, PlayoutMode, PlayoutSpec, Qos, RecordOp, Speech,
    SpeechState, Start, Stop, ToBot, Track, Transfer, TransferKind,
};
use voicebot::{BotSession, Command, Encoding, Format, FormatSpec, StartInfo, SwitchSession};

fn call() -> CallInfo {
    CallInfo {
        call_id: "sw1-01J".into(),
        tenant: "default".into(),
        direction: Direction::Inbound,
        from: "sip:alice@carrier.example".into(),
        to: "sip:+14155550100@bots.example".into(),
        trunk: "carrier".into(),
        sip_call_id: "abc@carrier.example".into(),
        headers: BTreeMap::from([("X-Account".to_owned(), "7".to_owned())]),
        vars: BTreeMap::new(),
    }
}

fn info() -> StartInfo {
    StartInfo {
        stream_id: "st-1".into(),
        call: call(),
        tracks: vec![Track::Inbound],
        playout: PlayoutInfo::default(),
        features: vec!["mark".into(), "clear".into()],
        resume_token: None,
        resumed: false,
    }
}

const START: &str = concat!(
    r#"{"type":"start","v":1,"stream_id":"st-1","call":{"call_id":"sw1-01J","tenant":"default","direction":"inbound","#,
    r#""from":"sip:alice@carrier.example","to":"sip:+14155550100@bots.example","trunk":"carrier","#,
    r#""sip_call_id":"abc@carrier.example","headers":{"X-Account":"7"},"vars":{}},"#,
    r#""format":{"encoding":"l16","rate":16000,"channels":1,"frame_ms":20},"tracks":["inbound"],"#,
    r#""playout":{"mode":"queue","cap_ms":120000,"xoff_ms":10000,"xon_ms":5000},"features":["mark","clear"],"resumed":false}"#,
);

#[test]
fn start() {
    assert_eq!(SwitchSession::new(info(), Format::default()).start_frame(), START);
}

#[test]
fn start_that_resumes() {
    let info = StartInfo { resume_token: Some("t0".into()), resumed: true, ..info() };
    let frame = SwitchSession::new(info, Format::new(Encoding::Mulaw, 8_000, 40).unwrap()).start_frame();
    assert!(frame.contains(r#""format":{"encoding":"mulaw","rate":8000,"channels":1,"frame_ms":40}"#), "{frame}");
    assert!(frame.ends_with(r#""resume_token":"t0","resumed":true}"#), "{frame}");
}

#[test]
fn switch_to_bot() {
    let start = Start {
        v: 1,
        stream_id: "st-1".into(),
        call: call(),
        format: Format::default(),
        tracks: vec![Track::Inbound],
        playout: PlayoutInfo::default(),
        features: vec!["mark".into(), "clear".into()],
        resume_token: None,
        resumed: false,
    };
    let golden = [
        (ToBot::Start(Box::new(start)), START),
        (
            ToBot::Dtmf(DtmfReceived {
                digit: '#',
                duration_ms: 160,
                leg: LEG_CALLER.into(),
                source: DtmfSource::Rfc4733,
            }),
            r##"{"type":"dtmf","digit":"#","duration_ms":160,"leg":"caller","source":"rfc4733"}"##,
        ),
        (
            ToBot::Mark(MarkReport { id: "m1".into(), state: MarkState::Played, generation: 0, pos_ms: 1_240 }),
            r#"{"type":"mark","id":"m1","state":"played","gen":0,"pos_ms":1240}"#,
        ),
        (
            ToBot::Cleared(Cleared {
                generation: 1,
                played_ms: 980,
                played_samples: 7_840,
                discarded_ms: 3_020,
                marks: vec!["m2".into(), "m3".into()],
            }),
            r#"{"type":"cleared","gen":1,"played_ms":980,"played_samples":7840,"discarded_ms":3020,"marks":["m2","m3"]}"#,
        ),
        (
            ToBot::Playback(Playback { state: PlaybackState::Drained, generation: 2, pos_ms: 500, queued_ms: 0 }),
            r#"{"type":"playback","state":"drained","gen":2,"pos_ms":500,"queued_ms":0}"#,
        ),
        (
            ToBot::Flow(Flow { state: FlowState::Xoff, queued_ms: 10_020 }),
            r#"{"type":"flow","state":"xoff","queued_ms":10020}"#,
        ),
        (
            ToBot::Speech(Speech { state: SpeechState::Start, at_ms: 740 }),
            r#"{"type":"speech","state":"start","at_ms":740}"#,
        ),
        (
            ToBot::Cpa(Cpa { result: "human".into(), confidence: 0.75, at_ms: 1_900, detail: "short greeting".into() }),
            r#"{"type":"cpa","result":"human","confidence":0.75,"at_ms":1900,"detail":"short greeting"}"#,
        ),
        (
            ToBot::Call(CallUpdate { state: CallState::Ended, cause: Some("NORMAL".into()) }),
            r#"{"type":"call","state":"ended","cause":"NORMAL"}"#,
        ),
        (ToBot::Call(CallUpdate { state: CallState::Answered, cause: None }), r#"{"type":"call","state":"answered"}"#),
        (
            ToBot::Qos(Qos { mos: 4.25, loss_pct: 0.5, jitter_ms: 3.5, rtt_ms: 40.0 }),
            r#"{"type":"qos","mos":4.25,"loss_pct":0.5,"jitter_ms":3.5,"rtt_ms":40.0}"#,
        ),
        (
            ToBot::Play(PlayReport {
                state: PlayState::Finished,
                play_id: "p1".into(),
                reason: Some("completed".into()),
                played_ms: 640,
            }),
            r#"{"type":"play","state":"finished","play_id":"p1","reason":"completed","played_ms":640}"#,
        ),
        (
            ToBot::Stop(Stop { reason: "hangup".into(), cause: Some("NORMAL".into()) }),
            r#"{"type":"stop","reason":"hangup","cause":"NORMAL"}"#,
        ),
        (
            ToBot::Error(ErrorInfo {
                code: 4400,
                name: "BAD_MESSAGE".into(),
                message: "a message is a JSON object".into(),
                fatal: false,
            }),
            r#"{"type":"error","code":4400,"name":"BAD_MESSAGE","message":"a message is a JSON object","fatal":false}"#,
        ),
        (ToBot::Pong { id: "7".into() }, r#"{"type":"pong","id":"7"}"#),
    ];

    let mut bot = BotSession::new();
    let mut frame = String::new();
    for (message, json) in golden {
        message.write(&mut frame);
        assert_eq!(frame, json);
        assert_eq!(bot.receive_text(json).unwrap(), Some(message));
    }
}

#[test]
fn bot_to_switch() {
    let golden = [
        (FromBot::Accept(Accept::default()), r#"{"type":"accept"}"#),
        (
            FromBot::Accept(Accept {
                format: Some(FormatSpec { encoding: Some("mulaw".into()), rate: Some(8_000), ..FormatSpec::default() }),
                playout: Some(PlayoutSpec { mode: Some(PlayoutMode::Queue), cap_ms: Some(60_000) }),
                events: Some(vec!["dtmf".into()]),
            }),
            r#"{"type":"accept","format":{"encoding":"mulaw","rate":8000},"playout":{"mode":"queue","cap_ms":60000},"events":["dtmf"]}"#,
        ),
        (FromBot::Mark { id: "m1".into() }, r#"{"type":"mark","id":"m1"}"#),
        (FromBot::Clear, r#"{"type":"clear"}"#),
        (FromBot::Pause, r#"{"type":"pause"}"#),
        (FromBot::Resume, r#"{"type":"resume"}"#),
        (FromBot::Eou, r#"{"type":"eou"}"#),
        (
            FromBot::Play(Play { url: "https://x.example/hold.wav".into(), looped: true, ..Play::default() }),
            r#"{"type":"play","url":"https://x.example/hold.wav","loop":true}"#,
        ),
        (
            FromBot::Play(Play { tone: "440:500".into(), mix_db: Some(-12), interruptible: true, ..Play::default() }),
            r#"{"type":"play","tone":"440:500","loop":false,"mix_db":-12,"interruptible":true}"#,
        ),
        (FromBot::PlayStop, r#"{"type":"play_stop"}"#),
        (
            FromBot::Dtmf(DtmfSend { digits: "12#".into(), leg: LEG_CALLER.into() }),
            r##"{"type":"dtmf","digits":"12#","leg":"caller"}"##,
        ),
        (FromBot::Hangup(Hangup::default()), r#"{"type":"hangup","after":"drained"}"#),
        (
            FromBot::Hangup(Hangup { after: After::Now, cause: Some("NORMAL".into()) }),
            r#"{"type":"hangup","after":"now","cause":"NORMAL"}"#,
        ),
        (
            FromBot::Transfer(Transfer { kind: TransferKind::Blind, to: "+14155550111".into(), after: After::Drained }),
            r#"{"type":"transfer","kind":"BLIND","to":"+14155550111","after":"drained"}"#,
        ),
        (FromBot::Record { op: RecordOp::Pause }, r#"{"type":"record","op":"pause"}"#),
        (
            FromBot::Mute(Mute { direction: MuteDirection::Inbound, on: true }),
            r#"{"type":"mute","direction":"inbound","on":true}"#,
        ),
        (
            FromBot::Set { vars: BTreeMap::from([("k".to_owned(), "v".to_owned())]) },
            r#"{"type":"set","vars":{"k":"v"}}"#,
        ),
        (FromBot::Ping { id: "7".into() }, r#"{"type":"ping","id":"7"}"#),
    ];

    let mut frame = String::new();
    for (message, json) in golden {
        message.write(&mut frame);
        assert_eq!(frame, json);
        // The switch understands every one of them.
        let mut switch = SwitchSession::new(info(), Format::default());
        let command = switch.receive_text(json).unwrap();
        assert_eq!(matches!(command, Command::Accepted { .. }), matches!(message, FromBot::Accept(_)));
    }
}

/// What a bot may leave out, and what a later version may add.
#[test]
fn lenient_to_bots() {
    let cases = [
        (r#"{"type":"hangup"}"#, Command::Hangup(Hangup::default())),
        (r#" {"new":{"a":[1]},"type":"clear","reason":"barge-in"}"#, Command::Clear),
        (r#"{"type":"ping"}"#, Command::Ping { id: String::new() }),
        (r#"{"id":"m\u00e9","type":"mark"}"#, Command::Mark { id: "mé".into() }),
        (r#"{"type":"play","url":"u"}"#, Command::Play(Play { url: "u".into(), ..Play::default() })),
        (r#"{"type":"dtmf","digits":"5"}"#, Command::Dtmf(DtmfSend { digits: "5".into(), leg: LEG_CALLER.into() })),
    ];
    let mut switch = SwitchSession::new(info(), Format::default());
    for (json, command) in cases {
        assert_eq!(switch.receive_text(json), Ok(command), "{json}");
    }
}
