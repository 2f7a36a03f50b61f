//! This instance among the others: its row in `cluster.instances`, its health, and the `node.*` verbs.

use std::time::{SystemTime, UNIX_EPOCH};

use botstream_api::node::State;
use botstream_api::{
    ClientError, Error, ErrorCode, Node, NodeDrainRequest, NodeGetRequest, NodeListReply, NodeListRequest,
    NodeUndrainRequest,
};
use botstream_state::cluster::{self, InstanceRow};
use tonic_health::server::HealthReporter;

use crate::chassis::Chassis;
use crate::health;
use crate::serve::{RequestContext, Where};

pub(crate) fn unix_ms(time: SystemTime) -> i64 {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// Keeps the row and gRPC health at what the service is: starting, ready or draining.
pub(crate) fn follow_state(chassis: &Chassis, mut row: InstanceRow, reporter: HealthReporter) {
    let chassis = chassis.clone();
    let closing = chassis.drain.closing_token();
    chassis.drain.clone().spawn("instance", async move {
        let mut ready = chassis.health.subscribe();
        loop {
            let draining = chassis.drain.is_draining();
            row.state = match (draining, *ready.borrow_and_update()) {
                (true, _) => State::Draining,
                (false, true) => State::Ready,
                (false, false) => State::Starting,
            };
            chassis.chassis_metrics().draining.set(i64::from(draining));
            health::report(&reporter, row.state == State::Ready).await;
            if let Err(e) = chassis.cluster_db().write(|tx| cluster::put(tx, &row)) {
                tracing::error!(error = %e, "this instance's state could not be told to the others");
            }
            tracing::info!(state = row.state.as_str_name(), "state");
            tokio::select! {
                // The sender lives in the chassis.
                _ = ready.changed() => {}
                _ = chassis.drain.changed_from(draining) => {}
                () = closing.cancelled() => return,
            }
        }
    });
}

/// Serves `node.*`.
pub(crate) async fn serve(chassis: &Chassis) -> Result<(), crate::Error> {
    // On `at.<node>` list and get tell what that node sees, which is how to find out where views differ.
    for at in [Where::Anywhere, Where::ThisNode] {
        let this = chassis.clone();
        chassis
            .serve("node", "list", at, move |_, request: NodeListRequest| {
                let this = this.clone();
                async move { list(&this, &request) }
            })
            .await?;
        let this = chassis.clone();
        chassis
            .serve("node", "get", at, move |_, request: NodeGetRequest| {
                let this = this.clone();
                async move { get(&this, &request.node) }
            })
            .await?;
        let this = chassis.clone();
        chassis
            .serve("node", "drain", at, move |context, request: NodeDrainRequest| {
                let this = this.clone();
                async move {
                    match addressee(&this, at, &request.node)? {
                        Some(other) => ask(this.client_for(&context).drain_node(&other).await),
                        None => drain(&this, &context),
                    }
                }
            })
            .await?;
        let this = chassis.clone();
        chassis
            .serve("node", "undrain", at, move |context, request: NodeUndrainRequest| {
                let this = this.clone();
                async move {
                    match addressee(&this, at, &request.node)? {
                        Some(other) => ask(this.client_for(&context).undrain_node(&other).await),
                        None => undrain(&this, &context),
                    }
                }
            })
            .await?;
    }
    Ok(())
}

fn storage(error: iratdb::Error) -> Error {
    Error::internal(format!("database cluster: {error}"))
}

fn list(chassis: &Chassis, request: &NodeListRequest) -> Result<NodeListReply, Error> {
    let rows = chassis.cluster_db().read(|conn| cluster::list(conn, request));
    Ok(NodeListReply { nodes: rows.map_err(storage)?.into_iter().map(Node::from).collect() })
}

fn get(chassis: &Chassis, node: &str) -> Result<Node, Error> {
    let row = chassis.cluster_db().read(|conn| cluster::by_node(conn, node));
    row.map_err(storage)?
        .map(Node::from)
        .ok_or_else(|| Error::new(ErrorCode::NotFound, format!("no node {node:?}")).field("node"))
}

/// The other node that an order is for; `None`: this one.
fn addressee(chassis: &Chassis, at: Where, node: &str) -> Result<Option<String>, Error> {
    match at {
        Where::ThisNode if node.is_empty() || node == chassis.node => Ok(None),
        Where::ThisNode => {
            let sentence = format!("this is node {:?}, not {node:?}", chassis.node);
            Err(Error::new(ErrorCode::WrongNode, sentence).field("node").owner_node(node))
        }
        Where::Anywhere | Where::AnywhereUntilDrain if node.is_empty() => {
            Err(Error::invalid("node", "node is missing: which one?"))
        }
        Where::Anywhere | Where::AnywhereUntilDrain if node == chassis.node => Ok(None),
        Where::Anywhere | Where::AnywhereUntilDrain => Ok(Some(get(chassis, node)?.node)),
    }
}

fn ask(asked: Result<Node, ClientError>) -> Result<Node, Error> {
    asked.map_err(|e| match e {
        ClientError::Service(error) => error,
        other => Error::new(ErrorCode::Timeout, other.to_string()),
    })
}

fn drain(chassis: &Chassis, context: &RequestContext) -> Result<Node, Error> {
    tracing::info!(tenant = context.tenant, "told to drain");
    chassis.drain.request();
    own(chassis, State::Draining)
}

fn undrain(chassis: &Chassis, context: &RequestContext) -> Result<Node, Error> {
    if !chassis.drain.undo() {
        let sentence = "the node has been told to end and cannot be kept";
        return Err(Error::new(ErrorCode::WrongState, sentence).field("node"));
    }
    tracing::info!(tenant = context.tenant, "told to go on");
    let state = if chassis.health.is_ready() { State::Ready } else { State::Starting };
    own(chassis, state)
}

/// This node in the state it has just been given; its row follows by itself.
fn own(chassis: &Chassis, state: State) -> Result<Node, Error> {
    let mut node = get(chassis, &chassis.node)?;
    node.set_state(state);
    Ok(node)
}
