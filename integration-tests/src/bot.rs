//! A bot whose every move is the test's: it takes one WebSocket per call and hands each to the test.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::Message;
use voicebot::message::{FromBot, Start, ToBot};
use voicebot::{Audio, BotSession, SUBPROTOCOL};

/// Longest wait for anything that the switch should do at once.
const LIMIT: Duration = Duration::from_secs(10);

/// Listens for calls.
#[derive(Debug)]
pub struct Bot {
    listener: TcpListener,
    addr: SocketAddr,
}

/// One call's WebSocket, after `start`.
#[derive(Debug)]
pub struct BotCall {
    socket: WebSocketStream<TcpStream>,
    session: BotSession,
    start: Start,
    frame: String,
}

/// What the switch sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// A message.
    Message(ToBot),
    /// The caller's audio as samples, when the format is L16.
    Samples(Vec<i16>),
    /// The caller's audio as codec bytes, when the format is µ-law or A-law.
    Codec(Vec<u8>),
    /// The end of the WebSocket, with its close code if there was one.
    Closed(Option<u16>),
}

impl Bot {
    /// Listens on a free port.
    pub async fn listen() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        Ok(Self { listener, addr })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("ws://{}/bot", self.addr)
    }

    /// The next call: its WebSocket is open and its `start` has come.
    pub async fn next_call(&self) -> anyhow::Result<BotCall> {
        tokio::time::timeout(LIMIT, self.accept()).await.context("no call came to the bot")?
    }

    async fn accept(&self) -> anyhow::Result<BotCall> {
        let (stream, _) = self.listener.accept().await?;
        let mut socket = tokio_tungstenite::accept_hdr_async(stream, subprotocol).await?;
        let mut session = BotSession::new();
        match receive(&mut socket, &mut session).await? {
            Received::Message(ToBot::Start(start)) => {
                Ok(BotCall { socket, session, start: *start, frame: String::new() })
            }
            other => bail!("the first frame is {other:?}"),
        }
    }
}

/// Agrees to our subprotocol when it is asked for.
#[expect(clippy::result_large_err, reason = "the error is the HTTP answer that the library wants")]
fn subprotocol(request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let asked = request.headers().get("Sec-WebSocket-Protocol").and_then(|value| value.to_str().ok());
    if asked.is_some_and(|asked| asked.split(',').any(|name| name.trim() == SUBPROTOCOL)) {
        response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(SUBPROTOCOL));
    }
    Ok(response)
}

async fn receive(socket: &mut WebSocketStream<TcpStream>, session: &mut BotSession) -> anyhow::Result<Received> {
    loop {
        let frame = match socket.next().await {
            Some(Ok(frame)) => frame,
            // Cut off without a close frame: a switch that was killed.
            Some(Err(_)) | None => return Ok(Received::Closed(None)),
        };
        match frame {
            Message::Text(text) => {
                let message = session.receive_text(&text)?.context("a message of an unknown type")?;
                return Ok(Received::Message(message));
            }
            Message::Binary(bytes) => {
                return Ok(match session.receive_binary(&bytes)? {
                    Audio::L16(samples) => Received::Samples(samples.collect()),
                    Audio::Codec(bytes) => Received::Codec(bytes.to_vec()),
                });
            }
            Message::Close(close) => return Ok(Received::Closed(close.map(|close| close.code.into()))),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

impl BotCall {
    /// What `start` said.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// The next thing that the switch sends.
    pub async fn next(&mut self) -> anyhow::Result<Received> {
        tokio::time::timeout(LIMIT, receive(&mut self.socket, &mut self.session))
            .await
            .context("the switch sends nothing to the bot")?
    }

    /// The next message, past any audio. The end of the WebSocket is an error.
    pub async fn next_message(&mut self) -> anyhow::Result<ToBot> {
        let next = async {
            loop {
                match receive(&mut self.socket, &mut self.session).await? {
                    Received::Message(message) => return Ok(message),
                    Received::Closed(code) => bail!("the WebSocket was closed with {code:?}"),
                    Received::Samples(_) | Received::Codec(_) => {}
                }
            }
        };
        tokio::time::timeout(LIMIT, next).await.context("the switch sends no message to the bot")?
    }

    /// The next message for which `wanted` finds something, past everything else.
    pub async fn next_that<T>(&mut self, mut wanted: impl FnMut(ToBot) -> Option<T>) -> anyhow::Result<T> {
        let next = async {
            loop {
                if let Some(found) = wanted(self.next_message().await?) {
                    return anyhow::Ok(found);
                }
            }
        };
        tokio::time::timeout(LIMIT, next).await.context("the message that is waited for does not come")?
    }

    /// Reads on to the end of the WebSocket: all messages until then, and the close code.
    pub async fn to_end(mut self) -> anyhow::Result<(Vec<ToBot>, Option<u16>)> {
        let mut messages = Vec::new();
        loop {
            match self.next().await? {
                Received::Message(message) => messages.push(message),
                Received::Closed(code) => return Ok((messages, code)),
                Received::Samples(_) | Received::Codec(_) => {}
            }
        }
    }

    /// Sends a message.
    pub async fn send(&mut self, message: &FromBot) -> anyhow::Result<()> {
        message.write(&mut self.frame);
        let text = self.frame.clone();
        self.send_text(&text).await
    }

    /// Sends any text.
    pub async fn send_text(&mut self, text: &str) -> anyhow::Result<()> {
        self.socket.send(Message::text(text)).await.context("the switch takes no text from the bot")
    }

    /// Sends any bytes, as one frame.
    pub async fn send_binary(&mut self, bytes: Vec<u8>) -> anyhow::Result<()> {
        self.socket.send(Message::binary(bytes)).await.context("the switch takes no audio from the bot")
    }

    /// Sends samples as one frame of L16.
    pub async fn send_samples(&mut self, samples: &[i16]) -> anyhow::Result<()> {
        let mut frame = Vec::new();
        BotSession::write_l16(samples, &mut frame);
        self.send_binary(frame).await
    }
}
