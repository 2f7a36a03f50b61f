use std::sync::Arc;

use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Name of the gRPC health service that tells readiness; the empty name tells that the process lives.
pub(crate) const READINESS: &str = "ready";

/// Whether the service is ready for work. Cheap to clone.
///
/// A service says so itself when its start is complete; a drain takes it back without its doing.
#[derive(Debug, Clone)]
pub struct Health {
    ready: Arc<watch::Sender<bool>>,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self { ready: Arc::new(watch::Sender::new(false)) }
    }

    /// Says that the service is ready for work, or is not any more.
    pub fn set_ready(&self, ready: bool) {
        self.ready.send_replace(ready);
    }

    /// Whether the service has said that it is ready.
    pub fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }
}

/// What gRPC health answers.
pub(crate) async fn report(reporter: &HealthReporter, ready: bool) {
    let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    reporter.set_service_status("", ServingStatus::Serving).await;
    reporter.set_service_status(READINESS, status).await;
}
