//! Who lives: members, their leases, and epochs that are over.
//!
//! An epoch that is not heard for a lease is ended by the lowest member that lives, if another member has not heard it
//! either. One message ends it everywhere. An epoch once ended stays ended. All that holds for processes that may write. One that only
//! reads owns nothing and has sent nothing: each member forgets it by itself, and listens to it again when it is back.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::ids::{Epoch, Writer};

/// Members a database may have: more are not listened to.
pub const MEMBERS_MAX: usize = 1024;
/// Of these, such that only read: however many there are, there is room for those that write.
pub const READERS_MAX: usize = MEMBERS_MAX / 2;
/// Ended epochs remembered. One forgotten that shows up again counts as a new member, and so loses its rows after a lease.
pub const ENDED_MAX: usize = 16 * 1024;

/// Another process, in its present epoch.
#[derive(Debug, Clone)]
pub struct Member {
    /// The process; unknown if only rows of it have been seen.
    pub writer: Option<Writer>,
    /// Its node's name.
    pub node: Arc<str>,
    /// Whether it has everything the others have.
    pub ready: bool,
    /// Whether it only reads.
    pub reader: bool,
    /// Whether rows of tables that its last donor did not have may be missing there.
    pub incomplete: bool,
    /// When it was last heard.
    pub heard_at_ms: u64,
    /// The hash of its schema, if it has said it.
    pub schema: Option<u64>,
    /// Digest of its rows, as it said last.
    pub state: u64,
    /// Digest of ours at that time.
    pub our_state: u64,
    /// Whom it has not heard.
    pub suspects: Vec<Epoch>,
    /// How far it has got with the frames of others, ours included, as it said last.
    pub settled: BTreeMap<Epoch, u64>,
}

impl Member {
    /// Whether others can have their rows from it.
    pub fn can_donate(&self) -> bool {
        self.ready && !self.reader
    }
}

/// The other members, and who is no more.
#[derive(Debug, Default)]
pub struct Members {
    live: BTreeMap<Epoch, Member>,
    ended: HashMap<Epoch, Ended, foldhash::fast::FixedState>,
    ended_order: VecDeque<Epoch>,
    suspects: Vec<Epoch>,
}

#[derive(Debug, Clone, Copy)]
struct Ended {
    at_ms: u64,
    reminded_at_ms: Option<u64>,
    /// When it was first heard all the same.
    heard_at_ms: Option<u64>,
    schema: Option<u64>,
}

impl Members {
    /// The members that are not over.
    pub fn iter(&self) -> impl Iterator<Item = (Epoch, &Member)> {
        self.live.iter().map(|(epoch, member)| (*epoch, member))
    }

    /// A member.
    pub fn get(&self, epoch: Epoch) -> Option<&Member> {
        self.live.get(&epoch)
    }

    /// A member.
    pub fn get_mut(&mut self, epoch: Epoch) -> Option<&mut Member> {
        self.live.get_mut(&epoch)
    }

    /// The hash of the schema of an epoch's writer, as it said while it lived.
    pub fn schema_of(&self, epoch: Epoch) -> Option<u64> {
        let live = self.live.get(&epoch).and_then(|member| member.schema);
        live.or_else(|| self.ended.get(&epoch).and_then(|ended| ended.schema))
    }

    /// Whether an epoch is over.
    pub fn is_ended(&self, epoch: Epoch) -> bool {
        self.ended.contains_key(&epoch)
    }

    /// Epochs ended since, the latest first.
    pub fn ended_since(&self, since_ms: u64) -> impl Iterator<Item = Epoch> + '_ {
        let latest_first = self.ended_order.iter().rev();
        latest_first
            .copied()
            .take_while(move |epoch| self.ended.get(epoch).is_some_and(|ended| ended.at_ms >= since_ms))
    }

    /// An epoch was heard, if there is a writer; otherwise rows of it were seen, and its lease starts. False if it is
    /// over, or there are too many.
    pub fn seen(&mut self, epoch: Epoch, writer: Option<Writer>, now_ms: u64) -> bool {
        if let Some(member) = self.live.get_mut(&epoch) {
            if writer.is_some() {
                member.writer = writer;
                member.heard_at_ms = now_ms;
            }
            return true;
        }
        if epoch == Epoch::NONE || self.is_ended(epoch) || self.live.len() >= MEMBERS_MAX {
            return false;
        }
        if epoch.is_readers() && self.live.keys().filter(|epoch| epoch.is_readers()).count() >= READERS_MAX {
            return false;
        }
        let member = Member {
            writer,
            node: "".into(),
            ready: false,
            reader: epoch.is_readers(),
            incomplete: false,
            heard_at_ms: now_ms,
            schema: None,
            state: 0,
            our_state: 0,
            suspects: Vec::new(),
            settled: BTreeMap::new(),
        };
        self.live.insert(epoch, member);
        true
    }

    /// Starts everybody's lease again: it was this process that did not listen.
    pub fn forgive(&mut self, now_ms: u64) {
        self.live.values_mut().for_each(|member| member.heard_at_ms = now_ms);
        self.suspects.clear();
    }

    /// An epoch is over. False if that was known, or it was of a process that only reads: that is forgotten.
    pub fn end(&mut self, epoch: Epoch, now_ms: u64) -> bool {
        if epoch.is_readers() {
            self.live.remove(&epoch);
            return false;
        }
        let schema = self.live.remove(&epoch).and_then(|member| member.schema);
        self.suspects.retain(|suspect| *suspect != epoch);
        let schema = schema.or_else(|| self.schema_of(epoch));
        let ended = Ended { at_ms: now_ms, reminded_at_ms: None, heard_at_ms: None, schema };
        if self.ended.insert(epoch, ended).is_some() {
            return false;
        }
        self.ended_order.push_back(epoch);
        if self.ended_order.len() > ENDED_MAX
            && let Some(oldest) = self.ended_order.pop_front()
        {
            self.ended.remove(&oldest);
        }
        true
    }

    /// What the others have of epochs that matter no more is forgotten.
    pub fn forget_settled(&mut self, matters: impl Fn(Epoch) -> bool) {
        for member in self.live.values_mut() {
            member.settled.retain(|epoch, _| matters(*epoch));
        }
    }

    /// Whether to tell an epoch that is over and still sends that it is over: now and then.
    pub fn remind(&mut self, epoch: Epoch, now_ms: u64, every_ms: u64) -> bool {
        let Some(ended) = self.ended.get_mut(&epoch) else { return false };
        if ended.reminded_at_ms.is_some_and(|at| now_ms < at + every_ms) {
            return false;
        }
        ended.reminded_at_ms = Some(now_ms);
        true
    }

    /// An epoch is heard. If it is over, gives since when it has been heard all the same.
    pub fn heard_after_its_end(&mut self, epoch: Epoch, now_ms: u64) -> Option<u64> {
        self.ended.get_mut(&epoch).map(|ended| *ended.heard_at_ms.get_or_insert(now_ms))
    }

    /// Forgets members that only read and were not heard for a lease. True if there were any.
    pub fn forget_silent_readers(&mut self, now_ms: u64, lease_ms: u64) -> bool {
        let before = self.live.len();
        self.live.retain(|_, member| !member.reader || now_ms < member.heard_at_ms + lease_ms);
        self.live.len() != before
    }

    /// Looks for members that were not heard for a lease. True if there are more than before.
    pub fn suspect(&mut self, now_ms: u64, lease_ms: u64) -> bool {
        let silent = self.live.iter().filter(|(_, member)| now_ms >= member.heard_at_ms + lease_ms);
        let suspects: Vec<_> = silent.map(|(epoch, _)| *epoch).collect();
        let more = suspects.iter().any(|suspect| !self.suspects.contains(suspect));
        self.suspects = suspects;
        more
    }

    /// Members that were not heard for a lease.
    pub fn suspects(&self) -> &[Epoch] {
        &self.suspects
    }

    /// The members that are heard and may write.
    pub fn live_writers(&self) -> impl Iterator<Item = (&Epoch, &Member)> {
        self.live.iter().filter(|(epoch, member)| !member.reader && !self.suspects.contains(epoch))
    }

    /// Those that `me` is to end now. What readers have heard does not count.
    pub fn to_end(&self, me: Epoch) -> Vec<Epoch> {
        let others = || self.live_writers();
        if self.suspects.is_empty() || others().any(|(epoch, _)| *epoch < me) {
            return Vec::new();
        }
        let alone = others().next().is_none();
        let seconded = |suspect: &Epoch| others().any(|(_, member)| member.suspects.contains(suspect));
        self.suspects.iter().filter(|suspect| alone || seconded(suspect)).copied().collect()
    }

    /// When the next lease ends.
    pub fn timeout_ms(&self, lease_ms: u64) -> Option<u64> {
        let fresh = self.live.iter().filter(|(epoch, _)| !self.suspects.contains(epoch));
        fresh.map(|(_, member)| member.heard_at_ms + lease_ms).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: u64 = 2_000;

    fn heard(members: &mut Members, epoch: u64, now_ms: u64) {
        assert!(members.seen(Epoch(epoch), Some(Writer(epoch)), now_ms));
    }

    #[test]
    fn the_lowest_ends_what_another_has_not_heard_either() {
        let mut members = Members::default();
        heard(&mut members, 6, 0);
        heard(&mut members, 8, 1_500);
        assert!(!members.suspect(1_999, LEASE));
        assert!(members.suspect(2_000, LEASE));
        assert_eq!(members.to_end(Epoch(4)), [], "nobody seconds it");
        if let Some(member) = members.get_mut(Epoch(8)) {
            member.suspects = vec![Epoch(6)];
        }
        assert_eq!(members.to_end(Epoch(10)), [], "8 is lower");
        assert_eq!(members.to_end(Epoch(4)), [Epoch(6)]);
    }

    #[test]
    fn who_is_alone_needs_no_second() {
        let mut members = Members::default();
        heard(&mut members, 6, 0);
        members.suspect(2_000, LEASE);
        assert_eq!(members.to_end(Epoch(10)), [Epoch(6)]);
    }

    #[test]
    fn readers_leave_room_for_writers() {
        let mut members = Members::default();
        let taken = |members: &mut Members, epoch: u64| members.seen(Epoch(epoch), Some(Writer(epoch)), 0);
        let readers = (0..MEMBERS_MAX as u64).filter(|n| taken(&mut members, 2 * n + 1)).count();
        let writers = (0..MEMBERS_MAX as u64).filter(|n| taken(&mut members, 2 * n + 2)).count();
        assert_eq!((readers, writers), (READERS_MAX, MEMBERS_MAX - READERS_MAX));
    }

    #[test]
    fn readers_count_for_nothing_and_are_forgotten() {
        let mut members = Members::default();
        heard(&mut members, 6, 0);
        heard(&mut members, 1, 1_500);
        assert!(members.suspect(2_000, LEASE));
        assert_eq!(members.to_end(Epoch(10)), [Epoch(6)], "nobody writes but this one");
        assert!(!members.end(Epoch(1), 2_000) && !members.is_ended(Epoch(1)));
        heard(&mut members, 1, 2_100);
        assert!(!members.forget_silent_readers(4_099, LEASE));
        assert!(members.get(Epoch(1)).is_some_and(|member| !member.can_donate()));
        assert!(members.forget_silent_readers(4_100, LEASE));
        assert!(members.get(Epoch(1)).is_none());
        heard(&mut members, 1, 9_000);
    }

    #[test]
    fn an_ended_epoch_stays_ended() {
        let mut members = Members::default();
        heard(&mut members, 6, 0);
        assert!(members.end(Epoch(6), 1));
        assert!(!members.end(Epoch(6), 2));
        assert!(!members.seen(Epoch(6), Some(Writer(6)), 3));
        assert!(members.remind(Epoch(6), 3, 500));
        assert!(!members.remind(Epoch(6), 4, 500));
    }
}
