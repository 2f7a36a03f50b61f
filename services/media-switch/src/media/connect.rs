//! Opens a bot's WebSocket, `ws://` or `wss://`.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_util::either::Either;
use voicebot::dialect::{Dialect, DialectSession, Opening, basic_authorization};
use voicebot::{Format, StartInfo};

use super::handshake::{self, RESPONSE_BYTES_MAX};
use super::metered::Metered;

/// Measured: with the library's 128 KiB a call costs 25-50 % more CPU and ten times the memory.
const READ_BUFFER_BYTES: usize = 4 << 10;

/// Asked of the kernel: half a second of L16 at 16 kHz.
const SEND_BUFFER_BYTES: usize = 16 << 10;

/// What a bot that reads too slowly can make us hold besides the audio backlog: text frames.
const WRITE_BUFFER_BYTES_MAX: usize = 256 << 10;

/// Time for the close of a WebSocket that came too late for its call.
const LET_GO_LIMIT: Duration = Duration::from_secs(2);

/// The connection under a bot's WebSocket.
type Stream = Metered<Either<TcpStream, Box<TlsStream<TcpStream>>>>;

pub(super) type Socket = WebSocketStream<Stream>;

/// Which bot to call, and what to tell it.
#[derive(Debug, Clone)]
pub(crate) struct BotTarget {
    pub(crate) url: String,
    pub(crate) dialect: Dialect,
    pub(crate) format: Format,
    pub(crate) start: StartInfo,
    pub(crate) opening: Opening,
    pub(crate) traceparent: Option<String>,
    pub(crate) credential: Credential,
}

impl BotTarget {
    /// The bot's stream, to be spoken over a socket that is open.
    pub(super) fn session(&self, is_answered: bool) -> DialectSession {
        let opening = Opening { unix_ms: unix_ms(), is_answered, ..self.opening.clone() };
        DialectSession::new(self.dialect, self.start.clone(), self.format, opening)
    }
}

fn unix_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

/// What a bot knows its callers by; nothing shows it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Credential {
    /// For `Authorization: Bearer`.
    pub(crate) bearer: Option<String>,
    /// `user:password`, for `Authorization: Basic`.
    pub(crate) basic: Option<String>,
    /// Known to both sides, and never sent but where the dialect has it so: proofs are made with it.
    pub(crate) secret: Option<String>,
}

impl Credential {
    fn authorization(&self) -> Option<String> {
        match (&self.bearer, &self.basic) {
            (Some(token), _) => Some(format!("Bearer {token}")),
            (None, Some(user_password)) => Some(basic_authorization(user_password)),
            (None, None) => None,
        }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Credential")
    }
}

/// Trust in the bots' certificates: the system's roots, and a private CA's if one is given.
#[derive(Clone)]
pub(crate) struct BotTls(TlsConnector);

impl std::fmt::Debug for BotTls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("BotTls")
    }
}

impl BotTls {
    /// For other connections that trust the same authorities.
    pub(crate) fn connector(&self) -> &TlsConnector {
        &self.0
    }

    /// Loads the system's roots and `ca_file` (PEM).
    pub(crate) fn load(ca_file: Option<&Path>) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        // A machine without certificates can still call bots by ws://, and those of the private CA.
        for certificate in rustls_native_certs::load_native_certs().certs {
            // Stores hold certificates too old to parse; they vouch for nobody.
            let _is_taken = roots.add(certificate);
        }
        if let Some(path) = ca_file {
            let named = |error: &dyn std::fmt::Display| io::Error::other(format!("{}: {error}", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| named(&error))? {
                let certificate = certificate.map_err(|error| named(&error))?;
                roots.add(certificate).map_err(|error| named(&error))?;
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

/// Opens the WebSocket within `limit`; returns it with the milliseconds it took. The error is a
/// sentence for the operator.
pub(super) async fn connect(target: &BotTarget, tls: &BotTls, limit: Duration) -> Result<(Socket, u32), String> {
    let began = Instant::now();
    let socket = match timeout(limit, open(target, tls)).await {
        Ok(result) => result?,
        Err(_) => return Err(format!("no WebSocket within {} ms", limit.as_millis())),
    };
    Ok((socket, u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX)))
}

async fn open(target: &BotTarget, tls: &BotTls) -> Result<Socket, String> {
    let url = url::Url::parse(&target.url).map_err(|error| error.to_string())?;
    let (is_tls, default_port) = match url.scheme() {
        "ws" => (false, 80),
        "wss" => (true, 443),
        other => return Err(format!("the scheme is {other:?}, allowed are ws and wss")),
    };
    let host = url.host_str().ok_or("it names no host")?;
    let port = url.port().unwrap_or(default_port);
    let bare_host = host.trim_start_matches('[').trim_end_matches(']');
    let tcp = TcpStream::connect((bare_host, port)).await.map_err(|error| error.to_string())?;
    // Every frame is wanted now, not when the last one has been acknowledged.
    tcp.set_nodelay(true).map_err(|error| error.to_string())?;
    // What waits here can't be dropped any more when the bot falls behind.
    socket2::SockRef::from(&tcp).set_send_buffer_size(SEND_BUFFER_BYTES).map_err(|error| error.to_string())?;
    let mut stream = if is_tls {
        let name = ServerName::try_from(bare_host.to_owned()).map_err(|error| error.to_string())?;
        let stream = tls.0.connect(name, tcp).await.map_err(|error| format!("TLS: {error}"))?;
        Either::Right(Box::new(stream))
    } else {
        Either::Left(tcp)
    };
    let rest = shake_hands(&mut stream, &url, host, target).await?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(Some(voicebot::limits::BINARY_BYTES_MAX))
        .max_frame_size(Some(voicebot::limits::BINARY_BYTES_MAX));
    let stream = Metered::new(stream, RESPONSE_BYTES_MAX);
    Ok(WebSocketStream::from_partially_read(stream, rest, Role::Client, Some(config)).await)
}

/// Returns what came after the response: the first bytes of the WebSocket.
async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    url: &url::Url,
    host: &str,
    target: &BotTarget,
) -> Result<Vec<u8>, String> {
    let secret = target.credential.secret.as_deref();
    let upgrade = target.dialect.upgrade(&target.url, &target.start, secret, unix_ms() / 1_000);
    let mut headers: Vec<(&str, &str)> = upgrade.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if let Some(traceparent) = &target.traceparent {
        headers.push((voicebot::header::TRACEPARENT, traceparent));
    }
    let authorization = target.credential.authorization();
    if let Some(value) = &authorization {
        headers.push(("Authorization", value));
    }
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let key = generate_key();
    let request =
        handshake::request(&host, &path, &key, upgrade.subprotocol, &headers).map_err(|error| error.to_string())?;
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut head = Vec::with_capacity(1024);
    loop {
        let limit = (RESPONSE_BYTES_MAX - head.len()) as u64;
        let length = (&mut *stream).take(limit).read_buf(&mut head).await.map_err(|error| error.to_string())?;
        if length == 0 {
            return Err("the bot closed the connection during the WebSocket upgrade".to_owned());
        }
        if let Some(end) = handshake::response(&head, &key, target.dialect).map_err(|error| error.to_string())? {
            return Ok(head.split_off(end));
        }
    }
}

/// Closes a WebSocket that nobody needs any more.
pub(super) async fn let_go(mut socket: Socket) {
    if timeout(LET_GO_LIMIT, socket.close(None)).await.is_err() {
        tracing::debug!("a bot's WebSocket could not be closed in order");
    }
}
