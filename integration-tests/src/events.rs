//! All events of a cluster, collected from the moment that a test begins to listen.

use std::time::Duration;

use anyhow::Context;
use botstream_api::event::Body;
use botstream_api::{CallEnded, Client, Event};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Longest wait for an event.
const LIMIT: Duration = Duration::from_secs(20);

/// Collected events.
#[derive(Debug)]
pub struct EventLog {
    events: watch::Receiver<Vec<Event>>,
    collector: JoinHandle<()>,
}

impl EventLog {
    /// Collects from now on.
    pub async fn start(client: &Client) -> anyhow::Result<Self> {
        let mut stream = client.all_events().await?;
        let (sender, events) = watch::channel(Vec::new());
        let collector = tokio::spawn(async move {
            while let Some(event) = stream.next_event().await {
                match event {
                    Ok(event) => sender.send_modify(|events| events.push(event)),
                    Err(error) => panic!("an event that is none: {error}"),
                }
            }
        });
        Ok(Self { events, collector })
    }

    /// What has come so far.
    pub fn all(&self) -> Vec<Event> {
        self.events.borrow().clone()
    }

    /// What has come so far of one call.
    pub fn of(&self, call_id: &str) -> Vec<Event> {
        self.events.borrow().iter().filter(|event| event.call_id == call_id).cloned().collect()
    }

    /// Waits until `found` finds something in what has come.
    pub async fn until<T>(&self, what: &str, mut found: impl FnMut(&[Event]) -> Option<T>) -> anyhow::Result<T> {
        let mut events = self.events.clone();
        let mut outcome = None;
        let waiting = events.wait_for(|events| {
            outcome = found(events);
            outcome.is_some()
        });
        let waited = tokio::time::timeout(LIMIT, waiting).await;
        drop(waited.with_context(|| format!("no event says: {what}"))??);
        outcome.context("an event was found and lost")
    }

    /// Waits until an event of one call has a body for which `found` finds something.
    pub async fn of_call<T>(
        &self,
        call_id: &str,
        what: &str,
        mut found: impl FnMut(&Body) -> Option<T>,
    ) -> anyhow::Result<T> {
        let what = format!("{what} of {call_id}");
        let in_call = |events: &[Event]| {
            let bodies = events.iter().filter(|event| event.call_id == call_id).filter_map(|event| event.body.as_ref());
            bodies.into_iter().find_map(&mut found)
        };
        self.until(&what, in_call).await
    }

    /// Waits for the end of a call.
    pub async fn ended(&self, call_id: &str) -> anyhow::Result<CallEnded> {
        let ended = |body: &Body| match body {
            Body::CallEnded(ended) => Some(ended.clone()),
            _ => None,
        };
        self.of_call(call_id, "the end", ended).await
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        self.collector.abort();
    }
}

/// `class.type` of each event, in order; samples of quality, which come by the clock, left out.
pub fn names(events: &[Event]) -> Vec<String> {
    let bodies = events.iter().filter_map(|event| event.body.as_ref());
    let bodies = bodies.filter(|body| !matches!(body, Body::QosSample(_)));
    bodies
        .map(|body| {
            let (class, kind) = body.class_and_type();
            format!("{class}.{kind}")
        })
        .collect()
}

/// The numbers of a call's events must count from 1 without a gap. Samples of quality are not kept, and not counted.
pub fn assert_no_gap(events: &[Event]) {
    let counted = events.iter().filter(|event| !matches!(event.body, Some(Body::QosSample(_))));
    let numbers: Vec<u32> = counted.map(|event| event.ev_seq).collect();
    let expected: Vec<u32> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "{:?}", names(events));
}
