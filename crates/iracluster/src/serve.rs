use std::future::Future;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use async_nats::{HeaderMap, Message, Subscriber};
use botstream_api::encoding::{self, Body, Encoding};
use botstream_api::{Error, ErrorCode, from_json, headers, round_trip, subjects};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::chassis::Chassis;
use crate::metrics::{RequestLabels, VerbLabel};
use crate::services_api::{Counters, Endpoint};
use crate::telemetry;

/// Requests of one verb that may be carried out at once; more are refused, not queued.
const RUNNING_MAX: usize = 4_096;

/// What a refused requester is told to wait.
const RETRY_AFTER_MS: u32 = 200;

/// Longest idempotency key, in bytes.
const KEY_LEN_MAX: usize = 256;

/// Which requests a verb is served for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// Any instance may answer; a draining one still does.
    Anywhere,
    /// Any instance that is not draining may answer: for requests that begin something.
    AnywhereUntilDrain,
    /// Only this node is asked, `at.<node>`; until the process ends.
    ThisNode,
}

/// What is known of a request besides its body.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Whose request; empty for what is the cluster's own.
    pub tenant: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as received, for forwarding.
    pub body: Bytes,
    /// How the body is encoded.
    pub encoding: Encoding,
    /// How long the requester waits, in milliseconds, if it says so.
    pub deadline_ms: Option<u32>,
    /// `Bs-Idempotency-Key`, if there is one.
    pub idempotency_key: Option<String>,
    /// Trace context for whatever is asked of others on behalf of this request.
    pub traceparent: String,
    reply_headers: Arc<Mutex<HeaderMap>>,
}

impl RequestContext {
    /// Sets a header of the reply.
    pub fn set_reply_header(&self, name: &'static str, value: &str) {
        self.reply_headers.lock().unwrap_or_else(PoisonError::into_inner).insert(name, value);
    }
}

/// How requests and replies of a verb are read and written.
trait Wire: 'static {
    type Request: Send;
    type Reply: Send;
    /// How a request is encoded, and so its reply.
    fn encoding(headers: Option<&HeaderMap>, body: &[u8]) -> Result<Encoding, Error>;
    fn read(body: &Bytes, encoding: Encoding) -> Result<Self::Request, Error>;
    fn write(reply: &Self::Reply, encoding: Encoding) -> Result<Bytes, Error>;
}

/// Messages of the API, in protobuf or JSON.
struct ApiWire<Req, Rep>(PhantomData<fn(Req, Rep)>);

impl<Req: Body + 'static, Rep: Body + 'static> Wire for ApiWire<Req, Rep> {
    type Request = Req;
    type Reply = Rep;

    fn encoding(headers: Option<&HeaderMap>, body: &[u8]) -> Result<Encoding, Error> {
        Encoding::of(headers, body)
    }

    fn read(body: &Bytes, encoding: Encoding) -> Result<Req, Error> {
        encoding::decode(body, encoding)
    }

    fn write(reply: &Rep, encoding: Encoding) -> Result<Bytes, Error> {
        encoding::encode(reply, encoding)
    }
}

/// What has no schema, in JSON alone.
struct JsonWire<Req, Rep>(PhantomData<fn(Req, Rep)>);

impl<Req: DeserializeOwned + Send + 'static, Rep: Serialize + Send + 'static> Wire for JsonWire<Req, Rep> {
    type Request = Req;
    type Reply = Rep;

    fn encoding(headers: Option<&HeaderMap>, _body: &[u8]) -> Result<Encoding, Error> {
        // A body of "{}": whatever is there is meant to be JSON, unless a header says otherwise.
        match Encoding::of(headers, b"{}")? {
            Encoding::Json => Ok(Encoding::Json),
            Encoding::Protobuf => Err(Error::invalid(headers::CONTENT_TYPE, "this verb speaks JSON only")),
        }
    }

    fn read(body: &Bytes, _encoding: Encoding) -> Result<Req, Error> {
        from_json(if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body })
    }

    fn write(reply: &Rep, _encoding: Encoding) -> Result<Bytes, Error> {
        let written = serde_json::to_vec(reply).map(Bytes::from);
        written.map_err(|e| Error::internal(format!("the reply cannot be written as JSON: {e}")))
    }
}

struct Server<W, H> {
    chassis: Chassis,
    /// `noun.verb`
    verb: String,
    endpoint: Arc<Endpoint>,
    running: Arc<Semaphore>,
    handler: H,
    wire: PhantomData<fn(W)>,
}

impl Chassis {
    /// Serves a verb: `handler` is called for each request, many at once. What it returns is encoded as the request was.
    pub async fn serve<Req, Rep, Fut>(
        &self,
        noun: &str,
        verb: &str,
        at: Where,
        handler: impl Fn(RequestContext, Req) -> Fut + Send + Sync + 'static,
    ) -> Result<(), crate::Error>
    where
        Req: Body + 'static,
        Rep: Body + 'static,
        Fut: Future<Output = Result<Rep, Error>> + Send + 'static,
    {
        let subject = match at {
            Where::Anywhere | Where::AnywhereUntilDrain => subjects::serve_anywhere(&self.cluster, noun, verb),
            Where::ThisNode => subjects::serve_at(&self.cluster, &self.node, noun, verb),
        };
        self.serve_wire::<ApiWire<Req, Rep>, _, _>(subject, noun, verb, at, handler).await
    }

    /// Serves a verb of the databases, in JSON, without a tenant: `ira.v1.<cluster>.db.<verb>`.
    pub async fn serve_db<Req, Rep, Fut>(
        &self,
        verb: &str,
        at: Where,
        handler: impl Fn(RequestContext, Req) -> Fut + Send + Sync + 'static,
    ) -> Result<(), crate::Error>
    where
        Req: DeserializeOwned + Send + 'static,
        Rep: Serialize + Send + 'static,
        Fut: Future<Output = Result<Rep, Error>> + Send + 'static,
    {
        let subject = match at {
            Where::Anywhere | Where::AnywhereUntilDrain => subjects::db_request(&self.cluster, verb),
            Where::ThisNode => subjects::db_request_at(&self.cluster, &self.node, verb),
        };
        self.serve_wire::<JsonWire<Req, Rep>, _, _>(subject, subjects::DB, verb, at, handler).await
    }

    async fn serve_wire<W, H, Fut>(
        &self,
        subject: String,
        noun: &str,
        verb: &str,
        at: Where,
        handler: H,
    ) -> Result<(), crate::Error>
    where
        W: Wire,
        H: Fn(RequestContext, W::Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<W::Reply, Error>> + Send + 'static,
    {
        let name = match at {
            Where::Anywhere | Where::AnywhereUntilDrain => format!("{noun}-{verb}"),
            Where::ThisNode => format!("at-{noun}-{verb}"),
        };
        let endpoint = Arc::new(Endpoint {
            name,
            subject: subject.clone(),
            // Also on one node's subject: should two processes have been given one name, one of them answers.
            queue_group: subjects::QUEUE_GROUP.to_owned(),
            metadata: Default::default(),
            counters: Counters::default(),
        });
        let server = Arc::new(Server::<W, H> {
            chassis: self.clone(),
            verb: format!("{noun}.{verb}"),
            endpoint: Arc::clone(&endpoint),
            running: Arc::new(Semaphore::new(RUNNING_MAX)),
            handler,
            wire: PhantomData,
        });
        let subscription = self.queue_subscribe(&subject).await?;
        self.services_api().add(endpoint);
        let chassis = self.clone();
        self.drain.spawn("serve", async move {
            receive(chassis, subject, subscription, at, |message| Arc::clone(&server).start(message)).await;
        });
        Ok(())
    }

    async fn queue_subscribe(&self, subject: &str) -> Result<Subscriber, crate::Error> {
        let failed = |reason: String| crate::Error::Subscribe { subject: subject.to_owned(), reason };
        let group = subjects::QUEUE_GROUP.to_owned();
        let subscription = self.nats.queue_subscribe(subject.to_owned(), group).await;
        let subscription = subscription.map_err(|e| failed(e.to_string()))?;
        // In force before anybody is told that the service is ready.
        if let Err(e) = round_trip(&self.nats).await {
            tracing::warn!(subject, error = %e, "NATS has not confirmed a subscription; requests may come late");
        }
        Ok(subscription)
    }
}

/// Reads requests until the process closes; with [`Where::AnywhereUntilDrain`] not while it drains.
async fn receive(chassis: Chassis, subject: String, first: Subscriber, at: Where, start: impl Fn(Message)) {
    let closing = chassis.drain.closing_token();
    let follows_drain = at == Where::AnywhereUntilDrain;
    let mut subscription = Some(first);
    loop {
        let Some(open) = &mut subscription else {
            tokio::select! {
                _ = chassis.drain.changed_from(true) => {}
                () = closing.cancelled() => return,
            }
            match chassis.queue_subscribe(&subject).await {
                Ok(opened) => subscription = Some(opened),
                Err(e) => tracing::error!(error = %e, "cannot take requests again"),
            }
            continue;
        };
        tokio::select! {
            message = open.next() => match message {
                Some(message) => start(message),
                // The connection is closed for good.
                None => return,
            },
            _ = chassis.drain.changed_from(false), if follows_drain => {
                finish(open, &start).await;
                subscription = None;
            }
            () = closing.cancelled() => {
                finish(open, &start).await;
                return;
            }
        }
    }
}

/// Ends a subscription without losing what the server has already sent.
async fn finish(subscription: &mut Subscriber, start: &impl Fn(Message)) {
    if subscription.drain().await.is_ok() {
        while let Some(message) = subscription.next().await {
            start(message);
        }
    }
}

impl<W: Wire, H> Server<W, H> {
    fn start<Fut>(self: Arc<Self>, message: Message)
    where
        H: Fn(RequestContext, W::Request) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<W::Reply, Error>> + Send + 'static,
    {
        let drain = self.chassis.drain.clone();
        let hold = drain.hold();
        drain.spawn("request", async move {
            let _hold = hold;
            self.exchange(message).await;
        });
    }

    async fn exchange<Fut>(&self, message: Message)
    where
        H: Fn(RequestContext, W::Request) -> Fut,
        Fut: Future<Output = Result<W::Reply, Error>>,
    {
        let metrics = self.chassis.chassis_metrics();
        let started = Instant::now();
        metrics.requests_running.inc();
        let reply_to = message.reply.clone();
        let reply_headers = Arc::default();
        // Errors about the encoding itself are told in JSON.
        let encoding = W::encoding(message.headers.as_ref(), &message.payload);
        let reply_encoding = encoding.as_ref().copied().unwrap_or_default();
        let outcome = match encoding {
            Ok(encoding) => self.carry_out(message, encoding, Arc::clone(&reply_headers)).await,
            Err(e) => Err(e),
        };
        let error = outcome.as_ref().err().cloned();
        let mut map = reply_headers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let payload = self.encode_outcome(outcome, reply_encoding, &mut map);
        if let Some(reply_to) = reply_to {
            let sent = self.chassis.nats.publish_with_headers(reply_to, map, payload).await;
            if let Err(e) = sent {
                tracing::warn!(verb = self.verb, error = %e, "a reply could not be sent");
            }
        }
        let took = started.elapsed();
        self.endpoint.counters.count(took, error.as_ref());
        metrics.requests_running.dec();
        let labels = RequestLabels { verb: self.verb.clone(), outcome: error.map_or("OK", |error| error.code.name()) };
        metrics.requests.get_or_create(&labels).inc();
        let verb = self.verb.clone();
        let seconds = metrics.request_seconds.get_or_create_owned(&VerbLabel { verb });
        seconds.observe(took.as_secs_f64());
    }

    async fn carry_out<Fut>(
        &self,
        message: Message,
        encoding: Encoding,
        reply_headers: Arc<Mutex<HeaderMap>>,
    ) -> Result<W::Reply, Error>
    where
        H: Fn(RequestContext, W::Request) -> Fut,
        Fut: Future<Output = Result<W::Reply, Error>>,
    {
        let Ok(_running) = self.running.try_acquire() else {
            let sentence = format!("{RUNNING_MAX} requests are being carried out; try again");
            return Err(Error::new(ErrorCode::RateLimited, sentence).retry_after_ms(RETRY_AFTER_MS));
        };
        let tenant = subjects::tenant_of(&message.subject).map(str::to_owned).ok_or_else(|| {
            Error::invalid("subject", format!("{:?} is no subject of the API", message.subject.as_str()))
        })?;
        let headers = message.headers.unwrap_or_default();
        let deadline_ms = match headers.get(headers::DEADLINE_MS) {
            None => None,
            Some(value) => Some(value.as_str().parse().map_err(|_| {
                Error::invalid(headers::DEADLINE_MS, "Bs-Deadline must be a whole number of milliseconds")
            })?),
        };
        let idempotency_key = headers.get(headers::IDEMPOTENCY_KEY).map(ToString::to_string);
        if idempotency_key.as_ref().is_some_and(|key| !(1..=KEY_LEN_MAX).contains(&key.len())) {
            let sentence = format!("Bs-Idempotency-Key must have 1 to {KEY_LEN_MAX} bytes");
            return Err(Error::invalid(headers::IDEMPOTENCY_KEY, sentence));
        }
        let request = W::read(&message.payload, encoding)?;
        let incoming = headers.get(headers::TRACEPARENT).map(|value| value.as_str());
        let (span, traceparent) = telemetry::request_span(&self.verb, &tenant, incoming);
        let context = RequestContext {
            tenant,
            body: message.payload,
            encoding,
            deadline_ms,
            idempotency_key,
            traceparent,
            headers,
            reply_headers,
        };
        let handled = async { (self.handler)(context, request).await };
        // A panic fails this request only; the hook has logged it.
        match AssertUnwindSafe(handled.instrument(span)).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::internal("the request has failed by a fault of ours; see the log")),
        }
    }

    fn encode_outcome(&self, outcome: Result<W::Reply, Error>, encoding: Encoding, map: &mut HeaderMap) -> Bytes {
        map.insert(headers::CONTENT_TYPE, encoding.content_type());
        let payload_max = self.chassis.nats.server_info().max_payload;
        let encoded = outcome.and_then(|reply| {
            let payload = W::write(&reply, encoding)?;
            if payload_max > 0 && payload.len() > payload_max {
                let size = payload.len();
                return Err(Error::internal(format!(
                    "the reply has {size} bytes, more than NATS carries ({payload_max}); ask for less at once"
                )));
            }
            Ok(payload)
        });
        match encoded {
            Ok(payload) => payload,
            Err(error) => {
                let detail = error.to_detail();
                // Line breaks would end the header.
                let sentence: String = error.message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
                map.insert(headers::ERROR, format!("{}: {sentence}", detail.name).as_str());
                map.insert(headers::ERROR_CODE, detail.code.to_string().as_str());
                encoding::encode(&detail, encoding).unwrap_or_default()
            }
        }
    }
}
