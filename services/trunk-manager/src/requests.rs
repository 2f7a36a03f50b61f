//! Idempotency keys: the same key answers with the same reply, from whichever trunk-manager gets it, also after a crash.

use std::fmt::Write as _;
use std::future::Future;

use async_nats::jetstream::kv::{CreateErrorKind, Operation, Store};
use botstream_api::encoding::{self, Body, Encoding};
use botstream_api::{Error, ErrorCode, headers};
use iracluster::RequestContext;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::buckets::storage;
use crate::core::object::escape;

/// What is kept of a request.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Of its body: the same key with another one is a conflict.
    body_hash: String,
    /// `None`: it was begun, and nobody has said how it ended.
    reply: Option<serde_json::Value>,
}

/// Carries out a request, once if it has a key. `run` is told whether it may have been carried out before by somebody who is gone: then
/// it must find out.
pub(crate) async fn once<Rep, Fut>(
    requests: &Store,
    context: &RequestContext,
    verb: &str,
    request: &impl Body,
    run: impl FnOnce(bool) -> Fut,
) -> Result<Rep, Error>
where
    Rep: Body,
    Fut: Future<Output = Result<Rep, Error>>,
{
    let Some(key) = &context.idempotency_key else {
        return run(false).await;
    };
    let key = format!("{}.{verb}.{}", escape(&context.tenant), escape(key));
    let body_hash = digest(request)?;
    let is_in_doubt = match begin(requests, &key, &body_hash).await? {
        Begun::First => false,
        Begun::Before(Kept { body_hash: other, .. }) if other != body_hash => {
            let sentence = "this idempotency key was used with another body in the last 10 minutes";
            return Err(Error::new(ErrorCode::IdempotencyConflict, sentence).field(headers::IDEMPOTENCY_KEY));
        }
        Begun::Before(Kept { reply: Some(reply), .. }) => {
            context.set_reply_header(headers::REPLAYED, "true");
            return botstream_api::from_value(reply);
        }
        Begun::Before(Kept { reply: None, .. }) => true,
    };
    let outcome = run(is_in_doubt).await;
    match &outcome {
        Ok(reply) => {
            let reply = serde_json::to_value(reply).map_err(|e| Error::internal(e.to_string()))?;
            // It is done: that this could not be noted is no reason to say otherwise. Asked again, it is found to be done.
            if let Err(error) = requests.put(&key, kept(body_hash, Some(reply))?).await {
                tracing::warn!(%error, "the reply to a request with an idempotency key could not be kept");
            }
        }
        // It may have been done.
        Err(error) if matches!(error.code, ErrorCode::StorageFailed | ErrorCode::Internal) => {}
        // Nothing was done, so the key may be used again.
        Err(_) => {
            if let Err(error) = requests.delete(&key).await {
                tracing::warn!(%error, "an idempotency key could not be given back");
            }
        }
    }
    outcome
}

enum Begun {
    First,
    Before(Kept),
}

async fn begin(requests: &Store, key: &str, body_hash: &str) -> Result<Begun, Error> {
    match requests.create(key, kept(body_hash.to_owned(), None)?).await {
        Ok(_) => return Ok(Begun::First),
        Err(e) if e.kind() == CreateErrorKind::AlreadyExists => {}
        Err(e) => return Err(storage(e)),
    }
    let entry = requests.entry(key).await.map_err(storage)?;
    match entry.filter(|entry| entry.operation == Operation::Put) {
        Some(entry) => serde_json::from_slice(&entry.value).map(Begun::Before).map_err(storage),
        // Given back or forgotten since: whoever had it did nothing.
        None => Err(storage("the idempotency key is being used by another request; try again")),
    }
}

fn kept(body_hash: String, reply: Option<serde_json::Value>) -> Result<bytes::Bytes, Error> {
    let text = serde_json::to_vec(&Kept { body_hash, reply });
    text.map(Into::into).map_err(|e| Error::internal(e.to_string()))
}

/// Of the message, not of its bytes on the wire: the same request in JSON and in protobuf is the same.
fn digest(request: &impl Body) -> Result<String, Error> {
    let body = encoding::encode(request, Encoding::Protobuf)?;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(&body) {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
    }
    Ok(text)
}
