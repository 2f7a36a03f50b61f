//! Carries one dial out: trunk, switch, reservation, order.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use botstream_api::{CallId, DialReply, DialRequest, Error, ErrorCode, OriginateRequest, StreamSpec, Trunk};
use botstream_state::calls;
use botstream_state::config::{self, NoTrunk};
use botstream_state::load::{self, Reservation, SwitchLoad};
use iracluster::{Chassis, RequestContext};
use iratdb::IraTdb;
use ulid::Ulid;

use crate::core::attempt::{Attempts, Verdict, is_unanswered, judge};
use crate::core::validation;
use crate::metrics::Metrics;
use crate::trunk_limits::Channel;

/// How long a switch may take to answer an order. It only has to note the call; an answer takes it milliseconds.
const ORDER_LIMIT: Duration = Duration::from_secs(2);

/// How long a reservation is kept after the order, should the call's row not show.
const RESERVED_MAX: Duration = Duration::from_secs(2);

/// How often the row is looked for.
const ROW_POLL: Duration = Duration::from_millis(5);

/// The databases a dialer reads.
#[derive(Debug, Clone)]
pub(crate) struct Databases {
    pub(crate) calls: IraTdb,
    pub(crate) config: IraTdb,
    pub(crate) load: IraTdb,
}

/// Carries dials out. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Dialer {
    pub(crate) chassis: Chassis,
    pub(crate) databases: Databases,
    pub(crate) metrics: Metrics,
}

/// A dial that has been checked and can be carried out.
pub(crate) struct Order {
    request: DialRequest,
    bot: StreamSpec,
    pub(crate) trunk: String,
    /// Whether the trunk has limits.
    pub(crate) is_limited: bool,
}

/// Why a call has not been placed, or may not have been.
#[derive(Debug)]
pub(crate) struct NotPlaced {
    pub(crate) error: Error,
    /// Whether it may have been placed all the same.
    pub(crate) in_doubt: bool,
}

impl From<Error> for NotPlaced {
    fn from(error: Error) -> Self {
        Self { error, in_doubt: false }
    }
}

/// Is told each call id before the order goes out: what it notes is what outlives this process.
pub(crate) trait Witness: Send {
    /// An error stops the order.
    fn before_order(&mut self, call_id: &CallId) -> impl Future<Output = Result<(), Error>> + Send;
}

pub(crate) fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn storage(error: iratdb::Error) -> Error {
    Error::internal(error.to_string())
}

impl Dialer {
    pub(crate) fn new(chassis: Chassis, databases: Databases, metrics: Metrics) -> Self {
        Self { chassis, databases, metrics }
    }

    /// Checks a request, without doing anything for it yet.
    pub(crate) fn check(&self, tenant: &str, request: DialRequest) -> Result<Order, Error> {
        let bot = validation::check(&request)?;
        let trunks: Vec<Trunk> = self.databases.config.read(config::all).map_err(storage)?;
        let trunk = config::trunk_for_dial(&trunks, tenant, &request.trunk).map_err(|e| {
            let code = match e {
                NoTrunk::Ambiguous(_) => ErrorCode::InvalidArgument,
                NoTrunk::Unknown(_) | NoTrunk::InboundOnly(_) | NoTrunk::None => ErrorCode::TrunkNotFound,
            };
            Error::new(code, e.to_string()).field("trunk")
        })?;
        let is_limited = trunk.max_channels > 0 || trunk.max_cps > 0;
        let trunk = trunk.name.clone();
        Ok(Order { request, bot, trunk, is_limited })
    }

    /// Has the least-loaded switch place the call; another one when that one will not.
    pub(crate) async fn place(
        &self,
        context: &RequestContext,
        order: &Order,
        witness: &mut impl Witness,
    ) -> Result<DialReply, NotPlaced> {
        let mut attempts = Attempts::default();
        loop {
            let call_id = self.reserve(&attempts)?;
            // The turn comes last: the INVITE has to follow at once.
            let mut channel = None;
            let verdict = match witness.before_order(&call_id).await {
                Ok(()) => match self.acquire(context, order, &call_id).await {
                    Ok(acquired) => {
                        channel = acquired;
                        self.order(context, order, &call_id, channel.as_ref()).await
                    }
                    Err(error) => Verdict::Refused(error),
                },
                Err(error) => Verdict::Refused(error),
            };
            self.metrics.ordered(verdict.name());
            match verdict {
                Verdict::Placed(reply) => {
                    self.release_when_counted(call_id);
                    return Ok(DialReply { call_id: reply.call_id, node: reply.node, state: reply.state, cause: None });
                }
                Verdict::AskAnother(error) => {
                    self.release(&call_id);
                    self.give_back(context, order, &call_id, channel);
                    let node = call_id.node().to_owned();
                    tracing::info!(node, %error, "a media switch does not take a call; asking another");
                    attempts.refused(node, error);
                }
                Verdict::Refused(error) => {
                    self.release(&call_id);
                    self.give_back(context, order, &call_id, channel);
                    return Err(error.into());
                }
                Verdict::InDoubt(error) => {
                    self.release_when_counted(call_id);
                    return Err(NotPlaced { error, in_doubt: true });
                }
            }
        }
    }

    /// Chooses a switch and reserves a place on it, in one transaction: of two dials at the same time the second one sees the first.
    fn reserve(&self, attempts: &Attempts) -> Result<CallId, Error> {
        let tie_break = rand::random();
        let made_ms = now_ms();
        let commit = self.databases.load.write(|conn| {
            let switches: Vec<SwitchLoad> = load::switches(conn)?;
            let node = match attempts.next(&switches, tie_break) {
                Ok(node) => node,
                Err(error) => return Ok(Err(error)),
            };
            let call_id = CallId::new(node, Ulid::generate());
            let reservation = Reservation {
                call_id: call_id.to_string(),
                node: node.to_owned(),
                made_by: self.chassis.node.clone(),
                made_ms,
            };
            load::reserve(conn, &reservation)?;
            Ok(Ok(call_id))
        });
        commit.map_err(storage)?.into_value()
    }

    async fn order(
        &self,
        context: &RequestContext,
        order: &Order,
        call_id: &CallId,
        channel: Option<&Channel>,
    ) -> Verdict {
        let request = &order.request;
        let mut headers = request.headers.clone();
        if let Some(channel) = channel {
            channel.mark(&mut headers);
        }
        let originate = OriginateRequest {
            call_id: call_id.to_string(),
            to: request.to.clone(),
            from: request.from.clone(),
            trunk: order.trunk.clone(),
            bot: Some(order.bot.clone()),
            ring_timeout_ms: request.ring_timeout_ms,
            max_duration_ms: request.max_duration_ms,
            headers,
            vars: request.vars.clone(),
        };
        let client = self.chassis.client_for(context).with_timeout(ORDER_LIMIT);
        let mut answer = client.originate(call_id.node(), originate.clone()).await;
        let is_repeated = is_unanswered(&answer);
        if is_repeated {
            tracing::warn!(%call_id, "a media switch does not answer; ordering the same call again");
            answer = client.originate(call_id.node(), originate).await;
        }
        judge(answer, is_repeated, call_id.node(), call_id.as_str())
    }

    fn release(&self, call_id: &CallId) {
        let released = self.databases.load.write(|conn| load::release(conn, call_id.as_str()));
        if let Err(e) = released {
            tracing::error!(%call_id, error = %e, "a reservation could not be given back");
        }
    }

    /// Gives a reservation back once the switch's own count, as seen here, has the call: neither counted twice for long, nor not at
    /// all for a moment.
    fn release_when_counted(&self, call_id: CallId) {
        let this = self.clone();
        self.chassis.drain.spawn("release", async move {
            let is_counted = async {
                let seen = || this.databases.calls.read(|conn| calls::get(conn, call_id.as_str()));
                while matches!(seen(), Ok(None)) {
                    tokio::time::sleep(ROW_POLL).await;
                }
            };
            // Not in time: the call is over already, or the switch is gone.
            tokio::time::timeout(RESERVED_MAX, is_counted).await.ok();
            this.release(&call_id);
        });
    }
}
