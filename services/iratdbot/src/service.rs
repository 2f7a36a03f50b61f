//! Puts the service together and runs it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{HeaderMap, Request, RequestErrorKind};
use botstream_api::{Error, ErrorCode, ErrorDetail, from_json, headers, subjects};
use iracluster::{Chassis, RequestContext, Where};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio::time::MissedTickBehavior;

use crate::config::Config;
use crate::handles::Handles;
use crate::metrics::Metrics;
use crate::verbs::Verbs;
use crate::wire::{ExecRequest, HandleRequest, ListRequest, OpenRequest, QueryRequest, UnwatchRequest, WatchRequest};

/// How long the instance that has a handle may take: a little longer than the longest wait for replicas.
const FORWARD_LIMIT: Duration = Duration::from_secs(65);

/// Behind the node's name in a handle: a dash and a ULID.
const HANDLE_TAIL_LEN: usize = 27;

/// Looks for handles whose clients are gone so many times in a lease.
const EXPIRY_CHECKS: u32 = 8;

pub(crate) async fn run(chassis: Chassis, config: Config) -> anyhow::Result<()> {
    let metrics = Metrics::register(&chassis.metrics);
    let handles = Handles::new(config.handles as usize, config.handle_lease, metrics);
    let verbs = Arc::new(Verbs::new(chassis.clone(), handles, &config));

    for place in [Where::AnywhereUntilDrain, Where::ThisNode] {
        let verbs = Arc::clone(&verbs);
        let open = move |_context, request: OpenRequest| {
            let verbs = Arc::clone(&verbs);
            async move { verbs.open(request).await }
        };
        chassis.serve_db("open", place, open).await?;
    }
    for place in [Where::Anywhere, Where::ThisNode] {
        let verbs = Arc::clone(&verbs);
        let list = move |_context, ListRequest {}| {
            let verbs = Arc::clone(&verbs);
            async move { Ok(verbs.list()) }
        };
        chassis.serve_db("list", place, list).await?;
    }
    serve(&verbs, "exec", |verbs, request: ExecRequest| async move { verbs.exec(request).await }).await?;
    serve(&verbs, "query", |verbs, request: QueryRequest| async move { verbs.query(request).await }).await?;
    serve(&verbs, "watch", |verbs, request: WatchRequest| async move { verbs.watch(request).await }).await?;
    serve(&verbs, "unwatch", |verbs, request: UnwatchRequest| async move { verbs.unwatch(&request) }).await?;
    serve(&verbs, "stats", |verbs, request: HandleRequest| async move { verbs.stats(&request) }).await?;
    serve(&verbs, "digest", |verbs, request: HandleRequest| async move { verbs.digest(&request).await }).await?;
    serve(&verbs, "ping", |verbs, request: HandleRequest| async move { verbs.ping(&request) }).await?;
    serve(&verbs, "close", |verbs, request: HandleRequest| async move { verbs.close(&request).await }).await?;

    chassis.drain.spawn("expiry", expire(Arc::clone(&verbs)));
    chassis.health.set_ready(true);
    chassis.drain.drained().await;
    // Clients open anew elsewhere; what their handles owned must not wait for a lease.
    for handle in verbs.handles.take_all() {
        handle.close().await;
    }
    Ok(())
}

/// Ends the handles whose clients are gone.
async fn expire(verbs: Arc<Verbs>) {
    let mut checks = tokio::time::interval(verbs.handles.lease / EXPIRY_CHECKS);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = checks.tick() => {}
            () = verbs.chassis.drain.closing() => return,
        }
        for handle in verbs.handles.expire() {
            tracing::info!(handle = handle.id, database = handle.database, "its client is gone: closed");
            verbs.handles.metrics.expired.inc();
            handle.close().await;
        }
    }
}

/// A request about a handle.
trait OfHandle: DeserializeOwned + Send + 'static {
    fn handle(&self) -> &str;
}

impl OfHandle for ExecRequest {
    fn handle(&self) -> &str {
        &self.handle
    }
}

impl OfHandle for QueryRequest {
    fn handle(&self) -> &str {
        &self.handle
    }
}

impl OfHandle for WatchRequest {
    fn handle(&self) -> &str {
        &self.handle
    }
}

impl OfHandle for UnwatchRequest {
    fn handle(&self) -> &str {
        &self.handle
    }
}

impl OfHandle for HandleRequest {
    fn handle(&self) -> &str {
        &self.handle
    }
}

/// A reply of this instance, or that of another one.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer<T> {
    Here(T),
    There(Json),
}

/// Serves a verb about a handle: where the handle is, whoever is asked.
async fn serve<Req, Rep, Fut>(
    verbs: &Arc<Verbs>,
    verb: &'static str,
    act: impl Fn(Arc<Verbs>, Req) -> Fut + Copy + Send + Sync + 'static,
) -> anyhow::Result<()>
where
    Req: OfHandle,
    Rep: Serialize + Send + 'static,
    Fut: Future<Output = Result<Rep, Error>> + Send + 'static,
{
    for place in [Where::Anywhere, Where::ThisNode] {
        let shared = Arc::clone(verbs);
        let handler = move |context: RequestContext, request: Req| {
            let verbs = Arc::clone(&shared);
            async move {
                match owner(request.handle()) {
                    Some(node) if place == Where::Anywhere && node != verbs.chassis.node => {
                        forward(&verbs.chassis, node, verb, &context).await.map(Answer::There)
                    }
                    _ => act(verbs, request).await.map(Answer::Here),
                }
            }
        };
        verbs.chassis.serve_db(verb, place, handler).await?;
    }
    Ok(())
}

/// The node whose handle it is.
fn owner(handle: &str) -> Option<&str> {
    let (node, tail) = handle.split_at_checked(handle.len().checked_sub(HANDLE_TAIL_LEN)?)?;
    (tail.starts_with('-') && subjects::is_token(node)).then_some(node)
}

async fn forward(chassis: &Chassis, node: &str, verb: &str, context: &RequestContext) -> Result<Json, Error> {
    let subject = subjects::db_request_at(&chassis.cluster, node, verb);
    let limit = context.deadline_ms.map_or(FORWARD_LIMIT, |ms| Duration::from_millis(ms.into()));
    let mut map = HeaderMap::new();
    map.insert(headers::TRACEPARENT, context.traceparent.as_str());
    let request = Request::new().payload(context.body.clone()).headers(map).timeout(Some(limit));
    let reply = chassis.nats.send_request(subject, request).await.map_err(|error| match error.kind() {
        RequestErrorKind::NoResponders => {
            let sentence = format!("the handle went with {node}, where it was open: open anew");
            Error::new(ErrorCode::NotFound, sentence).field("handle")
        }
        RequestErrorKind::TimedOut => Error::new(ErrorCode::Timeout, format!("{node} has not answered in time")),
        _ => Error::internal(format!("{node} could not be asked: {error}")),
    })?;
    if reply.headers.as_ref().is_some_and(|map| map.get(headers::ERROR_CODE).is_some()) {
        return Err(Error::from_detail(from_json::<ErrorDetail>(&reply.payload)?));
    }
    from_json(&reply.payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_tells_its_node() {
        let handle = format!("bot-a-{}", ulid::Ulid::generate());
        assert_eq!(owner(&handle), Some("bot-a"));
        for handle in
            ["", "x", "-01ARZ3NDEKTSV4RRFFQ69G5FAV", "a.b-01ARZ3NDEKTSV4RRFFQ69G5FAV", "ééééééééééééééééééééé"]
        {
            assert_eq!(owner(handle), None, "{handle}");
        }
    }
}
