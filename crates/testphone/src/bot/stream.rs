//! One stream of an echo bot.

use audio::g711::Law;
use audio::tone::Tone;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL, WWW_AUTHENTICATE};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};
use voicebot::message::{Accept, DtmfReceived, DtmfSend, FromBot, LEG_CALLER, Start, ToBot};
use voicebot::{BotSession, Encoding, Format, FormatSpec, SUBPROTOCOL, limits};

use super::{BotConfig, BotEvent, BotEventKind, CLOSE_LIMIT, DtmfAnswer};

/// Length of the tone that answers a key.
const TONE_MS: u32 = 200;

/// Small buffers make many streams cheap: the library's own default is 128 KiB a connection.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// A stream and what its bot remembers of it.
struct Echo {
    ws: WebSocketStream<TcpStream>,
    session: BotSession,
    config: BotConfig,
    events: mpsc::Sender<BotEvent>,
    stream_id: String,
    /// Bytes of the caller's audio still to be dropped: a tone was said in their place.
    muted_bytes: usize,
    text: String,
    stop_reason: Option<String>,
    /// Closing: until when the other side's close is waited for.
    close_by: Option<Instant>,
    bytes_heard: u64,
    bytes_said: u64,
}

pub(super) async fn serve(
    socket: TcpStream,
    config: BotConfig,
    events: mpsc::Sender<BotEvent>,
    mut stopped: watch::Receiver<bool>,
) {
    // Audio is small and often: it must not wait for the acknowledgement of what was sent before.
    socket.set_nodelay(true).ok();
    let ws_config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(limits::BINARY_BYTES_MAX))
        .max_frame_size(Some(limits::BINARY_BYTES_MAX));
    let expected = config.bearer.as_ref().map(|token| format!("Bearer {token}"));
    #[expect(clippy::result_large_err, reason = "the library's type")]
    let answer = |request: &Request, response: Response| {
        let shown = request.headers().get(AUTHORIZATION);
        match &expected {
            Some(expected) if shown.is_none_or(|shown| shown.as_bytes() != expected.as_bytes()) => Err(unauthorised()),
            _ => Ok(choose_subprotocol(request, response)),
        }
    };
    let handshake = accept_hdr_async_with_config(socket, answer, Some(ws_config));
    let ws = tokio::select! {
        ws = handshake => ws,
        _ = stopped.changed() => return,
    };
    let Ok(ws) = ws else { return };
    let mut echo = Echo {
        ws,
        session: BotSession::new(),
        config,
        events,
        stream_id: String::new(),
        muted_bytes: 0,
        text: String::new(),
        stop_reason: None,
        close_by: None,
        bytes_heard: 0,
        bytes_said: 0,
    };
    let result = loop {
        let message = tokio::select! {
            message = echo.ws.next() => message,
            // The goodbye is said once; after it only the other side's is waited for.
            _ = stopped.changed(), if echo.close_by.is_none() => {
                match echo.close(CloseCode::Away, "the bot is closing").await {
                    Ok(()) => continue,
                    Err(error) => break Err(error),
                }
            }
            () = until(echo.close_by) => break Ok(()),
        };
        let done = match message {
            None => break Ok(()),
            Some(Err(error)) => Err(error),
            Some(Ok(message)) => echo.on_message(message).await,
        };
        if done.is_err() {
            break done;
        }
    };
    if let Err(error) = result
        && !matches!(error, tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed)
        && echo.stop_reason.is_none()
    {
        echo.tell(BotEventKind::Error { message: error.to_string() });
    }
    let (reason, bytes_heard, bytes_said) = (echo.stop_reason.take(), echo.bytes_heard, echo.bytes_said);
    echo.tell(BotEventKind::Ended { reason, bytes_heard, bytes_said });
}

/// Takes `botstream.v1` where it is offered; a client that offers nothing gets nothing, and is served all the same.
fn choose_subprotocol(request: &Request, mut response: Response) -> Response {
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL);
    let ours = offered
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim() == SUBPROTOCOL);
    if ours {
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    response
}

/// RFC 6750 §3.
fn unauthorised() -> ErrorResponse {
    let mut refusal = ErrorResponse::new(None);
    *refusal.status_mut() = StatusCode::UNAUTHORIZED;
    refusal.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    refusal
}

impl Echo {
    async fn on_message(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        match message {
            Message::Text(text) => match self.session.receive_text(&text) {
                Ok(Some(message)) => self.on_text(message).await,
                // A type of a later version.
                Ok(None) => Ok(()),
                Err(error) => {
                    self.tell(BotEventKind::Error { message: error.to_string() });
                    self.close(CloseCode::Protocol, "not botstream.v1").await
                }
            },
            Message::Binary(audio) => match self.session.receive_binary(&audio).map(|_| ()) {
                Ok(()) => self.on_audio(audio).await,
                Err(error) => {
                    self.tell(BotEventKind::Error { message: error.to_string() });
                    Ok(())
                }
            },
            // The library answers pings and closes by itself.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => Ok(()),
        }
    }

    async fn on_text(&mut self, message: ToBot) -> Result<(), tungstenite::Error> {
        match message {
            ToBot::Start(start) => self.on_start(*start).await,
            ToBot::Dtmf(dtmf) => self.on_dtmf(&dtmf).await,
            ToBot::Playback(playback) => {
                self.tell(BotEventKind::Playback(playback));
                Ok(())
            }
            ToBot::Mark(mark) => {
                self.tell(BotEventKind::Mark(mark));
                Ok(())
            }
            ToBot::Cleared(cleared) => {
                self.tell(BotEventKind::Cleared { played_ms: cleared.played_ms, discarded_ms: cleared.discarded_ms });
                Ok(())
            }
            ToBot::Error(error) => {
                self.tell(BotEventKind::Error { message: format!("{} {}: {}", error.code, error.name, error.message) });
                Ok(())
            }
            ToBot::Stop(stop) => {
                self.stop_reason = Some(stop.reason);
                self.close(CloseCode::Normal, "").await
            }
            _ => Ok(()),
        }
    }

    async fn on_start(&mut self, start: Start) -> Result<(), tungstenite::Error> {
        self.stream_id = start.stream_id;
        if let Some(format) = self.config.format
            && format != start.format
        {
            let spec = FormatSpec {
                encoding: Some(format.encoding().name().to_owned()),
                rate: Some(format.rate_hz()),
                channels: Some(format.channels()),
                frame_ms: Some(format.frame_ms()),
            };
            // The format exists, for it has been checked: the session cannot refuse it.
            if let Ok(accept) = self.session.accept(Accept { format: Some(spec), ..Accept::default() }) {
                self.send(&accept).await?;
            }
        }
        let format = self.session.format().unwrap_or(start.format);
        self.tell(BotEventKind::Started { call: Box::new(start.call), format });
        Ok(())
    }

    async fn on_dtmf(&mut self, dtmf: &DtmfReceived) -> Result<(), tungstenite::Error> {
        self.tell(BotEventKind::Dtmf { digit: dtmf.digit, duration_ms: dtmf.duration_ms });
        match self.config.dtmf {
            DtmfAnswer::Ignore => Ok(()),
            DtmfAnswer::SameDigit => {
                let message = FromBot::Dtmf(DtmfSend { digits: dtmf.digit.to_string(), leg: LEG_CALLER.to_owned() });
                self.send(&message).await
            }
            DtmfAnswer::ClearAndTone => {
                self.send(&FromBot::Clear).await?;
                let Some(tone) = self.session.format().and_then(|format| tone(format, dtmf.digit)) else {
                    return Ok(());
                };
                // Queued behind the tone, the echo would be late by its length for the rest of the call.
                self.muted_bytes = tone.len();
                self.say(tone.into()).await
            }
        }
    }

    async fn on_audio(&mut self, mut audio: Bytes) -> Result<(), tungstenite::Error> {
        self.bytes_heard += audio.len() as u64;
        let muted = self.muted_bytes.min(audio.len());
        self.muted_bytes -= muted;
        let rest = audio.split_off(muted);
        if rest.is_empty() { Ok(()) } else { self.say(rest).await }
    }

    async fn say(&mut self, audio: Bytes) -> Result<(), tungstenite::Error> {
        self.bytes_said += audio.len() as u64;
        self.ws.send(Message::Binary(audio)).await
    }

    async fn send(&mut self, message: &FromBot) -> Result<(), tungstenite::Error> {
        message.write(&mut self.text);
        self.ws.send(Message::text(self.text.as_str())).await
    }

    /// Says goodbye. The other side's, and what it had on its way, are still to be read.
    async fn close(&mut self, code: CloseCode, reason: &'static str) -> Result<(), tungstenite::Error> {
        self.close_by = Some(Instant::now() + CLOSE_LIMIT);
        self.ws.close(Some(CloseFrame { code, reason: reason.into() })).await
    }

    fn tell(&self, kind: BotEventKind) {
        self.events.try_send(BotEvent { stream_id: self.stream_id.clone(), kind }).ok();
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The tone of a key in the stream's format; `None` if it has none.
fn tone(format: Format, digit: char) -> Option<Vec<u8>> {
    let mut samples = vec![0; (format.rate_hz() * TONE_MS / 1000) as usize];
    Tone::dtmf(format.rate_hz(), digit)?.fill(&mut samples);
    let law = match format.encoding() {
        Encoding::L16 => {
            let mut bytes = Vec::new();
            BotSession::write_l16(&samples, &mut bytes);
            return Some(bytes);
        }
        Encoding::Mulaw => Law::Mu,
        Encoding::Alaw => Law::A,
    };
    let mut codes = vec![0; samples.len()];
    law.encode_slice(&samples, &mut codes);
    Some(codes)
}
