//! What a bot of each vendor's protocol sends and gets, written from the vendors' documentation and not with the switch's
//! own code.

use audio::g711::Law;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use integration_tests::raw_bot::{RawFrame, RawStream};
use serde_json::{Value, json};

/// How audio is coded on the WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Mulaw,
    L16,
}

/// One vendor's protocol.
#[derive(Debug)]
pub(crate) struct Vendor {
    pub(crate) dialect: &'static str,
    pub(crate) subprotocol: Option<&'static str>,
    pub(crate) code: Code,
    pub(crate) rate_hz: u32,
    /// Bytes of a frame toward the bot.
    pub(crate) frame_bytes: usize,
    /// Frames before the first audio, looked at.
    pub(crate) start: fn(&[RawFrame]),
    pub(crate) frames_at_start: usize,
    /// Audio for the caller, in the vendor's envelope; `None`: in binary frames.
    pub(crate) media: Option<fn(String) -> Value>,
    /// Text frames that ask to be told when all before them has been played.
    pub(crate) mark: fn(&str) -> Vec<String>,
    pub(crate) is_marked: fn(&Value, &str) -> bool,
    pub(crate) clear: fn() -> String,
    /// Whether a frame tells that a clear was done: what the vendor sends then, if anything.
    pub(crate) is_cleared: Option<fn(&Value, &str) -> bool>,
    pub(crate) is_key: fn(&Value, &str) -> bool,
    /// The vendor's word for hanging up; `None`: the socket is closed.
    pub(crate) hangup: Option<fn() -> String>,
}

impl Vendor {
    /// The caller's audio in a frame, if it is one.
    pub(crate) fn heard(&self, frame: &RawFrame) -> Option<Vec<i16>> {
        let bytes = match frame {
            RawFrame::Binary(bytes) if self.media.is_none() => bytes.clone(),
            RawFrame::Json(json) if self.media.is_some() && json["event"] == "media" => {
                STANDARD.decode(json["media"]["payload"].as_str()?).ok()?
            }
            _ => return None,
        };
        assert_eq!(bytes.len(), self.frame_bytes, "{}", self.dialect);
        Some(match self.code {
            Code::Mulaw => bytes.iter().map(|code| Law::Mu.decode(*code)).collect(),
            Code::L16 => bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect(),
        })
    }

    /// Says samples, in one frame.
    pub(crate) async fn say(&self, stream: &mut RawStream, samples: &[i16]) -> anyhow::Result<()> {
        let bytes: Vec<u8> = match self.code {
            Code::Mulaw => samples.iter().map(|sample| Law::Mu.encode(*sample)).collect(),
            Code::L16 => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
        };
        match self.media {
            Some(media) => stream.send_text(media(STANDARD.encode(bytes)).to_string()).await,
            None => stream.send_binary(bytes).await,
        }
    }
}

/// The JSON of a frame.
fn json_of(frame: &RawFrame) -> &Value {
    match frame {
        RawFrame::Json(json) => json,
        other => panic!("no JSON: {other:?}"),
    }
}

fn one(value: Value) -> Vec<String> {
    vec![value.to_string()]
}

pub(crate) const TWILIO: Vendor = Vendor {
    dialect: "twilio",
    subprotocol: None,
    code: Code::Mulaw,
    rate_hz: 8_000,
    frame_bytes: 160,
    frames_at_start: 2,
    start: |frames| {
        assert_eq!(json_of(&frames[0])["event"], "connected");
        assert_eq!(json_of(&frames[0])["protocol"], "Call");
        let start = json_of(&frames[1]);
        assert_eq!((&start["event"], &start["sequenceNumber"]), (&json!("start"), &json!("1")));
        assert_eq!(start["streamSid"], start["start"]["streamSid"]);
        let format = json!({"encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1});
        assert_eq!(start["start"]["mediaFormat"], format);
        assert_eq!(start["start"]["customParameters"]["team"], "blue");
        assert!(start["start"]["callSid"].is_string() && start["start"]["tracks"] == json!(["inbound"]));
    },
    media: Some(|payload| json!({"event": "media", "streamSid": "S", "media": {"payload": payload}})),
    mark: |name| one(json!({"event": "mark", "streamSid": "S", "mark": {"name": name}})),
    is_marked: |json, name| json["event"] == "mark" && json["mark"]["name"] == name,
    clear: || json!({"event": "clear", "streamSid": "S"}).to_string(),
    // A clear sends the pending marks back.
    is_cleared: Some(|json, name| json["event"] == "mark" && json["mark"]["name"] == name),
    is_key: |json, digit| json["event"] == "dtmf" && json["dtmf"]["digit"] == digit,
    hangup: None,
};

pub(crate) const TELNYX: Vendor = Vendor {
    dialect: "telnyx",
    frames_at_start: 2,
    start: |frames| {
        assert_eq!(json_of(&frames[0])["event"], "connected");
        let start = json_of(&frames[1]);
        assert_eq!(start["event"], "start");
        assert!(start["stream_id"].is_string() && start["start"]["call_control_id"].is_string(), "{start}");
        assert_eq!(start["start"]["media_format"]["encoding"], "PCMU");
    },
    media: Some(|payload| json!({"event": "media", "media": {"payload": payload}})),
    mark: |name| one(json!({"event": "mark", "mark": {"name": name}})),
    clear: || json!({"event": "clear"}).to_string(),
    ..TWILIO
};

pub(crate) const PLIVO: Vendor = Vendor {
    dialect: "plivo",
    frames_at_start: 1,
    start: |frames| {
        let start = json_of(&frames[0]);
        assert_eq!((&start["event"], &start["sequenceNumber"]), (&json!("start"), &json!(1)));
        assert!(start["start"]["callId"].is_string() && start["start"]["streamId"].is_string(), "{start}");
        assert_eq!(start["start"]["mediaFormat"], json!({"encoding": "audio/x-mulaw", "sampleRate": 8_000}));
    },
    media: Some(|payload| {
        let media = json!({"contentType": "audio/x-mulaw", "sampleRate": 8_000, "payload": payload});
        json!({"event": "playAudio", "media": media})
    }),
    mark: |name| one(json!({"event": "checkpoint", "streamId": "S", "name": name})),
    is_marked: |json, name| json["event"] == "playedStream" && json["name"] == name,
    clear: || json!({"event": "clearAudio", "streamId": "S"}).to_string(),
    is_cleared: Some(|json, _name| json["event"] == "clearedAudio"),
    ..TWILIO
};

pub(crate) const EXOTEL: Vendor = Vendor {
    dialect: "exotel",
    code: Code::L16,
    frame_bytes: 1_600,
    frames_at_start: 2,
    start: |frames| {
        assert_eq!(json_of(&frames[0])["event"], "connected");
        let start = json_of(&frames[1]);
        assert_eq!(start["event"], "start");
        assert_eq!(start["stream_sid"], start["start"]["stream_sid"]);
        assert_eq!(start["start"]["media_format"]["sample_rate"], "8000");
    },
    media: Some(|payload| json!({"event": "media", "stream_sid": "S", "media": {"payload": payload}})),
    mark: |name| one(json!({"event": "mark", "stream_sid": "S", "mark": {"name": name}})),
    clear: || json!({"event": "clear", "stream_sid": "S"}).to_string(),
    ..TWILIO
};

pub(crate) const VONAGE: Vendor = Vendor {
    dialect: "vonage",
    code: Code::L16,
    rate_hz: 16_000,
    frame_bytes: 640,
    frames_at_start: 1,
    start: |frames| {
        let start = json_of(&frames[0]);
        assert_eq!(start["event"], "websocket:connected");
        assert_eq!((&start["content-type"], &start["team"]), (&json!("audio/l16;rate=16000"), &json!("blue")));
    },
    media: None,
    mark: |name| one(json!({"action": "notify", "payload": {"name": name}})),
    is_marked: |json, name| json["event"] == "websocket:notify" && json["payload"]["name"] == name,
    clear: || json!({"action": "clear"}).to_string(),
    is_cleared: Some(|json, _name| json["event"] == "websocket:cleared"),
    is_key: |json, digit| json["event"] == "websocket:dtmf" && json["digit"] == digit,
    ..TWILIO
};

pub(crate) const JAMBONZ: Vendor = Vendor {
    dialect: "jambonz",
    subprotocol: Some("audio.drachtio.org"),
    code: Code::L16,
    rate_hz: 8_000,
    frame_bytes: 320,
    frames_at_start: 1,
    start: |frames| {
        let start = json_of(&frames[0]);
        for field in ["callSid", "from", "to", "callId", "accountSid"] {
            assert!(start[field].is_string(), "{field}: {start}");
        }
        assert_eq!((&start["sampleRate"], &start["mixType"]), (&json!(8_000), &json!("mono")));
        assert_eq!((&start["direction"], &start["team"]), (&json!("inbound"), &json!("blue")));
    },
    media: None,
    mark: |name| one(json!({"type": "mark", "data": {"name": name}})),
    is_marked: |json, name| {
        json["type"] == "mark" && json["data"]["name"] == name && json["data"]["event"] == "playout"
    },
    clear: || json!({"type": "killAudio"}).to_string(),
    is_cleared: Some(|json, name| {
        json["type"] == "mark" && json["data"]["name"] == name && json["data"]["event"] == "cleared"
    }),
    is_key: |json, digit| json["event"] == "dtmf" && json["dtmf"] == digit,
    hangup: Some(|| json!({"type": "disconnect"}).to_string()),
};

pub(crate) const ASTERISK: Vendor = Vendor {
    dialect: "asterisk",
    subprotocol: Some("media"),
    code: Code::Mulaw,
    rate_hz: 8_000,
    frame_bytes: 160,
    frames_at_start: 1,
    start: |frames| {
        let start = json_of(&frames[0]);
        assert_eq!((&start["event"], &start["format"]), (&json!("MEDIA_START"), &json!("ulaw")));
        assert_eq!((&start["optimal_frame_size"], &start["ptime"]), (&json!(160), &json!(20)));
        assert_eq!(start["channel_variables"]["team"], "blue");
    },
    media: None,
    mark: |name| one(json!({"command": "MARK_MEDIA", "correlation_id": name})),
    is_marked: |json, name| json["event"] == "MEDIA_MARK_PROCESSED" && json["correlation_id"] == name,
    clear: || json!({"command": "FLUSH_MEDIA"}).to_string(),
    // A flush drops marks in silence.
    is_cleared: None,
    is_key: |json, digit| json["event"] == "DTMF_END" && json["digit"] == digit,
    hangup: Some(|| json!({"command": "HANGUP"}).to_string()),
};

/// The same in plain words.
pub(crate) const ASTERISK_PLAIN: Vendor = Vendor {
    dialect: "asterisk_plain",
    start: |frames| match &frames[0] {
        RawFrame::Text(text) => {
            assert!(text.starts_with("MEDIA_START ") && text.contains(" format:ulaw "), "{text}");
        }
        other => panic!("{other:?}"),
    },
    mark: |name| vec![format!("MARK_MEDIA {name}")],
    is_marked: |words, name| *words == format!("MEDIA_MARK_PROCESSED {name}"),
    clear: || "FLUSH_MEDIA".to_owned(),
    is_key: |words, digit| words.as_str().is_some_and(|words| words.starts_with(&format!("DTMF_END digit:{digit} "))),
    hangup: Some(|| "HANGUP".to_owned()),
    ..ASTERISK
};
