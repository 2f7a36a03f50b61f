//! Vonage Voice API WebSockets.
//!
//! The first frame tells the format and, beside it, the custom parameters. L16 in binary frames of 20 ms. `notify` is
//! its mark: its payload, any JSON, comes back when all before it has been played. A clear is told
//! (`websocket:cleared`); notifications it threw away are not.

use std::collections::VecDeque;
use std::fmt::Write;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::json::{self, Node};
use super::media_json::quoted;
use super::session::{Context, Speak};
use super::{Carrier, OnClear, Properties, Received};
use crate::error::ProtocolError;
use crate::format::Encoding;
use crate::limits;
use crate::message::{After, MarkReport, MarkState, ToBot};
use crate::switch::{Command, check_count};

pub(super) const PROPERTIES: Properties = Properties {
    name: "vonage",
    subprotocol: None,
    formats: &[(Encoding::L16, 16_000), (Encoding::L16, 8_000), (Encoding::L16, 24_000)],
    frame_ms: &[20],
    carrier: Carrier::Binary,
    chunk_ms_min: 20,
    on_close: Some(After::Drained),
    on_clear: OnClear::Forgotten,
};

/// A notification that has not been played to: its mark's id, and the payload that the bot gets back.
#[derive(Debug)]
struct Pending {
    id: String,
    payload: String,
}

#[derive(Debug)]
pub(super) struct Vonage {
    context: Context,
    pending: VecDeque<Pending>,
    notified: u64,
}

impl Vonage {
    pub(super) fn new(context: Context) -> Self {
        Self { context, pending: VecDeque::new(), notified: 0 }
    }

    fn notify(&mut self, message: &Node<'_>) -> Result<Received, ProtocolError> {
        let payload = message.get("payload").unwrap_or(&Node::Null);
        let payload = serde_json::to_string(payload).map_err(ProtocolError::bad)?;
        check_count("payload", payload.len(), limits::NOTIFY_BYTES_MAX)?;
        check_count("pending notifications", self.pending.len() + 1, limits::NOTIFY_PENDING_MAX)?;
        let bytes: usize = self.pending.iter().map(|pending| pending.payload.len()).sum();
        check_count("payloads of pending notifications", bytes + payload.len(), limits::NOTIFY_PENDING_BYTES_MAX)?;
        self.notified += 1;
        let id = format!("notify-{}", self.notified);
        self.pending.push_back(Pending { id: id.clone(), payload });
        Ok(Received::one(Command::Mark { id }))
    }

    fn write_mark(&mut self, report: &MarkReport, out: &mut String) -> bool {
        let found = self.pending.iter().position(|pending| pending.id == report.id);
        let Some(pending) = found.and_then(|at| self.pending.remove(at)) else { return false };
        if report.state != MarkState::Played {
            return false;
        }
        out.clear();
        // Writing to a string can't fail.
        let _written = write!(out, "{{\"event\":\"websocket:notify\",\"payload\":{}}}", pending.payload);
        true
    }
}

impl Speak for Vonage {
    fn start_frames(&mut self) -> Vec<String> {
        let content_type = format!("audio/l16;rate={}", self.context.format.rate_hz());
        let mut frame = Map::new();
        for (name, value) in &self.context.parameters {
            frame.insert(name.clone(), Value::String(value.clone()));
        }
        // Last: no parameter can stand in their place.
        frame.insert("event".to_owned(), Value::String("websocket:connected".to_owned()));
        frame.insert("content-type".to_owned(), Value::String(content_type));
        vec![Value::Object(frame).to_string()]
    }

    fn write_event(&mut self, event: &ToBot, out: &mut String) -> bool {
        match event {
            ToBot::Dtmf(press) => {
                let digit = quoted(press.digit.encode_utf8(&mut [0; 4]));
                let duration_ms = press.duration_ms;
                out.clear();
                let _written =
                    write!(out, "{{\"event\":\"websocket:dtmf\",\"digit\":{digit},\"duration\":{duration_ms}}}");
            }
            ToBot::Mark(report) => return self.write_mark(report, out),
            ToBot::Cleared(_) => {
                out.clear();
                out.push_str(r#"{"event":"websocket:cleared"}"#);
            }
            _ => return false,
        }
        true
    }

    fn receive_text(&mut self, text: &str) -> Result<Received, ProtocolError> {
        let message = json::parse(text)?;
        let action = message.text("action", "action")?;
        match action.to_ascii_lowercase().as_str() {
            "clear" => Ok(Received::one(Command::Clear)),
            "notify" => self.notify(&message),
            _ => Ok(Received::unknown(&action)),
        }
    }

    fn receive_binary(&mut self, bytes: Bytes) -> Result<Received, ProtocolError> {
        Ok(Received::audio(self.context.format, bytes))
    }
}
