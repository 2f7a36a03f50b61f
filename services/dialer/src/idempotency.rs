//! `call.dial` with and without an idempotency key.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use botstream_api::dial_request::Wait;
use botstream_api::encoding::{self, Encoding};
use botstream_api::node::State as NodeState;
use botstream_api::{CallId, ClientError, DialReply, DialRequest, Error, ErrorCode, NodeListRequest, headers};
use botstream_state::dialing::{self, IdempotencyRow};
use botstream_state::{cluster, home};
use iracluster::{Chassis, RequestContext};
use iratdb::IraTdb;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::core::keys::{Decision, decide};
use crate::dialer::{Dialer, Order, Witness, now_ms, storage};
use crate::follow::{Ears, follow};
use crate::metrics::Metrics;

const VERB: &str = "call.dial";

/// How often keys whose time is over are forgotten, and how many at once.
const FORGET_EVERY: Duration = Duration::from_secs(10);
const FORGET_MAX: u32 = 1_000;

/// How long another dialer may take for a request that does not say how long it waits.
const HAND_ON_LIMIT: Duration = Duration::from_secs(10);

type Outcome = Result<DialReply, Error>;
/// Tenant and key.
type Key = (String, String);

/// Takes dials; knows the keys.
pub(crate) struct Keys {
    chassis: Chassis,
    db: IraTdb,
    dialer: Dialer,
    metrics: Metrics,
    /// Keys that this process is carrying out: a second request waits for the first one's reply.
    running: Mutex<HashMap<Key, RunningRequest>>,
}

struct RunningRequest {
    body_hash: String,
    outcome: watch::Receiver<Option<Outcome>>,
}

enum Turn {
    First(watch::Sender<Option<Outcome>>),
    Second(watch::Receiver<Option<Outcome>>),
}

impl Keys {
    pub(crate) fn new(chassis: Chassis, db: IraTdb, dialer: Dialer, metrics: Metrics) -> Self {
        Self { chassis, db, dialer, metrics, running: Mutex::default() }
    }

    /// Takes a dial. `may_hand_on`: the request came to any dialer, not to this one by name.
    pub(crate) async fn dial(
        self: &Arc<Self>,
        context: RequestContext,
        request: DialRequest,
        may_hand_on: bool,
    ) -> Outcome {
        let Some(key) = context.idempotency_key.clone() else {
            let order = self.dialer.check(&context.tenant, request.clone())?;
            return self.carry_out(&context, &request, &order, None).await;
        };
        if may_hand_on && let Some(other) = self.home_elsewhere(&context.tenant, &key)? {
            match self.hand_on(&context, &key, &other, &request).await {
                // It has just gone; this one takes its place.
                Err(ClientError::NoResponders { .. }) => {}
                Err(ClientError::Service(error)) => return Err(error),
                Err(error) => return Err(Error::new(ErrorCode::Timeout, error.to_string())),
                Ok(reply) => return Ok(reply),
            }
        }
        self.dial_once(context, request, key).await
    }

    /// The dialer that carries this key out, if it is another one.
    fn home_elsewhere(&self, tenant: &str, key: &str) -> Result<Option<String>, Error> {
        let mut dialers = NodeListRequest { service: env!("CARGO_PKG_NAME").to_owned(), ..NodeListRequest::default() };
        dialers.set_state(NodeState::Ready);
        let dialers = self.chassis.cluster_db().read(|conn| cluster::list(conn, &dialers));
        let dialers = dialers.map_err(storage)?;
        let home = home::of(&[tenant, key], dialers.iter().map(|row| row.node.as_str()));
        Ok(home.filter(|node| *node != self.chassis.node).map(str::to_owned))
    }

    async fn hand_on(
        &self,
        context: &RequestContext,
        key: &str,
        node: &str,
        request: &DialRequest,
    ) -> Result<DialReply, ClientError> {
        let limit = context.deadline_ms.map_or(HAND_ON_LIMIT, |ms| Duration::from_millis(ms.into()));
        let client = self.chassis.client_for(context).with_timeout(limit).with_header(headers::IDEMPOTENCY_KEY, key);
        let reply = client.exchange_at(node, "call", "dial", request).await?;
        if reply.is_replayed() {
            context.set_reply_header(headers::REPLAYED, "true");
        }
        Ok(reply.body)
    }

    async fn dial_once(&self, context: RequestContext, request: DialRequest, key: String) -> Outcome {
        let body_hash = digest(&request)?;
        let running_key = (context.tenant.clone(), key.clone());
        match self.turn(&running_key, &body_hash)? {
            Turn::First(sender) => {
                let _running = Running { keys: self, key: &running_key };
                let outcome = self.first(&context, &request, &key, body_hash).await;
                sender.send_replace(Some(outcome.clone()));
                outcome
            }
            Turn::Second(mut receiver) => {
                let first = receiver.wait_for(Option::is_some).await;
                let outcome = first.ok().and_then(|outcome| outcome.clone());
                self.replayed(&context);
                outcome.unwrap_or_else(|| {
                    Err(Error::internal("the first request with this key has failed by a fault of ours"))
                })
            }
        }
    }

    fn turn(&self, key: &Key, body_hash: &str) -> Result<Turn, Error> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match running.get(key) {
            Some(first) if first.body_hash != body_hash => Err(conflict()),
            Some(first) => Ok(Turn::Second(first.outcome.clone())),
            None => {
                let (sender, outcome) = watch::channel(None);
                let body_hash = body_hash.to_owned();
                running.insert(key.clone(), RunningRequest { body_hash, outcome });
                Ok(Turn::First(sender))
            }
        }
    }

    async fn first(&self, context: &RequestContext, request: &DialRequest, key: &str, body_hash: String) -> Outcome {
        let known = self.db.read(|conn| dialing::get(conn, &context.tenant, VERB, key, now_ms()));
        match decide(known.map_err(storage)?, &body_hash) {
            Decision::Conflict => Err(conflict()),
            Decision::Replay(reply) => {
                self.replayed(context);
                encoding::decode(&reply, Encoding::Protobuf)
            }
            Decision::InDoubt { call_id } => {
                self.replayed(context);
                self.resolve(context, &call_id).await
            }
            Decision::CarryOut => {
                let order = self.dialer.check(&context.tenant, request.clone())?;
                let row = IdempotencyRow {
                    tenant: context.tenant.clone(),
                    verb: VERB.to_owned(),
                    key: key.to_owned(),
                    body_hash,
                    made_by: self.chassis.node.clone(),
                    made_ms: now_ms(),
                    call_id: String::new(),
                    reply: None,
                };
                self.carry_out(context, request, &order, Some(row)).await
            }
        }
    }

    /// Places the call and waits as asked; notes each step under the key, if there is one, before it is taken.
    async fn carry_out(
        &self,
        context: &RequestContext,
        request: &DialRequest,
        order: &Order,
        row: Option<IdempotencyRow>,
    ) -> Outcome {
        let mut notes = Notes {
            keys: self,
            row,
            wait: request.wait(),
            client: self.chassis.client_for(context),
            ears: Ears::default(),
        };
        let placed = self.dialer.place(context, order, &mut notes).await;
        let Notes { mut row, wait, ears, .. } = notes;
        match placed {
            Ok(reply) => {
                let reply = follow(&self.dialer, wait, reply, ears).await;
                if let Some(row) = &mut row {
                    row.reply = Some(encoding::encode(&reply, Encoding::Protobuf)?.into());
                    self.note(row)?;
                }
                Ok(reply)
            }
            Err(not_placed) => {
                if let Some(row) = row.filter(|_| !not_placed.in_doubt) {
                    self.forget(&row);
                }
                Err(not_placed.error)
            }
        }
    }

    /// What became of a call that was ordered, by somebody who cannot tell any more. Never placed again.
    async fn resolve(&self, context: &RequestContext, call_id: &str) -> Outcome {
        let id: CallId = call_id.parse().map_err(|e: botstream_api::CallIdError| Error::internal(e.to_string()))?;
        match self.chassis.client_for(context).get_call(&id).await {
            Ok(call) => Ok(DialReply { call_id: call.call_id, node: call.node, state: call.state, cause: None }),
            Err(error) => {
                let sentence = format!(
                    "call {call_id} was ordered from {} for this key, and what became of it is not known ({error}); it is not placed again",
                    id.node()
                );
                Err(Error::new(ErrorCode::Timeout, sentence).owner_node(id.node()))
            }
        }
    }

    fn replayed(&self, context: &RequestContext) {
        context.set_reply_header(headers::REPLAYED, "true");
        self.metrics.replayed.inc();
    }

    fn note(&self, row: &IdempotencyRow) -> Result<(), Error> {
        self.db.write(|conn| dialing::put(conn, row)).map_err(storage)?;
        Ok(())
    }

    /// Nothing was done for the key, so it may be used again.
    fn forget(&self, row: &IdempotencyRow) {
        let forgotten = self.db.write(|conn| dialing::remove(conn, &row.tenant, &row.verb, &row.key));
        if let Err(e) = forgotten {
            tracing::error!(error = %e, "an idempotency key could not be given back");
        }
    }

    /// Forgets keys when their time is over, as long as the process runs.
    pub(crate) fn forget_in_time(self: &Arc<Self>) {
        let this = Arc::clone(self);
        let closing = self.chassis.drain.closing_token();
        self.chassis.drain.spawn("forget-keys", async move {
            let mut ticks = tokio::time::interval(FORGET_EVERY);
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    () = closing.cancelled() => return,
                }
                let forgotten = this.db.write(|conn| dialing::remove_expired(conn, now_ms(), FORGET_MAX));
                if let Err(e) = forgotten {
                    tracing::error!(error = %e, "old idempotency keys could not be removed");
                }
            }
        });
    }
}

/// What is noted of one request before each order.
struct Notes<'a> {
    keys: &'a Keys,
    row: Option<IdempotencyRow>,
    wait: Wait,
    client: botstream_api::Client,
    ears: Ears,
}

impl Witness for Notes<'_> {
    async fn before_order(&mut self, call_id: &CallId) -> Result<(), Error> {
        if let Some(row) = &mut self.row {
            row.call_id = call_id.to_string();
            self.keys.note(row)?;
        }
        match self.wait {
            Wait::Unspecified => Ok(()),
            Wait::Answered | Wait::Completed => self.ears.listen(&self.client, call_id).await,
        }
    }
}

/// Takes a key off the list of running ones, whatever way its request ends.
struct Running<'a> {
    keys: &'a Keys,
    key: &'a Key,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.keys.running.lock().unwrap_or_else(PoisonError::into_inner).remove(self.key);
    }
}

fn conflict() -> Error {
    let sentence = "this idempotency key was used with another body in the last 10 minutes";
    Error::new(ErrorCode::IdempotencyConflict, sentence).field(headers::IDEMPOTENCY_KEY)
}

/// Of the message, not of its bytes on the wire: the same request in JSON and in protobuf is the same.
fn digest(request: &DialRequest) -> Result<String, Error> {
    let body = encoding::encode(request, Encoding::Protobuf)?;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(&body) {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").ok();
    }
    Ok(text)
}
