//! What each verb does.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use botstream_api::{Error, ErrorCode};
use botstream_state::rights;
use iracluster::Chassis;
use iratdb::{IraTdb, Keys, Lww, Options, Sandbox, TableOptions};
use tokio::sync::Semaphore;
use ulid::Ulid;

use crate::config::Config;
use crate::cursors::{PAGE_ROWS_DEFAULT, ResultSet};
use crate::handle::{Handle, InUse};
use crate::handles::Handles;
use crate::statements::{self, BATCH_MAX, Bound, refusal, rowid};
use crate::watch;
use crate::wire::*;

/// Longest name of a database, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// Whose rights to BotStream's own databases these are.
const SERVICE: &str = env!("CARGO_PKG_NAME");

/// Longest name of keys.
const KEY_NAME_LEN_MAX: usize = 64;

/// DDL steps of a schema.
const SCHEMA_STEPS_MAX: usize = 256;

/// How long an open may take: others are looked for, and what they have is copied.
const READY_LIMIT: Duration = Duration::from_secs(30);

/// Statements that run at once; the others wait.
const RUNNING_MAX: usize = 16;

/// Longest wait for replicas.
const WAIT_MS_MAX: u64 = 60_000;

/// Longest value that SQL may make, in bytes: well over what a replicated row can hold.
const VALUE_BYTES_MAX: u32 = 1024 * 1024;

/// See the module.
pub(crate) struct Verbs {
    pub(crate) chassis: Chassis,
    pub(crate) handles: Handles,
    sandbox: Sandbox,
    running: Arc<Semaphore>,
}

impl Verbs {
    pub(crate) fn new(chassis: Chassis, handles: Handles, config: &Config) -> Self {
        let sandbox = Sandbox {
            statement_time_max: config.statement_time,
            value_bytes_max: VALUE_BYTES_MAX,
            memory_bytes_max: u64::from(config.statement_memory_mib) << 20,
        };
        Self { chassis, handles, sandbox, running: Arc::new(Semaphore::new(RUNNING_MAX)) }
    }

    pub(crate) async fn open(&self, request: OpenRequest) -> Result<OpenReply, Error> {
        let OpenRequest { db: database, schema, schema_version, tables, mode, key_ref } = request;
        if !(1..=NAME_BYTES_MAX).contains(&database.len()) {
            return Err(Error::invalid("db", format!("a database's name has 1 to {NAME_BYTES_MAX} bytes")));
        }
        if schema.len() > SCHEMA_STEPS_MAX {
            return Err(Error::invalid("schema", format!("a schema has at most {SCHEMA_STEPS_MAX} steps")));
        }
        let ours = botstream_state::options(&database);
        let is_ours = ours.is_some();
        let options = match ours {
            Some(options) if schema.is_empty() && schema_version.is_none() && tables.is_empty() => options,
            Some(_) => {
                return Err(Error::invalid("schema", format!("the schema of {database:?} is known: leave it out")));
            }
            None if schema.is_empty() => {
                return Err(Error::invalid("schema", "say with which CREATE statements the database begins"));
            }
            None => {
                let mut options = Options::new(&database).schema(&schema).schema_version(schema_version.unwrap_or(1));
                for (name, spec) in tables {
                    let table = table_options(&name, spec)?;
                    options = options.table(name, table);
                }
                options
            }
        };
        let keys = self.keys(&database, key_ref, mode, is_ours)?;
        let place = self.handles.place()?;
        let Chassis { cluster, node, nats, .. } = &self.chassis;
        let options = options.cluster(cluster).node(node).nats(nats.clone()).keys(keys).sandbox(self.sandbox);
        let db = IraTdb::open(options).await.map_err(refusal)?;
        let ready = match tokio::time::timeout(READY_LIMIT, db.ready()).await {
            Ok(ready) => ready.map_err(refusal),
            Err(_) => Err(Error::new(
                ErrorCode::Timeout,
                format!(
                    "database {database:?} did not become ready within {} s: with keys that only read, somebody has to be there who \
                     writes it",
                    READY_LIMIT.as_secs()
                ),
            )),
        };
        if let Err(error) = ready {
            close(&db).await;
            return Err(error);
        }
        let id = format!("{node}-{}", Ulid::generate());
        let stats = db.stats();
        tracing::info!(handle = id, database, ?mode, "opened");
        self.handles.insert(Handle::new(id.clone(), database, mode, db));
        drop(place);
        let lease_ms = self.lease_ms();
        Ok(OpenReply { handle: id, ready: true, members: stats.members.len(), rows: stats.rows, lease_ms })
    }

    /// The keys that a database is opened with. What they are is never in a message; their name may be.
    fn keys(&self, database: &str, key_ref: Option<String>, mode: OpenMode, ours: bool) -> Result<Keys, Error> {
        if ours {
            if key_ref.is_some() {
                return Err(Error::invalid("key_ref", format!("the keys of {database:?} are known: leave it out")));
            }
            if mode == OpenMode::Rw {
                let sentence =
                    format!("{database:?} is written by BotStream's services alone: use mode ro, and the NATS API");
                return Err(Error::new(ErrorCode::Forbidden, sentence).field("mode"));
            }
            if rights::right(SERVICE, database).is_none() {
                let sentence = format!("{database:?} is for the services that need it alone");
                return Err(Error::new(ErrorCode::Forbidden, sentence).field("db"));
            }
        }
        let is_named = key_ref.is_some();
        let (name, field) = (key_ref.as_deref().unwrap_or(database), if is_named { "key_ref" } else { "db" });
        let is_of_ours = rights::RIGHTS.iter().any(|rights| rights.database == name);
        if is_of_ours && !ours {
            let sentence = format!("{name:?} are keys of BotStream's own: name others");
            return Err(Error::new(ErrorCode::Forbidden, sentence).field(field));
        }
        // It becomes the name of files. Without keys it becomes nothing, but what is wrong with them is wrong without them.
        if !(is_key_name(name) || !is_named && self.chassis.has_no_keys()) {
            let sentence = format!(
                "{name:?} can't name keys: 1 to {KEY_NAME_LEN_MAX} letters, digits, _ and - can{}",
                if is_named { "" } else { "; give key_ref" }
            );
            return Err(Error::invalid(field, sentence));
        }
        let keys = self.chassis.keys(name).map_err(|error| {
            tracing::warn!(database, key_ref = name, %error, "not opened: its keys are not here");
            let sentence = format!(
                "there are no usable keys {name:?} here: mount {name}.write.pem and {name}.read.pem (to write) or {name}.read.pem and \
                 {name}.write.pub.pem (to read) in the directory of the flag keys-dir; `iractl keys new` makes them"
            );
            Error::new(ErrorCode::NotFound, sentence).field(field)
        })?;
        if mode == OpenMode::Rw && !keys.may_write() {
            let sentence = format!("the keys {name:?} only read: use mode ro, or mount {name}.write.pem");
            return Err(Error::new(ErrorCode::Forbidden, sentence).field("mode"));
        }
        Ok(keys)
    }

    pub(crate) async fn exec(&self, request: ExecRequest) -> Result<ExecReply, Error> {
        let ExecRequest { handle, sql, params, batch, wait } = request;
        let in_use = self.handles.get(&handle)?;
        if in_use.0.mode == OpenMode::Ro {
            return Err(Error::new(ErrorCode::Forbidden, "the handle was opened to read only").field("handle"));
        }
        let statements = match (sql, batch) {
            (Some(sql), batch) if batch.is_empty() => vec![Bound::new(sql, params, "params")?],
            (None, batch) if !batch.is_empty() && params.is_empty() => {
                if batch.len() > BATCH_MAX {
                    return Err(Error::invalid("batch", format!("a transaction has at most {BATCH_MAX} statements")));
                }
                let bound = |(index, statement): (usize, Statement)| {
                    Bound::new(statement.sql, statement.params, &format!("batch.{index}.params"))
                };
                batch.into_iter().enumerate().map(bound).collect::<Result<_, _>>()?
            }
            _ => return Err(Error::invalid("sql", "give either sql with its params, or a batch")),
        };
        if wait.as_ref().is_some_and(|wait| wait.ms > WAIT_MS_MAX) {
            return Err(Error::invalid("wait.ms", format!("wait at most {WAIT_MS_MAX} ms")));
        }
        let token = in_use.0.next_token();
        let commit = self.blocking(&in_use, move |handle| statements::exec(&handle.db, &statements)).await?;
        if let Some(Wait { replicas, ms }) = wait {
            commit.replicated(replicas, Duration::from_millis(ms)).await.map_err(refusal)?;
        }
        let outcome = &commit.value;
        Ok(ExecReply {
            changes: outcome.changes,
            last_insert_rowid: rowid(outcome.last_insert_rowid),
            rows_changed: commit.rows_changed,
            token,
        })
    }

    pub(crate) async fn query(&self, request: QueryRequest) -> Result<QueryReply, Error> {
        let QueryRequest { handle, sql, params, limit, cursor } = request;
        let in_use = self.handles.get(&handle)?;
        let rows_max = limit.unwrap_or(PAGE_ROWS_DEFAULT);
        if rows_max == 0 {
            return Err(Error::invalid("limit", "a page has at least 1 row"));
        }
        match (sql, cursor) {
            (None, Some(cursor)) if params.is_empty() => in_use.0.cursors().next(&cursor, rows_max),
            (Some(sql), None) => {
                let statement = Bound::new(sql, params, "params")?;
                let result: ResultSet =
                    self.blocking(&in_use, move |handle| statements::query(&handle.db, &statement)).await?;
                in_use.0.cursors().begin(result, rows_max)
            }
            _ => Err(Error::invalid("sql", "give either sql with its params, or a cursor")),
        }
    }

    pub(crate) async fn watch(&self, request: WatchRequest) -> Result<WatchReply, Error> {
        let in_use = self.handles.get(&request.handle)?;
        let WatchRequest { table, watch, .. } = request;
        let begun = watch::begin(&self.chassis, &self.handles.metrics, &in_use.0, &table, watch)?;
        let statement = Bound { sql: begun.rows_sql, params: Vec::new() };
        let rows = self.blocking(&in_use, move |handle| statements::query(&handle.db, &statement)).await;
        match rows.and_then(|rows| in_use.0.cursors().begin(rows, PAGE_ROWS_DEFAULT)) {
            Ok(initial) => Ok(WatchReply { subject: begun.subject, watch: begun.name, initial }),
            Err(error) => {
                watch::unwatch(&in_use.0, &begun.name).unwrap_or_default();
                Err(error)
            }
        }
    }

    pub(crate) fn unwatch(&self, request: &UnwatchRequest) -> Result<Done, Error> {
        let in_use = self.handles.get(&request.handle)?;
        watch::unwatch(&in_use.0, &request.watch)?;
        Ok(Done {})
    }

    pub(crate) fn ping(&self, request: &HandleRequest) -> Result<PingReply, Error> {
        drop(self.handles.get(&request.handle)?);
        Ok(PingReply { lease_ms: self.lease_ms() })
    }

    pub(crate) async fn close(&self, request: &HandleRequest) -> Result<Done, Error> {
        self.handles.remove(&request.handle)?.close().await;
        Ok(Done {})
    }

    pub(crate) fn list(&self) -> ListReply {
        ListReply { node: self.chassis.node.clone(), databases: self.handles.databases() }
    }

    pub(crate) fn stats(&self, request: &HandleRequest) -> Result<StatsReply, Error> {
        let in_use = self.handles.get(&request.handle)?;
        let stats = in_use.0.db.stats();
        let members = stats.members.iter().map(|member| MemberInfo {
            node: member.node.clone(),
            id: format!("{:016x}", member.id),
            is_self: member.is_self,
            read_only: member.read_only,
            ready: member.ready,
            silent_ms: u64::try_from(member.silent_for.as_millis()).unwrap_or(u64::MAX),
            frames_missing: member.frames_missing,
            frames_unacknowledged: member.frames_unacknowledged,
        });
        Ok(StatsReply {
            db: in_use.0.database.clone(),
            members: members.collect(),
            rows: stats.rows,
            counters: BTreeMap::from([
                ("commits", stats.commits),
                ("frames_sent", stats.frames_sent),
                ("frames_received", stats.frames_received),
                ("frames_duplicate", stats.frames_duplicate),
                ("frames_resent", stats.frames_resent),
                ("frames_missing", stats.frames_missing),
                ("gaps", stats.gaps),
                ("nacks_sent", stats.nacks_sent),
                ("rows_applied", stats.rows_applied),
                ("resyncs", stats.resyncs),
                ("rows_fetched", stats.rows_fetched),
                ("epochs_ended", stats.epochs_ended),
                ("epochs_restarted", stats.epochs_restarted),
                ("malformed", stats.malformed),
                ("schema_mismatches", stats.schema_mismatches),
                ("refused", stats.refused),
                ("outbox_dropped", stats.outbox_dropped),
            ]),
            refusals: stats.refusals.by_reason().into_iter().collect(),
            sizes: BTreeMap::from([
                ("queue_bytes", stats.queue_bytes),
                ("resend_bytes", stats.resend_bytes),
                ("waiting_bytes", stats.waiting_bytes),
                ("outbox_bytes", stats.outbox_bytes),
            ]),
        })
    }

    pub(crate) async fn digest(&self, request: &HandleRequest) -> Result<DigestReply, Error> {
        let in_use = self.handles.get(&request.handle)?;
        let digests = self.blocking(&in_use, |handle| handle.db.digests().map_err(refusal)).await?;
        let tables = digests
            .into_iter()
            .map(|(name, digest)| (name, TableDigest { rows: digest.rows, digest: format!("{:032x}", digest.hash) }));
        Ok(DigestReply { tables: tables.collect() })
    }

    /// Runs on a thread that may block. The handle is in use until it is done, even if nobody waits for it any more.
    async fn blocking<T: Send + 'static>(
        &self,
        in_use: &InUse,
        work: impl FnOnce(&Handle) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = Arc::clone(&self.running).acquire_owned().await;
        let in_use = InUse::new(Arc::clone(&in_use.0));
        let done = tokio::task::spawn_blocking(move || {
            let (_permit, in_use) = (permit, in_use);
            work(&in_use.0)
        });
        done.await.unwrap_or_else(|_| Err(Error::internal("the statement has failed by a fault of ours; see the log")))
    }

    fn lease_ms(&self) -> u64 {
        u64::try_from(self.handles.lease.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Whether it can be part of a file's name, and nothing else: no path, no dot.
fn is_key_name(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=KEY_NAME_LEN_MAX).contains(&name.len()) && name.bytes().all(good)
}

fn table_options(table: &str, spec: TableSpec) -> Result<TableOptions, Error> {
    let lww = match spec.lww {
        Winner::Column => Lww::Column,
        Winner::Row => Lww::Row,
    };
    let mut merged = HashSet::new();
    if let Some(column) = spec.counter.iter().chain(&spec.max).chain(&spec.min).find(|column| !merged.insert(*column)) {
        let sentence = format!("column {column:?} is named twice: it can be one of counter, max and min");
        return Err(Error::invalid(format!("tables.{table}"), sentence));
    }
    let options = TableOptions::default().lww(lww);
    let options = if spec.owned { options.owned() } else { options };
    let options = spec.counter.into_iter().fold(options, TableOptions::counter);
    let options = spec.max.into_iter().fold(options, TableOptions::max);
    Ok(spec.min.into_iter().fold(options, TableOptions::min))
}

async fn close(db: &IraTdb) {
    if let Err(error) = db.close().await {
        tracing::warn!(database = db.name(), %error, "closing");
    }
}
