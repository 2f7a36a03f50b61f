//! The connection to NATS: authentication, back-off, and saying what goes wrong with it.

use std::path::Path;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, ServerError};
use percent_encoding::percent_decode_str;
use rand::RngExt;

use crate::Error;
use crate::config::without_password;
use crate::metrics::{ChassisMetrics, KindLabel};
use crate::settings::Settings;

const DELAY_FIRST: Duration = Duration::from_millis(100);
const DELAY_MAX: Duration = Duration::from_secs(5);

/// Whether the configured files can be read, before anything is begun.
pub(crate) async fn check(settings: &Settings, metrics: &ChassisMetrics) -> Result<(), Error> {
    for (key, path) in [
        ("nats-tls-ca", &settings.nats_tls_ca),
        ("nats-tls-cert", &settings.nats_tls_cert),
        ("nats-tls-key", &settings.nats_tls_key),
    ] {
        if let Some(path) = path {
            read_key_file(key, path).await?;
        }
    }
    options(settings, "", metrics).await.map(drop)
}

/// Connects, however long it takes: services may be started before NATS.
pub(crate) async fn connect(settings: &Settings, client_name: &str, metrics: &ChassisMetrics) -> Result<Client, Error> {
    let servers: Vec<_> = settings.nats_url.iter().map(|url| without_password(url)).collect();
    let servers = servers.join(",");
    for attempt in 0.. {
        // The files are read anew each time: they may be mounted or rotated later.
        let options = options(settings, client_name, metrics).await?;
        match options.connect(settings.nats_url.as_slice()).await {
            Ok(client) => {
                tracing::info!(%servers, "connected to NATS");
                return Ok(client);
            }
            Err(e) => {
                let delay = delay(attempt);
                tracing::warn!(%servers, error = %e, retry_ms = delay.as_millis(), "NATS does not let us in");
                tokio::time::sleep(delay).await;
            }
        }
    }
    Err(Error::Interrupted)
}

async fn options(settings: &Settings, client_name: &str, metrics: &ChassisMetrics) -> Result<ConnectOptions, Error> {
    let mut options = ConnectOptions::new()
        .name(client_name)
        .max_reconnects(None)
        .reconnect_delay_callback(delay)
        .require_tls(settings.nats_tls_required);
    options = match settings.nats_url.iter().find_map(|url| user_of(url)) {
        Some((user, Some(password))) => options.user_and_password(user, password),
        Some((token, None)) => options.token(token),
        None => options,
    };
    if let Some(path) = &settings.nats_creds {
        let credentials = read_key_file("nats-creds", path).await?;
        options = options.credentials(&credentials).map_err(|e| key_file("nats-creds", path, &e))?;
    }
    if let Some(path) = &settings.nats_nkey {
        let seed = read_key_file("nats-nkey", path).await?;
        options = options.nkey(seed.trim().to_owned());
    }
    if let Some(path) = &settings.nats_tls_ca {
        options = options.add_root_certificates(path.clone());
    }
    if let (Some(cert), Some(key)) = (&settings.nats_tls_cert, &settings.nats_tls_key) {
        options = options.add_client_certificate(cert.clone(), key.clone());
    }
    let metrics = metrics.clone();
    Ok(options.event_callback(move |event| {
        note(&event, &metrics);
        std::future::ready(())
    }))
}

/// `nats://user:password@host` or `nats://token@host`, as other NATS clients have it; async-nats itself does not look there.
fn user_of(url: &str) -> Option<(String, Option<String>)> {
    let server: async_nats::ServerAddr = url.parse().ok()?;
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((plain(server.username()?), server.password().map(plain)))
}

async fn read_key_file(key: &'static str, path: &Path) -> Result<String, Error> {
    tokio::fs::read_to_string(path).await.map_err(|e| key_file(key, path, &e))
}

fn key_file(key: &'static str, path: &Path, error: &std::io::Error) -> Error {
    Error::KeyFile { key, path: path.to_owned(), reason: error.to_string() }
}

/// Doubles up to its limit, minus up to a half at random, so that a cluster does not come back all at once.
fn delay(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.min(10)).unwrap_or(10);
    let full = (DELAY_FIRST * 2u32.pow(doublings)).min(DELAY_MAX);
    full.mul_f64(rand::rng().random_range(0.5..=1.0))
}

fn note(event: &Event, metrics: &ChassisMetrics) {
    let kind = match event {
        Event::Connected => {
            metrics.nats_connected.set(1);
            tracing::info!("NATS is there");
            "connected"
        }
        Event::Disconnected => {
            metrics.nats_connected.set(0);
            tracing::warn!("NATS is gone; reconnecting");
            "disconnected"
        }
        Event::SlowConsumer(subscription) => {
            tracing::warn!(subscription, "messages lost: a subscription's queue is full");
            "slow_consumer"
        }
        Event::ServerError(ServerError::AuthorizationViolation) => {
            tracing::error!("NATS refuses this user: check nats-creds or nats-nkey");
            "authorization_violation"
        }
        Event::ServerError(ServerError::SlowConsumer(_)) => {
            tracing::warn!("NATS has cut us off as too slow; messages are lost");
            "slow_consumer"
        }
        Event::ServerError(ServerError::Other(text)) => match refused_subject(text) {
            Some((direction, subject)) => {
                tracing::error!(direction, subject, "NATS refuses a subject: this user lacks the permission");
                "permission_violation"
            }
            None => {
                tracing::warn!(error = %text, "NATS reports an error");
                "server_error"
            }
        },
        Event::ClientError(error) => {
            tracing::warn!(%error, "NATS connection failed");
            "client_error"
        }
        Event::LameDuckMode => "lame_duck",
        Event::Draining => "draining",
        Event::Closed => "closed",
    };
    metrics.nats_events.get_or_create(&KindLabel { kind }).inc();
}

/// `Permissions Violation for Publish to "a.b"`, or `for Subscription to "a.b" using queue "q"`.
fn refused_subject(text: &str) -> Option<(&'static str, &str)> {
    let lower = text.to_ascii_lowercase();
    if !lower.contains("permissions violation") {
        return None;
    }
    let direction = if lower.contains("publish") { "publish" } else { "subscribe" };
    Some((direction, text.split('"').nth(1).unwrap_or("unknown")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_subject_is_named() {
        assert_eq!(refused_subject(r#"Permissions Violation for Publish to "a.b""#), Some(("publish", "a.b")));
        assert_eq!(
            refused_subject(r#"permissions violation for subscription to "a.>" using queue "q""#),
            Some(("subscribe", "a.>"))
        );
        assert_eq!(refused_subject("maximum payload violation"), None);
    }

    #[test]
    fn a_url_may_name_a_user() {
        let user = |url| user_of(url).map(|(user, password)| format!("{user} {password:?}"));
        assert_eq!(user("nats://me:p%40ss@h:1").as_deref(), Some(r#"me Some("p@ss")"#));
        assert_eq!(user("tls://token@h:1").as_deref(), Some("token None"));
        assert_eq!(user("nats://h:1"), None);
    }

    #[test]
    fn delays_grow_to_their_limit() {
        for attempt in 0..100 {
            assert!(delay(attempt) >= DELAY_FIRST / 2);
            assert!(delay(attempt) <= DELAY_MAX);
        }
        assert!(delay(usize::MAX) >= DELAY_MAX / 2);
    }
}
