//! `trunk.acquire` and `trunk.release`: a channel of a trunk and a turn to call, for whoever is about to place a call.
//!
//! Dialers ask the trunk's owner, by rendezvous hashing, so that one trunk-manager has the ledger in memory and writes it without
//! contention. That is all the owner is for: every grant is a compare-and-swap in JetStream, so whoever is asked grants rightly.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_nats::jetstream::kv::{CreateErrorKind, Operation, Store, UpdateErrorKind};
use botstream_api::{
    CallId, Error, ErrorCode, Trunk, TrunkAcquireReply, TrunkAcquireRequest, TrunkReleaseReply, TrunkReleaseRequest,
};
use botstream_state::calls;
use iracluster::{Chassis, RequestContext, Where};
use iratdb::{Change, Op, RowChange};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use crate::buckets::{NotWritten, storage};
use crate::core::limits::{Gone, LINGER_MS, Ledger, Limits, Lines, Refused, SEND_WITHIN_MS};
use crate::core::object::Key;
use crate::metrics::Metrics;
use crate::shared::Shared;

/// How often one grant is tried while other trunk-managers write the same ledger.
const TRIES_MAX: u32 = 16;

/// How often what is over for good is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(1);

/// Said to wait when all channels are taken: somebody may hang up.
const RETRY_AFTER_MS: u32 = 1_000;

/// Grants channels and turns.
#[derive(Debug)]
pub(crate) struct Gate {
    shared: Arc<Shared>,
    lines: Mutex<Lines>,
    /// Since when `lines` follows `calls`, ms since 1970. Calls that had ended before are not known.
    followed_since: watch::Sender<Option<i64>>,
    desks: Mutex<BTreeMap<Key, Arc<tokio::sync::Mutex<Desk>>>>,
    metrics: Metrics,
}

/// One trunk's ledger as it was last seen. One grant at a time.
#[derive(Debug, Default)]
struct Desk {
    /// With its revision in the bucket; 0: there is none. `None`: it has to be read.
    ledger: Option<(Ledger, u64)>,
}

fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves both verbs, and follows the calls.
pub(crate) async fn serve(chassis: &Chassis, shared: &Arc<Shared>, metrics: &Metrics) -> Result<(), iracluster::Error> {
    let gate = Arc::new(Gate {
        shared: Arc::clone(shared),
        lines: Mutex::default(),
        followed_since: watch::Sender::new(None),
        desks: Mutex::default(),
        metrics: metrics.clone(),
    });
    follow_calls(chassis, &gate);
    let own = Arc::clone(&gate);
    let acquire = move |context: RequestContext, request| {
        let gate = Arc::clone(&own);
        async move { gate.acquire(&context, request).await }
    };
    chassis.serve("trunk", "acquire", Where::ThisNode, acquire).await?;
    let release = move |context: RequestContext, request| {
        let gate = Arc::clone(&gate);
        async move { gate.release(&context, &request) }
    };
    chassis.serve("trunk", "release", Where::ThisNode, release).await
}

/// Follows `calls` until the process closes. Nothing waits for it but grants: where no switch runs yet, nobody writes it.
fn follow_calls(chassis: &Chassis, gate: &Arc<Gate>) {
    let (chassis, gate) = (chassis.clone(), Arc::clone(gate));
    let closing = chassis.drain.closing_token();
    let tasks = chassis.drain.clone();
    tasks.spawn("follow-calls", async move {
        let following = async {
            if let Err(error) = gate.follow(&chassis).await {
                tracing::error!(%error, "calls are not followed any more: nothing is granted on trunks with limits");
                gate.followed_since.send_replace(None);
            }
        };
        tokio::select! {
            () = following => {}
            () = closing.cancelled() => {}
        }
    });
}

impl Gate {
    async fn follow(&self, chassis: &Chassis) -> anyhow::Result<()> {
        let db = chassis.follow(calls::options()).await?;
        // Before the rows are read: what changes in between comes twice, and is known the second time.
        let mut changes = db.subscribe("calls")?;
        let read_all = || -> iratdb::Result<()> {
            let rows = db.read(calls::trunks)?;
            let rows = rows.into_iter().map(|row| (row.call_id, Key::named(&row.tenant, &row.trunk)));
            lock(&self.lines).set(rows, now_ms());
            Ok(())
        };
        read_all()?;
        self.followed_since.send_replace(Some(now_ms()));
        let mut rounds = tokio::time::interval(FORGET_EVERY);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                change = changes.next() => match change {
                    None => return Ok(()),
                    Some(Change::Row(change)) => self.take(&change),
                    Some(Change::Conflict(_)) => {}
                    Some(Change::Lagged) => read_all()?,
                },
                _ = rounds.tick() => lock(&self.lines).forget(now_ms()),
            }
        }
    }

    fn take(&self, change: &RowChange) {
        let Some(call_id) = change.pk.first().and_then(|value| value.as_str()) else { return };
        let mut lines = lock(&self.lines);
        if change.op == Op::Delete {
            // No write did it, but the end of the row's owner.
            let how = if change.hlc == 0 { Gone::Lost } else { Gone::Ended };
            lines.gone(call_id, how, now_ms());
            return;
        }
        let text = |column| change.get(column).and_then(|value| value.as_str());
        if let (Some(tenant), Some(trunk)) = (text("tenant"), text("trunk")) {
            lines.up(call_id, Key::named(tenant, trunk));
        }
    }

    /// Waits until every call is known whose channel may still be taken.
    async fn until_followed(&self) -> Result<(), Error> {
        let mut followed = self.followed_since.subscribe();
        let since_ms = match followed.wait_for(Option::is_some).await {
            Ok(since_ms) => since_ms.unwrap_or_default(),
            Err(_) => return Err(Error::internal("calls are not followed any more")),
        };
        let left_ms = u64::try_from(since_ms + LINGER_MS - now_ms()).unwrap_or(0);
        // A clock that was set back must not make this long.
        tokio::time::sleep(Duration::from_millis(left_ms).min(Duration::from_millis(LINGER_MS.unsigned_abs()))).await;
        Ok(())
    }

    async fn acquire(
        &self,
        context: &RequestContext,
        request: TrunkAcquireRequest,
    ) -> Result<TrunkAcquireReply, Error> {
        let key = Key::named(&context.tenant, &request.trunk);
        let call_id: CallId = request.call_id.parse().map_err(|_| {
            Error::invalid("call_id", format!("call_id = {:?} is none: one is <node>-<ULID>", request.call_id))
        })?;
        let limits = self.limits(&key)?;
        if limits.are_none() {
            lock(&self.desks).remove(&key);
            return Ok(TrunkAcquireReply::default());
        }
        self.until_followed().await?;
        let granted = self.grant(&key, limits, call_id.as_str()).await;
        self.metrics.asked_for_channel(match &granted {
            Ok(_) => "granted",
            Err(error) if error.code == ErrorCode::ConcurrencyLimit => "channels",
            Err(error) if error.code == ErrorCode::CpsLimit => "cps",
            Err(_) => "failed",
        });
        let turn_ms = granted?;
        let wait_ms = u64::try_from(turn_ms - now_ms()).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        Ok(TrunkAcquireReply { send_by_ms: turn_ms + SEND_WITHIN_MS })
    }

    fn limits(&self, key: &Key) -> Result<Limits, Error> {
        let of = |trunk: &Trunk| Limits { channels: trunk.max_channels, cps: trunk.max_cps };
        let limits = self.shared.view(|view| view.get::<Trunk>(key).map(of));
        limits.ok_or_else(|| {
            Error::new(ErrorCode::TrunkNotFound, format!("there is no trunk {:?}", key.name)).field("trunk")
        })
    }

    /// Grants a channel and a turn, and writes it down; when it is the call's turn, ms since 1970.
    async fn grant(&self, key: &Key, limits: Limits, call_id: &str) -> Result<i64, Error> {
        let desk = Arc::clone(lock(&self.desks).entry(key.clone()).or_default());
        let mut desk = desk.lock().await;
        let buckets = self.shared.buckets()?;
        for _ in 0..TRIES_MAX {
            let (ledger, revision) = match desk.ledger.take() {
                Some(known) => known,
                None => read(&buckets.limits, key).await?,
            };
            // As short as it can be: the clock is read after whatever was waited for.
            let granted = ledger.grant(limits, &lock(&self.lines), key, call_id, now_ms());
            let (next, turn_ms) = match granted {
                Ok(granted) => granted,
                Err(refused) => {
                    desk.ledger = Some((ledger, revision));
                    return Err(refusal(refused, limits, key));
                }
            };
            match write(&buckets.limits, key, &next, revision).await {
                Ok(revision) => {
                    desk.ledger = Some((next, revision));
                    return Ok(turn_ms);
                }
                // Another trunk-manager has granted something: with that, again.
                Err(NotWritten::Conflict) => {}
                Err(NotWritten::Failed(error)) => return Err(error),
            }
        }
        let sentence = format!("several trunk-managers grant channels of trunk {:?} at once; try again", key.name);
        Err(Error::new(ErrorCode::CpsLimit, sentence).retry_after_ms(RETRY_AFTER_MS))
    }

    fn release(&self, context: &RequestContext, request: &TrunkReleaseRequest) -> Result<TrunkReleaseReply, Error> {
        let call_id: CallId = request.call_id.parse().map_err(|_| {
            Error::invalid("call_id", format!("call_id = {:?} is none: one is <node>-<ULID>", request.call_id))
        })?;
        let key = Key::named(&context.tenant, &request.trunk);
        // Only of trunks that there are: what is remembered has a limit.
        if !self.limits(&key)?.are_none() {
            lock(&self.lines).not_begun(call_id.as_str(), key, now_ms());
        }
        Ok(TrunkReleaseReply {})
    }
}

fn refusal(refused: Refused, limits: Limits, key: &Key) -> Error {
    match refused {
        Refused::Channels => {
            let sentence = format!("trunk {:?} has its {} calls", key.name, limits.channels);
            Error::new(ErrorCode::ConcurrencyLimit, sentence).field("trunk").retry_after_ms(RETRY_AFTER_MS)
        }
        Refused::Rate { retry_after_ms } => {
            let sentence = format!("trunk {:?} takes {} calls a second, and enough are waiting", key.name, limits.cps);
            Error::new(ErrorCode::CpsLimit, sentence).field("trunk").retry_after_ms(retry_after_ms)
        }
    }
}

/// A trunk's ledger and its revision; 0: there is none yet.
async fn read(ledgers: &Store, key: &Key) -> Result<(Ledger, u64), Error> {
    let entry = ledgers.entry(key.to_bucket()).await.map_err(storage)?;
    match entry {
        Some(entry) if entry.operation == Operation::Put => {
            let ledger = serde_json::from_slice(&entry.value)
                .map_err(|error| storage(format!("the ledger of {key} is not understood: {error}")))?;
            Ok((ledger, entry.revision))
        }
        Some(_) | None => Ok((Ledger::default(), 0)),
    }
}

async fn write(ledgers: &Store, key: &Key, ledger: &Ledger, revision: u64) -> Result<u64, NotWritten> {
    let text = serde_json::to_vec(ledger).map_err(|error| NotWritten::Failed(Error::internal(error.to_string())))?;
    if revision == 0 {
        return ledgers.create(key.to_bucket(), text.into()).await.map_err(|error| match error.kind() {
            CreateErrorKind::AlreadyExists => NotWritten::Conflict,
            _ => NotWritten::Failed(storage(error)),
        });
    }
    ledgers.update(key.to_bucket(), text.into(), revision).await.map_err(|error| match error.kind() {
        UpdateErrorKind::WrongLastRevision => NotWritten::Conflict,
        _ => NotWritten::Failed(storage(error)),
    })
}
