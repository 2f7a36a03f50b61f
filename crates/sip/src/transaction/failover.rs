//! What becomes of transactions whose transport is gone (RFC 3261 §8.1.3.1, §18.2.2).

use std::time::Instant;

use super::layer::{Id, Layer};
use super::schedule::Timers;
use super::{ClientId, Event, Failure, ServerId, client, server};
use crate::transport::Peer;

impl Layer {
    /// Nothing can be delivered to a peer: requests that wait for a first answer fail, responses go to where Via
    /// says, if that is somewhere else. What is being worked on there is left to its timers, for the answer may
    /// come over a new connection.
    pub fn transport_failed(&mut self, now: Instant, peer: Peer) {
        let first = (peer, Id::Client(ClientId(0)));
        let last = (peer, Id::Server(ServerId(u64::MAX)));
        let concerned: Vec<Id> = self.peers.range(first..=last).map(|(_, id)| *id).collect();
        for id in concerned {
            match id {
                Id::Client(id) => self.fail_unanswered(id),
                Id::Server(id) => self.reroute(now, id),
            }
        }
    }

    fn fail_unanswered(&mut self, id: ClientId) {
        if self.clients.get(&id).is_some_and(|c| c.state == client::State::Trying) {
            self.remove_client(id);
            self.events.push_back(Event::ClientFailed { id, failure: Failure::Transport });
        }
    }

    fn reroute(&mut self, now: Instant, id: ServerId) {
        let Some(server) = self.servers.get_mut(&id) else { return };
        if let Some(fallback) = server.fallback.take() {
            let before = std::mem::replace(&mut server.reply, fallback);
            self.peers.remove(&(before, Id::Server(id)));
            self.peers.insert((fallback, Id::Server(id)));
            if let (server::State::Completed, Some(last)) = (server.state, server.last.clone()) {
                self.send(fallback, last);
            }
        } else if server.state == server::State::Completed {
            let invite = server.invite;
            self.remove_server(id);
            if invite {
                self.events.push_back(Event::ServerFailed { id });
            }
        } else if server.state != server::State::Proceeding {
            // Nothing is owed any more; end it when its timer says so.
            let before = server.timers.next();
            let deadline = server.timers.deadline.unwrap_or(now);
            server.timers = Timers::until(deadline);
            self.schedule.update(Id::Server(id), before, Some(deadline));
        }
    }
}
