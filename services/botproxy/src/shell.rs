//! The proxy on its sockets: what comes in goes to the core, what the core wants sent goes out, and time passes.

use std::time::{Duration, Instant};

use sip_transport::{Received, SipTransport};

use crate::core::{Directory, Proxy};

/// Most messages taken in one go before what they caused is sent.
const BATCH_MAX: usize = 64;
/// How often metrics are brought up to date, at the least.
pub(crate) const IDLE_MAX: Duration = Duration::from_secs(1);

/// The core with its sockets and its directory.
pub(crate) struct Shell<D> {
    pub(crate) proxy: Proxy,
    pub(crate) transport: SipTransport,
    pub(crate) directory: D,
}

impl<D: Directory> Shell<D> {
    /// Waits for messages, timers, or at most [`IDLE_MAX`], and handles what there is. Cancel-safe but for messages being
    /// handled, which happens without waiting.
    pub(crate) async fn turn(&mut self) {
        let idle_until = Instant::now() + IDLE_MAX;
        let until = self.proxy.poll_timeout().map_or(idle_until, |at| at.min(idle_until));
        tokio::select! {
            received = self.transport.receive() => {
                self.take(received);
                for _ in 1..BATCH_MAX {
                    let Some(received) = self.transport.try_receive() else { break };
                    self.take(received);
                }
            }
            () = tokio::time::sleep_until(until.into()) => {}
        }
        let now = Instant::now();
        if self.proxy.poll_timeout().is_some_and(|at| at <= now) {
            self.proxy.handle_timeout(now, &mut self.directory);
        }
        while let Some(transmit) = self.proxy.poll_transmit() {
            self.transport.send(&transmit);
        }
    }

    fn take(&mut self, received: Received) {
        let now = Instant::now();
        match received {
            Received::Message { from, payload } => self.proxy.receive(now, from, &payload, &mut self.directory),
            Received::Failed { peer } => self.proxy.transport_failed(now, peer, &mut self.directory),
        }
    }
}
