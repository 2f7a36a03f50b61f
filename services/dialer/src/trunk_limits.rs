//! A trunk's limits: its trunk-manager grants each call a channel and a turn before the call is ordered.

use std::collections::BTreeMap;
use std::time::Duration;

use botstream_api::node::State as NodeState;
use botstream_api::{
    CallId, ClientError, Error, ErrorCode, NodeListRequest, TrunkAcquireReply, TrunkAcquireRequest, TrunkReleaseReply,
    TrunkReleaseRequest,
};
use botstream_state::load::{self, SwitchState};
use botstream_state::{cluster, home};
use iracluster::RequestContext;

use crate::dialer::{Dialer, Order, storage};

/// How long a trunk-manager may take: a turn comes within a second.
const ACQUIRE_LIMIT: Duration = Duration::from_millis(2_500);

const TRUNK_MANAGER: &str = "trunk-manager";

/// Tells the botproxy when the INVITE is too late. It goes no further than that.
const SEND_BY_HEADER: &str = "X-BotStream-Send-By";

/// What is said to wait when there is no trunk-manager.
const RETRY_AFTER_MS: u32 = 1_000;

/// A channel that has been granted.
#[derive(Debug)]
pub(crate) struct Channel {
    /// Who granted it.
    node: String,
    /// When the INVITE must have left the cluster, ms since 1970; `None`: there is no botproxy that would look.
    send_by_ms: Option<i64>,
}

impl Channel {
    /// Has the INVITE tell the botproxy, whatever the requester would have told it.
    pub(crate) fn mark(&self, headers: &mut BTreeMap<String, String>) {
        headers.retain(|name, _| !name.eq_ignore_ascii_case(SEND_BY_HEADER));
        if let Some(send_by_ms) = self.send_by_ms {
            headers.insert(SEND_BY_HEADER.to_owned(), send_by_ms.to_string());
        }
    }
}

impl Dialer {
    /// Waits for a channel and a turn on the order's trunk; `None` where there are no limits.
    pub(crate) async fn acquire(
        &self,
        context: &RequestContext,
        order: &Order,
        call_id: &CallId,
    ) -> Result<Option<Channel>, Error> {
        if !order.is_limited {
            return Ok(None);
        }
        let client = self.chassis.client_for(context).with_timeout(ACQUIRE_LIMIT);
        let request = TrunkAcquireRequest { trunk: order.trunk.clone(), call_id: call_id.to_string() };
        // Whoever is asked grants rightly; the owner does it without others in its way.
        for node in self.trunk_managers(&context.tenant, &order.trunk)? {
            let granted: Result<TrunkAcquireReply, _> = client.request_at(&node, "trunk", "acquire", &request).await;
            match granted {
                // The limits have just been lifted.
                Ok(TrunkAcquireReply { send_by_ms: 0 }) => return Ok(None),
                Ok(TrunkAcquireReply { send_by_ms }) => {
                    let send_by_ms = self.has_proxy()?.then_some(send_by_ms);
                    return Ok(Some(Channel { node, send_by_ms }));
                }
                Err(ClientError::Service(error)) => return Err(error),
                Err(error) => {
                    tracing::warn!(node, %error, trunk = order.trunk, "a trunk-manager grants no channel; asking another")
                }
            }
        }
        let sentence = format!("trunk {:?} has limits, and no trunk-manager is there to keep them", order.trunk);
        Err(Error::new(ErrorCode::NoCapacity, sentence).retry_after_ms(RETRY_AFTER_MS))
    }

    /// Those that are ready, the trunk's owner first.
    fn trunk_managers(&self, tenant: &str, trunk: &str) -> Result<Vec<String>, Error> {
        let mut wanted = NodeListRequest { service: TRUNK_MANAGER.to_owned(), ..NodeListRequest::default() };
        wanted.set_state(NodeState::Ready);
        let rows = self.chassis.cluster_db().read(|conn| cluster::list(conn, &wanted)).map_err(storage)?;
        let ranked = home::ranked(&[tenant, trunk], rows.iter().map(|row| row.node.as_str()));
        Ok(ranked.into_iter().map(str::to_owned).collect())
    }

    /// Whether switches send their INVITEs through a botproxy, or straight to the trunk.
    fn has_proxy(&self) -> Result<bool, Error> {
        let proxies = self.databases.load.read(load::proxies).map_err(storage)?;
        Ok(proxies.iter().any(|proxy| proxy.state == SwitchState::Active))
    }

    /// Gives a channel back of a call that surely has not been placed. Should that be lost, it is free again by itself a little later.
    pub(crate) fn give_back(
        &self,
        context: &RequestContext,
        order: &Order,
        call_id: &CallId,
        channel: Option<Channel>,
    ) {
        let Some(Channel { node, .. }) = channel else { return };
        let client = self.chassis.client_for(context).with_timeout(ACQUIRE_LIMIT);
        let request = TrunkReleaseRequest { trunk: order.trunk.clone(), call_id: call_id.to_string() };
        self.chassis.drain.spawn("give-back", async move {
            let released: Result<TrunkReleaseReply, _> = client.request_at(&node, "trunk", "release", &request).await;
            if let Err(error) = released {
                tracing::warn!(node, %error, call_id = request.call_id, "a trunk's channel could not be given back");
            }
        });
    }
}
