//! Members with another schema. Each message names its sender's by a hash. One that is not known is asked for: until it is here and
//! has been judged, nothing is taken of who has it. Of those that fit, tables get our numbers as soon as a message is read.
//!
//! An older member does not keep rows of tables that only newer ones have. So what was fetched from it may not be all there is: a
//! newer one has *incomplete* rows until it has had them from another newer one, or none is there. Frames that came that way, of those who
//! may have written to such a table, do not count as settled, so that nobody is told that rows are here which are not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Destination, Engine, Now, Phase};
use crate::core::codec::{Body, DecodeError, Header, Message, Wanted, renumber_batch, renumber_states, renumber_tx};
use crate::core::ids::Epoch;
use crate::core::lease::Member;
use crate::core::streams::Stream;
use crate::core::version::{Difference, Fit, hash_of, judge};

/// Schemas of others that are remembered.
const PEERS_MAX: usize = 64;
/// How often one that is not known is asked for.
const ASK_MS: u64 = 200;

/// What is known of the schemas of others, by their hashes.
#[derive(Debug, Default)]
pub(super) struct Peers(BTreeMap<u64, Peer>);

#[derive(Debug)]
struct Peer {
    heard_ms: u64,
    judged: Judged,
}

#[derive(Debug)]
enum Judged {
    Asked { again_ms: u64 },
    Fits(Arc<Fit>),
    Differs(Arc<Difference>),
}

impl Peers {
    fn fit(&self, schema: u64) -> Option<&Arc<Fit>> {
        match self.0.get(&schema)? {
            Peer { judged: Judged::Fits(fit), .. } => Some(fit),
            _ => None,
        }
    }

    /// Makes room for one more: the one not heard for longest goes, first of those that are not judged.
    fn insert(&mut self, schema: u64, peer: Peer) {
        if self.0.len() >= PEERS_MAX && !self.0.contains_key(&schema) {
            let order = |peer: &Peer| (!matches!(peer.judged, Judged::Asked { .. }), peer.heard_ms);
            let oldest = self.0.iter().min_by_key(|(_, peer)| order(peer)).map(|(schema, _)| *schema);
            oldest.and_then(|schema| self.0.remove(&schema));
        }
        self.0.insert(schema, peer);
    }

    fn heard_since(&self, since_ms: u64) -> impl Iterator<Item = &Judged> {
        self.0.values().filter(move |peer| peer.heard_ms >= since_ms).map(|peer| &peer.judged)
    }
}

/// Whose tables a message numbers: ours, or those of another schema that fits.
pub(super) type Numbers<'a> = Option<&'a Fit>;

/// A transaction or batch with our numbers.
pub(super) fn renumbered<'a>(numbers: Numbers<'_>, batch: bool, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, DecodeError> {
    let Some(fit) = numbers else { return Ok(Cow::Borrowed(bytes)) };
    let number = |table| fit.table(table);
    let ours = if batch { renumber_batch(bytes, number) } else { renumber_tx(bytes, number) };
    ours.map(Cow::Owned)
}

/// States of rows with our numbers.
pub(super) fn renumbered_states<'a>(numbers: Numbers<'_>, states: &'a [u8]) -> Result<Cow<'a, [u8]>, DecodeError> {
    match numbers {
        None => Ok(Cow::Borrowed(states)),
        Some(fit) => renumber_states(states, |table| fit.table(table)).map(Cow::Owned),
    }
}

/// Buckets' digests with our numbers.
pub(super) fn renumbered_buckets(numbers: Numbers<'_>, buckets: &mut Vec<(u8, u8, u64, u64)>) {
    let Some(fit) = numbers else { return };
    buckets.retain_mut(|(table, ..)| {
        let ours = fit.table(*table);
        *table = ours.unwrap_or_default();
        ours.is_some()
    });
}

/// Wanted buckets with our numbers.
pub(super) fn renumbered_wanted(numbers: Numbers<'_>, wanted: &mut Vec<Wanted>) {
    let Some(fit) = numbers else { return };
    wanted.retain_mut(|wanted| {
        let ours = fit.table(wanted.table);
        wanted.table = ours.unwrap_or_default();
        ours.is_some()
    });
}

impl Engine {
    /// Whether a message can be read, and how it numbers tables. One that can't is dropped: what it said is said again.
    pub(super) fn numbers_of(&mut self, now: Now, message: &Message<'_>) -> Option<Option<Arc<Fit>>> {
        let schema = message.header.schema;
        if schema == self.config.schema.hash {
            return Some(None);
        }
        match self.peers.0.get_mut(&schema) {
            Some(Peer { heard_ms, judged: Judged::Fits(fit) }) => {
                *heard_ms = now.mono_ms;
                return Some(Some(Arc::clone(fit)));
            }
            Some(Peer { heard_ms, judged: Judged::Differs(_) }) => {
                *heard_ms = now.mono_ms;
                self.counters.schema_mismatches += 1;
                if matches!(message.body, Body::Heartbeat { hello: true, .. }) {
                    // Its sender should learn that it is not alone.
                    self.heartbeat_due = true;
                }
            }
            Some(Peer { heard_ms, judged: Judged::Asked { again_ms } }) if now.mono_ms < *again_ms => {
                *heard_ms = now.mono_ms;
            }
            _ => {
                let judged = Judged::Asked { again_ms: now.mono_ms + ASK_MS };
                self.peers.insert(schema, Peer { heard_ms: now.mono_ms, judged });
                self.send_schema(message.header, true);
            }
        }
        None
    }

    fn send_schema(&mut self, to: Header, wanted: bool) {
        let schema = Arc::clone(&self.config.schema);
        self.send(Destination::One(to.writer), &Body::Schema { wanted, description: &schema.description });
    }

    /// A member has told its schema.
    pub(super) fn on_schema(&mut self, now: Now, header: Header, wanted: bool, description: &[u8]) {
        if header.schema == self.config.schema.hash {
            return;
        }
        let judged = (hash_of(description) == header.schema).then(|| judge(&self.config.schema, description));
        let Some(Ok(judged)) = judged else {
            self.counters.malformed += 1;
            return;
        };
        let known = self.peers.0.get(&header.schema).is_some_and(|peer| !matches!(peer.judged, Judged::Asked { .. }));
        let fits = judged.is_ok();
        let judged = judged.map_or_else(|why| Judged::Differs(Arc::new(why)), |fit| Judged::Fits(Arc::new(fit)));
        self.peers.insert(header.schema, Peer { heard_ms: now.mono_ms, judged });
        if wanted {
            self.send_schema(header, false);
        }
        if known || !fits {
            return;
        }
        // What it said until now was not understood, and maybe not the other way round either.
        match self.phase {
            Phase::Listening { .. } if self.session.is_none() => self.hello_soon(now),
            Phase::Listening { .. } | Phase::Ready => self.heartbeat_due = true,
            Phase::Closed => {}
        }
    }

    /// Whether somebody has been heard lately of whom it is not known whether the schema fits.
    pub(super) fn hears_strangers(&self, now: Now) -> bool {
        let since_ms = now.mono_ms.saturating_sub(self.config.lease_ms);
        self.peers.heard_since(since_ms).any(|judged| matches!(judged, Judged::Asked { .. }))
    }

    /// Why the schema of somebody who has been heard lately does not fit.
    pub(super) fn difference(&self, now_ms: u64) -> Option<&Arc<Difference>> {
        let since_ms = now_ms.saturating_sub(self.config.lease_ms);
        self.peers.heard_since(since_ms).find_map(|judged| match judged {
            Judged::Differs(difference) => Some(difference),
            _ => None,
        })
    }

    /// The schema of an epoch's writer: `None` if it has not told, or is not known; ours, or one that fits.
    fn schema_of(&self, epoch: Epoch) -> Option<Numbers<'_>> {
        let schema = self.members.schema_of(epoch)?;
        if schema == self.config.schema.hash {
            return Some(None);
        }
        self.peers.fit(schema).map(|fit| Some(&**fit))
    }

    /// Whether a member keeps the rows of all our tables.
    pub(super) fn has_all_tables(&self, epoch: Epoch) -> bool {
        self.schema_of(epoch).is_some_and(|numbers| numbers.is_none_or(Fit::has_all))
    }

    /// Whether a member keeps the rows of a table of ours.
    pub(super) fn has_table(&self, epoch: Epoch, table: usize) -> bool {
        self.schema_of(epoch).is_some_and(|numbers| numbers.is_none_or(|fit| fit.has(table)))
    }

    /// Whether members of other schemas are there.
    pub(super) fn is_mixed(&self) -> bool {
        self.members.iter().any(|(_, member)| member.schema.is_some_and(|schema| schema != self.config.schema.hash))
    }

    /// Whether a member shows other rows than we in tables that both have, by what its heartbeat says.
    pub(super) fn differs(&self, numbers: Numbers<'_>, state: u64, tables: &[(u8, u64)]) -> bool {
        let Some(fit) = numbers else { return state != self.state() };
        let other = |(table, digest): &(u8, u64)| {
            let ours = fit.table(*table).and_then(|table| self.tables.get(usize::from(table)));
            ours.is_some_and(|ours| ours.digest() != *digest)
        };
        tables.iter().any(other)
    }

    /// How good a donor a member is: 2 if it has all our tables and all rows of them, 0 if it has not all tables.
    pub(super) fn completeness(&self, epoch: Epoch, member: &Member) -> u8 {
        if self.has_all_tables(epoch) { 1 + u8::from(!member.incomplete) } else { 0 }
    }

    /// Whether a member is there that has all our tables and all rows of them.
    pub(super) fn hears_complete(&self) -> bool {
        self.members.iter().any(|(epoch, member)| member.can_donate() && self.completeness(epoch, member) == 2)
    }

    /// If for a lease nobody was there who has more of our tables than the last donor, nothing is missing here.
    pub(super) fn complete_tick(&mut self, now: Now) {
        let Some(since_ms) = self.incomplete_since_ms else { return };
        let more = |(epoch, member): (Epoch, &Member)| member.can_donate() && self.has_all_tables(epoch);
        if now.mono_ms >= since_ms + self.config.lease_ms && !self.members.iter().any(more) {
            self.incomplete_since_ms = None;
            self.streams.values_mut().for_each(Stream::take_for_whole);
        }
    }

    /// The rows of a member that has all our tables are here. Of epochs that are over, and of whose writers it is not known that they had
    /// more tables than an older donor, that is all there is.
    pub(super) fn completed(&mut self) {
        let members = &self.members;
        let unknown = |epoch: Epoch| members.get(epoch).is_none() && members.schema_of(epoch).is_none();
        self.streams.iter_mut().filter(|(epoch, _)| unknown(**epoch)).for_each(|(_, stream)| stream.take_for_whole());
    }

    /// Whether frames of an epoch may have rows of tables of ours that a donor does not keep. If it is over, and nothing is known of
    /// its writer's schema, it may be the former epoch of any member that lives.
    pub(super) fn writes_more(&self, epoch: Epoch, donor: &Fit) -> bool {
        let lacking = |has: &dyn Fn(usize) -> bool| (0..self.tables.len()).any(|table| !donor.has(table) && has(table));
        let more = |numbers: Numbers<'_>| lacking(&|table| numbers.is_none_or(|writer| writer.has(table)));
        match self.schema_of(epoch) {
            Some(numbers) => more(numbers),
            None if self.members.get(epoch).is_some() => lacking(&|_| true),
            None => self.members.iter().any(|(member, _)| self.schema_of(member).is_some_and(more)),
        }
    }

    /// Whether no rows are missing here of tables that the last donor did not have.
    #[cfg(any(test, feature = "simulator"))]
    pub(crate) fn is_complete(&self) -> bool {
        self.incomplete_since_ms.is_none()
    }
}
