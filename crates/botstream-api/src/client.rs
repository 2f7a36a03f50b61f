use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::client::RequestErrorKind;
use async_nats::{HeaderMap, Message, Request, Subscriber};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use crate::encoding::{self, Body, Encoding};
use crate::{
    Call, CallGetRequest, CallId, CallListReply, CallListRequest, DialReply, DialRequest, Error, ErrorDetail, Event,
    HangupReply, HangupRequest, Node, NodeDrainRequest, NodeGetRequest, NodeListReply, NodeListRequest,
    NodeUndrainRequest, OriginateReply, OriginateRequest, headers, subjects,
};

/// How long a reply is waited for unless [`Client::with_timeout`] says otherwise.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// A typed client of one tenant in one cluster. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    nats: async_nats::Client,
    cluster: String,
    tenant: String,
    timeout: Duration,
    headers: HeaderMap,
}

/// Why a request brought no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The service refused the request or failed.
    #[error(transparent)]
    Service(#[from] Error),
    /// Nothing in the cluster serves this.
    #[error("nobody answers {subject}: is the service running, and is this the right cluster?")]
    NoResponders {
        /// Where the request went.
        subject: String,
    },
    /// No reply in time; what was asked for may have been done.
    #[error("no reply on {subject} within {timeout_ms} ms")]
    TimedOut {
        /// Where the request went.
        subject: String,
        /// How long was waited.
        timeout_ms: u64,
    },
    /// The request could not be sent.
    #[error("NATS: {0}")]
    Nats(String),
}

impl ClientError {
    /// The service's error, if it is one.
    pub fn service(&self) -> Option<&Error> {
        match self {
            Self::Service(error) => Some(error),
            _ => None,
        }
    }
}

/// A reply with its headers.
#[derive(Debug, Clone)]
pub struct Reply<M> {
    /// The message.
    pub body: M,
    /// Its headers, e.g. [`headers::REPLAYED`].
    pub headers: HeaderMap,
}

impl<M> Reply<M> {
    /// Whether it is the stored reply to an earlier request with the same idempotency key.
    pub fn is_replayed(&self) -> bool {
        self.headers.get(headers::REPLAYED).is_some_and(|value| value.as_str() == "true")
    }
}

impl Client {
    /// A client of `tenant` in `cluster`.
    pub fn new(nats: async_nats::Client, cluster: impl Into<String>, tenant: impl Into<String>) -> Self {
        Self {
            nats,
            cluster: cluster.into(),
            tenant: tenant.into(),
            timeout: TIMEOUT_DEFAULT,
            headers: HeaderMap::new(),
        }
    }

    /// The same client with another time limit.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same client with one more header on every request, e.g. [`headers::TRACEPARENT`].
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        // A line break would end the header and begin another.
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        self.headers.insert(name, value.as_str());
        self
    }

    /// The NATS connection.
    pub fn nats(&self) -> &async_nats::Client {
        &self.nats
    }

    /// Name of the cluster.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Name of the tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Places a call. With `wait`, give the client a time-out that is long enough.
    pub async fn dial(&self, request: DialRequest) -> Result<DialReply, ClientError> {
        self.request("call", "dial", &request).await
    }

    /// Places a call once, however often this is repeated with the same key within 10 minutes.
    pub async fn dial_once(&self, key: &str, request: DialRequest) -> Result<Reply<DialReply>, ClientError> {
        let client = self.clone().with_header(headers::IDEMPOTENCY_KEY, key);
        let subject = subjects::request(&self.cluster, &self.tenant, "call", "dial");
        client.exchange(subject, &request).await
    }

    /// Orders one media switch to place a call; what the dialer does.
    pub async fn originate(&self, node: &str, request: OriginateRequest) -> Result<OriginateReply, ClientError> {
        self.request_at(node, "call", "originate", &request).await
    }

    /// A live call.
    pub async fn get_call(&self, call_id: &CallId) -> Result<Call, ClientError> {
        let request = CallGetRequest { call_id: call_id.to_string() };
        self.request_owner(call_id, "get", &request).await
    }

    /// Live calls, one page.
    pub async fn list_calls(&self, request: CallListRequest) -> Result<CallListReply, ClientError> {
        self.request("call", "list", &request).await
    }

    /// Ends a call.
    pub async fn hangup(&self, request: HangupRequest) -> Result<HangupReply, ClientError> {
        let call_id: CallId =
            request.call_id.parse().map_err(|e: crate::CallIdError| Error::invalid("call_id", e.to_string()))?;
        self.request_owner(&call_id, "hangup", &request).await
    }

    /// Events of one call from now on. To miss none, subscribe before the call is placed: [`Client::all_events`].
    pub async fn events(&self, call_id: &CallId) -> Result<EventStream, ClientError> {
        self.subscribe(subjects::events_of_call(&self.cluster, &self.tenant, call_id)).await
    }

    /// Events of all calls of the tenant from now on.
    pub async fn all_events(&self) -> Result<EventStream, ClientError> {
        self.subscribe(subjects::events_of_tenant(&self.cluster, &self.tenant)).await
    }

    /// Running instances.
    pub async fn list_nodes(&self, request: NodeListRequest) -> Result<NodeListReply, ClientError> {
        self.request("node", "list", &request).await
    }

    /// One running instance.
    pub async fn get_node(&self, node: &str) -> Result<Node, ClientError> {
        let request = NodeGetRequest { node: node.to_owned() };
        self.request("node", "get", &request).await
    }

    /// Lets a node take nothing new and end when it is done.
    pub async fn drain_node(&self, node: &str) -> Result<Node, ClientError> {
        let request = NodeDrainRequest { node: node.to_owned() };
        self.request_at(node, "node", "drain", &request).await
    }

    /// Lets a draining node take new work again.
    pub async fn undrain_node(&self, node: &str) -> Result<Node, ClientError> {
        let request = NodeUndrainRequest { node: node.to_owned() };
        self.request_at(node, "node", "undrain", &request).await
    }

    /// Any verb that any instance answers.
    pub async fn request<Req: Body, Rep: Body>(
        &self,
        noun: &str,
        verb: &str,
        request: &Req,
    ) -> Result<Rep, ClientError> {
        let subject = subjects::request(&self.cluster, &self.tenant, noun, verb);
        Ok(self.exchange(subject, request).await?.body)
    }

    /// Any verb that one node answers.
    pub async fn request_at<Req: Body, Rep: Body>(
        &self,
        node: &str,
        noun: &str,
        verb: &str,
        request: &Req,
    ) -> Result<Rep, ClientError> {
        Ok(self.exchange_at(node, noun, verb, request).await?.body)
    }

    /// Any verb that one node answers, with the reply's headers.
    pub async fn exchange_at<Req: Body, Rep: Body>(
        &self,
        node: &str,
        noun: &str,
        verb: &str,
        request: &Req,
    ) -> Result<Reply<Rep>, ClientError> {
        if !subjects::is_token(node) {
            return Err(Error::invalid("node", format!("{node:?} is no node name")).into());
        }
        let subject = subjects::request_at(&self.cluster, &self.tenant, node, noun, verb);
        self.exchange(subject, request).await
    }

    /// To the owner by its own subject; when it is gone, to any instance, which knows what became of the call.
    async fn request_owner<Req: Body, Rep: Body>(
        &self,
        call_id: &CallId,
        verb: &str,
        request: &Req,
    ) -> Result<Rep, ClientError> {
        let asked_owner = self.request_at(call_id.node(), "call", verb, request).await;
        let Err(ClientError::NoResponders { .. }) = asked_owner else {
            return asked_owner;
        };
        self.request("call", verb, request).await
    }

    async fn exchange<Req: Body, Rep: Body>(&self, subject: String, request: &Req) -> Result<Reply<Rep>, ClientError> {
        let timeout_ms = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        let mut headers = self.headers.clone();
        headers.insert(headers::CONTENT_TYPE, Encoding::Protobuf.content_type());
        headers.insert(headers::DEADLINE_MS, timeout_ms.to_string().as_str());
        let outgoing = Request::new()
            .headers(headers)
            .payload(encoding::encode(request, Encoding::Protobuf)?)
            .timeout(Some(self.timeout));
        let sent = self.nats.send_request(subject.clone(), outgoing).await;
        let message = sent.map_err(|e| match e.kind() {
            RequestErrorKind::NoResponders => ClientError::NoResponders { subject },
            RequestErrorKind::TimedOut => ClientError::TimedOut { subject, timeout_ms },
            _ => ClientError::Nats(e.to_string()),
        })?;
        read_reply(&message)
    }

    async fn subscribe(&self, subject: String) -> Result<EventStream, ClientError> {
        let subscriber = self.nats.subscribe(subject).await.map_err(|e| ClientError::Nats(e.to_string()))?;
        round_trip(&self.nats).await?;
        Ok(EventStream { subscriber })
    }
}

/// Waits until the server has taken all that was sent on this connection before, subscriptions above all: what others send from now on
/// comes. `flush` only says that it has been written to the socket, where a message on another connection can overtake it.
///
/// # Errors
/// The server does not answer, or this connection may not publish to its own inboxes.
pub async fn round_trip(nats: &async_nats::Client) -> Result<(), ClientError> {
    let timeout_ms = u64::try_from(TIMEOUT_DEFAULT.as_millis()).unwrap_or(u64::MAX);
    let failed = |e: &dyn std::fmt::Display| ClientError::Nats(e.to_string());
    // The server works off a connection's orders one after the other. Its word that nobody listens on a subject would do, too, but does
    // not come where somebody listens on all.
    let subject = nats.new_inbox();
    let mut own = nats.subscribe(subject.clone()).await.map_err(|e| failed(&e))?;
    nats.publish(subject.clone(), Bytes::new()).await.map_err(|e| failed(&e))?;
    match tokio::time::timeout(TIMEOUT_DEFAULT, own.next()).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(ClientError::Nats("the connection is closed".to_owned())),
        Err(_) => Err(ClientError::TimedOut { subject, timeout_ms }),
    }
}

fn read_reply<Rep: Body>(message: &Message) -> Result<Reply<Rep>, ClientError> {
    let headers = message.headers.as_ref();
    let encoding = Encoding::of(headers, &message.payload)?;
    if let Some(code) = headers.and_then(|map| map.get(headers::ERROR_CODE)) {
        let mut detail: ErrorDetail = encoding::decode(&message.payload, encoding)?;
        if detail.code == 0 {
            // A plain NATS service: its error is in the headers alone.
            detail.code = code.as_str().parse().unwrap_or_default();
            detail.message =
                headers.and_then(|map| map.get(headers::ERROR)).map(ToString::to_string).unwrap_or_default();
        }
        return Err(Error::from_detail(detail).into());
    }
    Ok(Reply { body: encoding::decode(&message.payload, encoding)?, headers: headers.cloned().unwrap_or_default() })
}

/// Events as they come. Ends with the connection.
#[derive(Debug)]
pub struct EventStream {
    subscriber: Subscriber,
}

impl Stream for EventStream {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.subscriber.poll_next_unpin(cx).map(|next| {
            next.map(|message| {
                let encoding = Encoding::of(message.headers.as_ref(), &message.payload)?;
                encoding::decode(&message.payload, encoding)
            })
        })
    }
}

impl EventStream {
    /// The next event; `None` when the connection is closed.
    pub async fn next_event(&mut self) -> Option<Result<Event, Error>> {
        self.next().await
    }
}
