//! Gets a file from the web: one request of HTTP/1.1, no redirects, bounded in bytes and time.

use std::time::Duration;

use botstream_api::{Error, ErrorCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;
use url::Url;

use crate::media::BotTls;

/// The file, of at most `bytes_max`, within `limit`.
pub(super) async fn get(url: &Url, tls: &BotTls, bytes_max: u64, limit: Duration) -> Result<Vec<u8>, Error> {
    match tokio::time::timeout(limit, open(url, tls, bytes_max)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            Err(Error::new(ErrorCode::Timeout, format!("url: not there within {} ms", limit.as_millis())).field("url"))
        }
    }
}

fn failed(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorCode::StorageFailed, format!("url: {why}")).field("url")
}

async fn open(url: &Url, tls: &BotTls, bytes_max: u64) -> Result<Vec<u8>, Error> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let bare_host = host.trim_start_matches('[').trim_end_matches(']');
    let tcp = TcpStream::connect((bare_host, port)).await.map_err(failed)?;
    if url.scheme() == "https" {
        let name = ServerName::try_from(bare_host.to_owned()).map_err(failed)?;
        let stream = tls.connector().connect(name, tcp).await.map_err(|error| failed(format!("TLS: {error}")))?;
        exchange(stream, url, bytes_max).await
    } else {
        exchange(tcp, url, bytes_max).await
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
        let body = Limited::new(response.into_body(), limit).collect().await;
        body.map(|body| body.to_bytes().to_vec()).map_err(failed)
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
