//! The NATS Services API (ADR-32), answered by ourselves.
//!
//! async-nats has an implementation, but its errors carry no body and its replies no headers, and its counters only count
//! replies sent through it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use async_nats::{Client, Message};
use botstream_api::timestamp;
use futures_util::StreamExt;
use futures_util::stream::select_all;
use serde::Serialize;
use serde_json::Value;

use crate::Error;
use crate::drain::Drain;

/// Who this service is, as `$SRV` tells it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) metadata: HashMap<String, String>,
}

/// One verb on one subject.
#[derive(Debug, Serialize)]
pub(crate) struct Endpoint {
    pub(crate) name: String,
    pub(crate) subject: String,
    pub(crate) queue_group: String,
    pub(crate) metadata: HashMap<String, String>,
    #[serde(skip)]
    pub(crate) counters: Counters,
}

/// Counters of an endpoint.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    errors: AtomicU64,
    processing_ns: AtomicU64,
    last_error: Mutex<String>,
}

impl Counters {
    pub(crate) fn count(&self, took: Duration, error: Option<&botstream_api::Error>) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.processing_ns.fetch_add(ns, Ordering::Relaxed);
        if let Some(error) = error {
            self.errors.fetch_add(1, Ordering::Relaxed);
            let text = format!("{}:{error}", error.code.code());
            *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = text;
        }
    }
}

type LoadFn = dyn Fn() -> Value + Send + Sync;

/// The endpoints of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ServicesApi {
    identity: Arc<Identity>,
    description: &'static str,
    started: SystemTime,
    endpoints: Arc<Mutex<Vec<Arc<Endpoint>>>>,
    load: Arc<OnceLock<Box<LoadFn>>>,
}

#[derive(Serialize)]
struct Response<'a, E> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    identity: &'a Identity,
    #[serde(flatten)]
    extra: E,
}

#[derive(Serialize)]
struct Ping {}

#[derive(Serialize)]
struct Info<'a> {
    description: &'static str,
    endpoints: Vec<&'a Endpoint>,
}

#[derive(Serialize)]
struct Stats<'a> {
    started: botstream_api::Timestamp,
    endpoints: Vec<EndpointStats<'a>>,
}

#[derive(Serialize)]
struct EndpointStats<'a> {
    name: &'a str,
    subject: &'a str,
    queue_group: &'a str,
    num_requests: u64,
    num_errors: u64,
    last_error: String,
    processing_time: u64,
    average_processing_time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

impl ServicesApi {
    pub(crate) fn new(identity: Identity, description: &'static str, started: SystemTime) -> Self {
        Self { identity: Arc::new(identity), description, started, endpoints: Arc::default(), load: Arc::default() }
    }

    pub(crate) fn add(&self, endpoint: Arc<Endpoint>) {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner).push(endpoint);
    }

    /// What STATS tells as `data`; the first one given counts.
    pub(crate) fn set_load(&self, load: Box<LoadFn>) {
        self.load.set(load).ok();
    }

    /// Answers until the process closes.
    pub(crate) async fn start(&self, nats: Client, drain: &Drain) -> Result<(), Error> {
        let mut subscriptions = Vec::new();
        for verb in ["PING", "INFO", "STATS"] {
            let name = &self.identity.name;
            let id = &self.identity.id;
            for suffix in [String::new(), format!(".{name}"), format!(".{name}.{id}")] {
                let subject = format!("$SRV.{verb}{suffix}");
                let subscription = nats.subscribe(subject.clone()).await;
                subscriptions.push(subscription.map_err(|e| Error::Subscribe { subject, reason: e.to_string() })?);
            }
        }
        let api = self.clone();
        let closing = drain.closing_token();
        drain.spawn("services-api", async move {
            let mut requests = select_all(subscriptions);
            loop {
                let request = tokio::select! {
                    request = requests.next() => request,
                    () = closing.cancelled() => None,
                };
                match request {
                    Some(request) => api.answer(&nats, request).await,
                    None => break,
                }
            }
        });
        Ok(())
    }

    async fn answer(&self, nats: &Client, request: Message) {
        let Some(reply) = request.reply else { return };
        let verb = request.subject.split('.').nth(1).unwrap_or_default();
        let body = match verb {
            "PING" => self.respond("io.nats.micro.v1.ping_response", Ping {}),
            "INFO" => self.info(),
            "STATS" => self.stats(),
            _ => return,
        };
        let sent = match body {
            Ok(body) => nats.publish(reply, body.into()).await.map_err(|e| e.to_string()),
            Err(e) => Err(e.to_string()),
        };
        if let Err(error) = sent {
            tracing::warn!(error, verb, "the Services API could not answer");
        }
    }

    fn respond<E: Serialize>(&self, kind: &'static str, extra: E) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Response { kind, identity: &self.identity, extra })
    }

    fn info(&self) -> serde_json::Result<Vec<u8>> {
        let endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        self.respond(
            "io.nats.micro.v1.info_response",
            Info { description: self.description, endpoints: endpoints.iter().map(Arc::as_ref).collect() },
        )
    }

    fn stats(&self) -> serde_json::Result<Vec<u8>> {
        let endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        let data = self.load.get().map(|load| load());
        let stats = endpoints.iter().map(|endpoint| {
            let counters = &endpoint.counters;
            let num_requests = counters.requests.load(Ordering::Relaxed);
            let processing_time = counters.processing_ns.load(Ordering::Relaxed);
            EndpointStats {
                name: &endpoint.name,
                subject: &endpoint.subject,
                queue_group: &endpoint.queue_group,
                num_requests,
                num_errors: counters.errors.load(Ordering::Relaxed),
                last_error: counters.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
                processing_time,
                average_processing_time: processing_time.checked_div(num_requests).unwrap_or(0),
                data: data.clone(),
            }
        });
        self.respond(
            "io.nats.micro.v1.stats_response",
            Stats { started: timestamp(self.started), endpoints: stats.collect() },
        )
    }
}
