//! Gets a file from the web: one request of HTTP/1.1, no redirects, bounded in bytes and time, to an address that is allowed.

use std::time::Duration;

use botstream_api::{Error, ErrorCode};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;
use url::Url;

use super::allow::Reach;
use super::too_large;
use crate::media::BotTls;

/// What bounds a fetch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) bytes_max: u64,
    pub(super) timeout: Duration,
    /// Where the connection may lead, whatever the name resolves to.
    pub(super) reach: Reach,
}

/// The file.
pub(super) async fn get(url: &Url, tls: &BotTls, limits: Limits) -> Result<Vec<u8>, Error> {
    match tokio::time::timeout(limits.timeout, open(url, tls, limits)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let sentence = format!("url: not there within {} ms", limits.timeout.as_millis());
            Err(Error::new(ErrorCode::Timeout, sentence).field("url"))
        }
    }
}

fn failed(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::StorageFailed, format!("url: {why}")).field("url")
}

/// Connects to the first of the host's addresses that may be and can be reached. It is the address connected to that is looked at: a name
/// that resolves to another one the next time gains nothing.
async fn connect(host: &str, port: u16, reach: Reach) -> Result<TcpStream, Error> {
    let addresses = tokio::net::lookup_host((host, port)).await.map_err(failed)?;
    let mut allowed = addresses.filter(|address| reach.takes(address.ip())).peekable();
    if allowed.peek().is_none() {
        return Err(not_allowed());
    }
    let mut last = None;
    for address in allowed {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(not_allowed, failed))
}

/// The same whether there is anything at that address or not.
pub(super) fn not_allowed() -> Error {
    Error::new(ErrorCode::Forbidden, "url: this switch fetches nothing from there (--play-urls)").field("url")
}

async fn open(url: &Url, tls: &BotTls, limits: Limits) -> Result<Vec<u8>, Error> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let bare_host = host.trim_start_matches('[').trim_end_matches(']');
    let tcp = connect(bare_host, port, limits.reach).await?;
    if url.scheme() == "https" {
        let name = ServerName::try_from(bare_host.to_owned()).map_err(failed)?;
        let stream = tls.connector().connect(name, tcp).await.map_err(|error| failed(format!("TLS: {error}")))?;
        exchange(stream, url, limits.bytes_max).await
    } else {
        exchange(tcp, url, limits.bytes_max).await
    }
}

async fn exchange<S>(stream: S, url: &Url, bytes_max: u64) -> Result<Vec<u8>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let request = Request::get(path)
        .header(header::HOST, host)
        .header(header::USER_AGENT, concat!("BotStream/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, "audio/*")
        .body(Empty::<Bytes>::new())
        .map_err(failed)?;
    let answered = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                return Err(Error::new(ErrorCode::NotFound, format!("url: {}", response.status())).field("url"));
            }
            status if status.is_redirection() => return Err(failed(format!("{status}: redirects are not followed"))),
            status => return Err(failed(status)),
        }
        let limit = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        match Limited::new(response.into_body(), limit).collect().await {
            Ok(body) => Ok(body.to_bytes().to_vec()),
            Err(error) if error.is::<LengthLimitError>() => Err(too_large(bytes_max, "url")),
            Err(error) => Err(failed(error)),
        }
    };
    // The connection moves as long as it is polled, and ends with this function.
    tokio::pin!(answered);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        outcome = &mut answered => outcome,
        ended = &mut connection => {
            ended.map_err(failed)?;
            answered.await
        }
    }
}
