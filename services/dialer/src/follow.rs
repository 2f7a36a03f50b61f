//! Waits for a call's answer or end, on behalf of a requester.

use std::time::Duration;

use botstream_api::dial_request::Wait;
use botstream_api::{CallId, DialReply, Error, EventStream};
use botstream_state::{calls, cluster};

use crate::core::progress::Progress;
use crate::dialer::Dialer;

/// How often the call's row is looked at, for when events are lost.
const ROW_POLL: Duration = Duration::from_millis(500);

/// The events of the calls that are being ordered for one request: subscribed before the order, so that none is missed.
#[derive(Default)]
pub(crate) struct Ears {
    events: Option<EventStream>,
}

impl Ears {
    /// Listens to a call that is about to be ordered, instead of one that was refused.
    pub(crate) async fn listen(&mut self, client: &botstream_api::Client, call_id: &CallId) -> Result<(), Error> {
        let events = client.events(call_id).await;
        self.events = Some(events.map_err(|e| Error::internal(format!("events cannot be followed: {e}")))?);
        Ok(())
    }

    async fn next(&mut self) -> botstream_api::Event {
        while let Some(events) = &mut self.events {
            match events.next_event().await {
                Some(Ok(event)) => return event,
                Some(Err(e)) => tracing::warn!(error = %e, "an event cannot be read"),
                None => self.events = None,
            }
        }
        std::future::pending().await
    }
}

/// Waits as the request says. A drain ends the wait: the reply then tells how far the call is.
pub(crate) async fn follow(dialer: &Dialer, wait: Wait, reply: DialReply, mut ears: Ears) -> DialReply {
    let (call_id, node) = (reply.call_id.clone(), reply.node.clone());
    let mut progress = Progress::new(wait, reply);
    if progress.is_done() {
        return progress.into_reply();
    }
    dialer.metrics.waiting.inc();
    let mut looks = tokio::time::interval(ROW_POLL);
    while !progress.is_done() {
        tokio::select! {
            event = ears.next() => progress.event(event),
            _ = looks.tick() => {
                let row = dialer.databases.calls.read(|conn| calls::get(conn, &call_id));
                let owner = dialer.chassis.cluster_db().read(|conn| cluster::by_node(conn, &node));
                if let (Ok(row), Ok(owner)) = (row, owner) {
                    progress.row(row.map(|row| row.state), owner.is_some());
                }
            }
            () = dialer.chassis.drain.requested() => break,
        }
    }
    dialer.metrics.waiting.dec();
    progress.into_reply()
}
