//! A bot of another vendor's protocol: it sees and sends frames as they are.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::Message;

/// Longest wait for anything that the switch should do at once.
const LIMIT: Duration = Duration::from_secs(15);

/// Listens for calls.
#[derive(Debug)]
pub struct RawBot {
    listener: TcpListener,
    addr: SocketAddr,
    subprotocol: Option<&'static str>,
}

/// One call's WebSocket.
#[derive(Debug)]
pub struct RawStream {
    socket: WebSocketStream<TcpStream>,
    /// Path and query of the request.
    pub path: String,
    /// Headers of the request, names in small letters.
    pub headers: BTreeMap<String, String>,
}

/// What the switch sent.
#[derive(Debug, Clone, PartialEq)]
pub enum RawFrame {
    /// Text that is JSON.
    Json(Value),
    /// Other text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// The end, with its close code if there was one.
    Closed(Option<u16>),
}

impl RawBot {
    /// Listens on a free port; takes this subprotocol if it is asked for, as its vendor's bots do.
    pub async fn listen(subprotocol: Option<&'static str>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        Ok(Self { listener, addr, subprotocol })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("ws://{}/media?bot=raw", self.addr)
    }

    /// The next call's WebSocket.
    pub async fn next_stream(&self) -> anyhow::Result<RawStream> {
        tokio::time::timeout(LIMIT, self.accept()).await.context("no call came to the bot")?
    }

    async fn accept(&self) -> anyhow::Result<RawStream> {
        let (stream, _) = self.listener.accept().await?;
        stream.set_nodelay(true)?;
        let (mut path, mut headers) = (String::new(), BTreeMap::new());
        #[expect(clippy::result_large_err, reason = "the error is the HTTP answer that the library wants")]
        let look = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            path = request.uri().to_string();
            for (name, value) in request.headers() {
                headers.insert(name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned());
            }
            let asked = headers.get("sec-websocket-protocol");
            if let Some(name) = self.subprotocol.filter(|name| asked.is_some_and(|asked| asked == name)) {
                response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(name));
            }
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, look).await?;
        Ok(RawStream { socket, path, headers })
    }
}

impl RawStream {
    /// The next frame.
    pub async fn next(&mut self) -> anyhow::Result<RawFrame> {
        tokio::time::timeout(LIMIT, self.receive()).await.context("the switch sends nothing to the bot")
    }

    async fn receive(&mut self) -> RawFrame {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return match serde_json::from_str(&text) {
                        Ok(json) => RawFrame::Json(json),
                        Err(_) => RawFrame::Text(text.to_string()),
                    };
                }
                Some(Ok(Message::Binary(bytes))) => return RawFrame::Binary(bytes.to_vec()),
                Some(Ok(Message::Close(close))) => return RawFrame::Closed(close.map(|close| close.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return RawFrame::Closed(None),
            }
        }
    }

    /// The next frame for which `wanted` finds something, past all others. The end of the WebSocket is an error.
    pub async fn next_that<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&RawFrame) -> Option<T>,
    ) -> anyhow::Result<T> {
        let next = async {
            loop {
                let frame = self.receive().await;
                if let Some(found) = wanted(&frame) {
                    return Ok(found);
                }
                if let RawFrame::Closed(code) = frame {
                    bail!("waiting for {what}: the WebSocket was closed with {code:?}");
                }
            }
        };
        tokio::time::timeout(LIMIT, next).await.with_context(|| format!("it does not come: {what}"))?
    }

    /// Sends text.
    pub async fn send_text(&mut self, text: impl Into<String>) -> anyhow::Result<()> {
        self.socket.send(Message::text(text.into())).await.context("the switch takes no text from the bot")
    }

    /// Sends bytes.
    pub async fn send_binary(&mut self, bytes: Vec<u8>) -> anyhow::Result<()> {
        self.socket.send(Message::binary(bytes)).await.context("the switch takes no bytes from the bot")
    }

    /// Closes the WebSocket in order.
    pub async fn close(mut self) -> anyhow::Result<()> {
        self.socket.close(None).await?;
        while let RawFrame::Json(_) | RawFrame::Text(_) | RawFrame::Binary(_) = self.next().await? {}
        Ok(())
    }

    /// Breaks the connection, as a process does that is killed.
    pub fn kill(self) -> anyhow::Result<()> {
        self.socket.get_ref().set_zero_linger()?;
        Ok(())
    }
}
