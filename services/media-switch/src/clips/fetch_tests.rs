//! Against a real HTTP server.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use botstream_api::PlayRequest;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::*;

/// Half a second of sound.
const FLAC: &[u8] = include_bytes!("../../../../crates/audio/tests/files/tone.flac");
const OGG: &[u8] = include_bytes!("../../../../crates/audio/tests/files/tone.ogg");

/// What cannot be waited for in a test that goes well.
const PATIENCE: Duration = Duration::from_secs(60);

/// Serves each path in its own way, until the test's runtime ends.
async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
            tokio::spawn(connection);
        }
    });
    address
}

async fn answer(
    request: Request<Incoming>,
) -> Result<Response<http_body_util::combinators::BoxBody<Bytes, Infallible>>, Infallible> {
    let host_is_told = request.headers().get(header::HOST).is_some_and(|host| host.to_str().unwrap().contains(':'));
    let (status, body) = match request.uri().path() {
        "/tone.flac" if host_is_told => (StatusCode::OK, FLAC.to_vec()),
        "/tone.ogg" if request.uri().query() == Some("v=2") => (StatusCode::OK, OGG.to_vec()),
        "/page" => (StatusCode::OK, b"<html>welcome</html>".repeat(50)),
        "/large" => (StatusCode::OK, vec![0; 4_096]),
        "/moved" => (StatusCode::FOUND, Vec::new()),
        "/broken" => (StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
        "/never" => std::future::pending().await,
        _ => (StatusCode::NOT_FOUND, Vec::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)).boxed());
    *response.status_mut() = status;
    if status == StatusCode::FOUND {
        response.headers_mut().insert(header::LOCATION, header::HeaderValue::from_static("/tone.flac"));
    }
    Ok(response)
}

fn clips(urls: &[&str], fetch_timeout: Duration) -> Clips {
    let urls = urls.iter().map(|rule| rule.parse().unwrap()).collect();
    Clips::new(Options { directory: None, urls, tls: BotTls::load(None).unwrap(), fetch_timeout })
}

async fn load(clips: &Clips, url: String) -> Result<u32, ErrorCode> {
    let request = PlayRequest { url, ..PlayRequest::default() };
    let loaded = clips.load(source(&request).unwrap()).await;
    loaded.map(|clip| clip.duration_ms()).map_err(|error| {
        assert_eq!(error.field.as_deref(), Some("url"), "{error:?}");
        error.code
    })
}

#[tokio::test]
async fn files_are_fetched_and_what_is_none_is_refused() {
    let server = serve().await;
    let clips = clips(&["any"], PATIENCE);
    for (path, expected) in [
        ("tone.flac", Ok(500)),
        ("tone.ogg?v=2", Ok(500)),
        ("none.wav", Err(ErrorCode::NotFound)),
        ("page", Err(ErrorCode::UnsupportedFormat)),
        ("moved", Err(ErrorCode::StorageFailed)),
        ("broken", Err(ErrorCode::StorageFailed)),
    ] {
        assert_eq!(load(&clips, format!("http://{server}/{path}")).await, expected, "{path}");
    }
    // TLS to a server that has none.
    assert_eq!(load(&clips, format!("https://{server}/tone.flac")).await, Err(ErrorCode::StorageFailed));
    // Nobody listens there any more.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(load(&clips, format!("http://{closed}/tone.flac")).await, Err(ErrorCode::StorageFailed));
}

#[tokio::test]
async fn a_server_is_not_waited_for_longer_than_allowed() {
    let server = serve().await;
    let limited = clips(&["any"], Duration::from_millis(50));
    assert_eq!(load(&limited, format!("http://{server}/never")).await, Err(ErrorCode::Timeout));
    // One that takes the connection and says nothing at all.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    assert_eq!(load(&limited, format!("http://{address}/x")).await, Err(ErrorCode::Timeout));
    // What was given up holds no place.
    assert_eq!(limited.loading.available_permits(), LOADING_MAX);
}

#[tokio::test]
async fn a_body_is_read_no_further_than_allowed() {
    let server = serve().await;
    let url = Url::parse(&format!("http://{server}/large")).unwrap();
    let tls = BotTls::load(None).unwrap();
    let of = |bytes_max| Limits { bytes_max, timeout: PATIENCE, reach: allow::Reach::Any };
    assert_eq!(fetch::get(&url, &tls, of(4_096)).await.map(|body| body.len()), Ok(4_096));
    let refused = fetch::get(&url, &tls, of(4_095)).await.map_err(|error| error.code);
    assert_eq!(refused, Err(ErrorCode::UnsupportedFormat));
}

#[tokio::test]
async fn only_addresses_that_are_allowed_are_connected_to() {
    let server = serve().await;
    let port = server.port();
    let prefix = format!("http://127.0.0.1:{port}/tone.flac");
    for (rules, url, expected) in [
        (vec!["public"], format!("http://{server}/tone.flac"), Err(ErrorCode::Forbidden)),
        // A name is as good as what it resolves to.
        (vec!["public"], format!("http://localhost:{port}/tone.flac"), Err(ErrorCode::Forbidden)),
        (vec!["none"], format!("http://{server}/tone.flac"), Err(ErrorCode::Forbidden)),
        (vec!["public", prefix.as_str()], format!("http://{server}/tone.flac"), Ok(500)),
        (vec!["public", prefix.as_str()], format!("http://{server}/page"), Err(ErrorCode::Forbidden)),
    ] {
        assert_eq!(load(&clips(&rules, PATIENCE), url.clone()).await, expected, "{rules:?} {url}");
    }
}
