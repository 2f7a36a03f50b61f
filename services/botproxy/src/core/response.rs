//! Responses on their way back (RFC 3261 §16.7), and what is done when none comes.

use std::time::{Duration, Instant};

use sip::headers::pop_via;
use sip::transaction::{ClientId, Failure};
use sip::{HeaderName, Headers, Response};

use super::forward::{Forward, Kind};
use super::onward::send_cancel;
use super::{Directory, Proxy, Refusal};

/// How often a switch that has an unanswered call is looked for in the table.
const WATCH_EVERY: Duration = Duration::from_secs(1);

impl Proxy {
    pub(super) fn on_response(
        &mut self,
        now: Instant,
        client: ClientId,
        response: Response,
        directory: &mut dyn Directory,
    ) {
        if self.stale.contains(&client) {
            self.on_stale_response(now, client, &response);
            return;
        }
        let Some(mut forward) = self.by_client.get(&client).copied().and_then(|id| self.forwards.remove(&id)) else {
            return;
        };
        forward.silent_until = None;
        self.on_live_response(now, &mut forward, response, directory);
        self.file(forward, directory);
    }

    fn on_live_response(
        &mut self,
        now: Instant,
        forward: &mut Forward,
        mut response: Response,
        directory: &mut dyn Directory,
    ) {
        pop_via(&mut response.headers);
        if response.headers.get(&HeaderName::Via).is_none() {
            // It answers nobody but us; but nothing that we send is only ours.
            return;
        }
        if response.status < 200 {
            forward.is_proceeding = true;
            if matches!(forward.kind, Kind::Inbound { .. }) {
                forward.watch_at = Some(now + WATCH_EVERY);
            }
            send_cancel(&mut self.layer, now, forward);
            if forward.is_invite() {
                forward.ring_until = Some(now + self.config.timer_c);
            }
            // 100 is hop by hop (§16.7 step 5); ours went out when the request came.
            if response.status > 100 {
                self.layer.respond(now, forward.server, &response);
            }
            return;
        }
        self.release(forward, directory);
        if forward.is_invite() && response.is_success() {
            self.layer.respond(now, forward.server, &response);
            forward.ring_until = None;
            forward.watch_at = None;
            // As long as it may be repeated.
            forward.end_at = forward.end_at.or(Some(now + self.config.t1 * 64));
            return;
        }
        let is_inbound = matches!(forward.kind, Kind::Inbound { .. });
        if is_inbound && response.status == 503 && forward.cancelled.is_none() {
            self.drop_client(forward);
            self.try_next_switch(now, forward, Some(response), directory);
        } else if response.status == 487 && forward.give_up_status != 487 {
            self.answer_forward(now, forward, forward.give_up_status);
        } else {
            self.respond_final(now, forward, response);
        }
    }

    /// A branch that was passed over for its silence speaks: it must not go on beside the live one.
    fn on_stale_response(&mut self, now: Instant, client: ClientId, response: &Response) {
        if response.is_final() {
            // Refused, or answered before it could be cancelled: a 2xx that nobody acknowledges ends by itself.
            self.stale.remove(&client);
        } else if self.layer.cancel(now, client, &Headers::new()).is_err() {
            // No room even for that: the switch will find that nobody acknowledges.
            self.stale.remove(&client);
            self.layer.abandon(client);
        }
    }

    pub(super) fn on_client_failed(
        &mut self,
        now: Instant,
        client: ClientId,
        failure: Failure,
        directory: &mut dyn Directory,
    ) {
        self.stale.remove(&client);
        let Some(mut forward) = self.by_client.get(&client).copied().and_then(|id| self.forwards.remove(&id)) else {
            return;
        };
        self.drop_client(&mut forward);
        if forward.cancelled.is_some() {
            let status = forward.give_up_status;
            self.answer_forward(now, &mut forward, status);
        } else if matches!(forward.kind, Kind::Inbound { .. }) && !forward.is_proceeding {
            self.try_next_switch(now, &mut forward, None, directory);
        } else {
            self.counters.timeouts += 1;
            match failure {
                // Who sent it has given up at the same moment (RFC 4320 §4.2).
                Failure::Timeout if !forward.is_invite() => forward.is_over = true,
                Failure::Timeout => self.answer_forward(now, &mut forward, 408),
                Failure::Transport => self.answer_forward(now, &mut forward, 503),
            }
        }
        self.file(forward, directory);
    }

    pub(super) fn on_forward_timeout(&mut self, now: Instant, forward: &mut Forward, directory: &mut dyn Directory) {
        if forward.end_at.is_some_and(|at| at <= now) {
            forward.is_over = true;
        } else if forward.silent_until.is_some_and(|at| at <= now) {
            forward.silent_until = None;
            self.on_silence(now, forward, directory);
        } else if forward.ring_until.is_some_and(|at| at <= now) {
            self.on_timer_c(now, forward);
        } else if forward.watch_at.is_some_and(|at| at <= now) {
            forward.watch_at = Some(now + WATCH_EVERY);
            self.watch_switch(now, forward, directory);
        }
    }

    /// A call that a switch took on but did not answer is not lost with it: once it has left the table, the call goes to
    /// another. Should it only have lost sight of the others, it is told to stop.
    fn watch_switch(&mut self, now: Instant, forward: &mut Forward, directory: &mut dyn Directory) {
        self.refresh_switches(now, directory);
        if self.switches.alive(forward.downstream) != Some(false) {
            return;
        }
        if let Some(client) = forward.client
            && self.layer.cancel(now, client, &Headers::new()).is_err()
        {
            // No room for that now; a moment later there may be.
            return;
        }
        self.on_silence(now, forward, directory);
    }

    fn on_silence(&mut self, now: Instant, forward: &mut Forward, directory: &mut dyn Directory) {
        let is_inbound = matches!(forward.kind, Kind::Inbound { .. });
        if let Some(client) = forward.client.take() {
            self.by_client.remove(&client);
            if forward.is_invite() {
                self.stale.insert(client);
            } else {
                self.layer.abandon(client);
            }
        }
        if forward.cancelled.is_some() {
            self.answer_forward(now, forward, forward.give_up_status);
        } else if is_inbound {
            self.try_next_switch(now, forward, None, directory);
        } else {
            self.counters.timeouts += 1;
            self.answer_forward(now, forward, forward.silence_status);
        }
    }

    /// §16.8: a ringing branch is cancelled; the answer to that ends the INVITE, or the time limit of the CANCEL.
    fn on_timer_c(&mut self, now: Instant, forward: &mut Forward) {
        forward.ring_until = None;
        self.counters.timeouts += 1;
        if forward.is_proceeding {
            forward.cancelled.get_or_insert_default();
            forward.give_up_status = 408;
            send_cancel(&mut self.layer, now, forward);
        } else {
            self.answer_forward(now, forward, 408);
        }
    }

    /// Passes a final response back and ends the forward.
    pub(super) fn respond_final(&mut self, now: Instant, forward: &mut Forward, response: Response) {
        self.layer.respond(now, forward.server, &response);
        forward.is_over = true;
    }

    /// Answers for the far end.
    pub(super) fn answer_forward(&mut self, now: Instant, forward: &mut Forward, status: u16) {
        let tag = self.tokens.token();
        let mut response = forward.request.response(status, None, Some(&tag));
        if status == 503 {
            response.headers.push(HeaderName::RetryAfter, self.config.retry_after_s.to_string());
        }
        self.respond_final(now, forward, response);
    }

    pub(super) fn refuse_forward(&mut self, now: Instant, forward: &mut Forward, status: u16, refusal: Refusal) {
        self.counters.refused(refusal);
        self.answer_forward(now, forward, status);
    }

    fn drop_client(&mut self, forward: &mut Forward) {
        if let Some(client) = forward.client.take() {
            self.by_client.remove(&client);
        }
    }
}
