//! Everything that is in force: what the file declares and what was accepted at run time.
//!
//! An object that the file declares is the file's: one of the same key that was accepted at run time waits behind it until the file
//! declares it no more.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use botstream_api::{Bot, Number, Route, Trunk};
use iratdb::rusqlite;
use iratdb::rusqlite::Connection;

use crate::core::object::{Key, Object};
use crate::core::telephony::Telephony;

/// Objects of one kind that were accepted at run time, each with its revision in the bucket. `None`: deleted at that revision.
pub(crate) type Stored<T> = BTreeMap<Key, (u64, Option<T>)>;

/// All that were accepted at run time.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) trunks: Stored<Trunk>,
    pub(crate) numbers: Stored<Number>,
    pub(crate) routes: Stored<Route>,
    pub(crate) bots: Stored<Bot>,
}

#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) file: Telephony,
    pub(crate) held: Held,
}

impl View {
    /// The file's object of this key.
    pub(crate) fn declared<T: Object>(&self, key: &Key) -> Option<&T> {
        let objects = T::declared(&self.file);
        let place = objects.binary_search_by(|object| object.key().cmp(key)).ok()?;
        objects.get(place)
    }

    /// The one that was accepted at run time, with its revision.
    pub(crate) fn held<T: Object>(&self, key: &Key) -> Option<&T> {
        T::held(&self.held).get(key)?.1.as_ref()
    }

    /// The one in force.
    pub(crate) fn get<T: Object>(&self, key: &Key) -> Option<&T> {
        self.declared(key).or_else(|| self.held(key))
    }

    /// All in force, in the order of their keys, from after `cursor` on; at most `limit` of one tenant.
    pub(crate) fn page<T: Object>(&self, tenant: &str, cursor: Option<&Key>, limit: usize) -> Vec<T> {
        let is_wanted = |key: &Key| key.tenant == tenant && cursor.is_none_or(|cursor| key > cursor);
        let declared = T::declared(&self.file).iter().map(|object| (object.key(), object));
        let held = T::held(&self.held).iter().filter_map(|(key, (_, object))| Some((key.clone(), object.as_ref()?)));
        let held = held.filter(|(key, _)| self.declared::<T>(key).is_none());
        let mut objects: Vec<_> = declared.chain(held).filter(|(key, _)| is_wanted(key)).collect();
        objects.sort_by(|(a, _), (b, _)| a.cmp(b));
        objects.into_iter().take(limit).map(|(_, object)| object.clone()).collect()
    }

    /// All in force of every tenant.
    pub(crate) fn all<T: Object>(&self) -> impl Iterator<Item = &T> {
        let held = T::held(&self.held).iter().filter_map(|(key, (_, object))| Some((key, object.as_ref()?)));
        let held = held.filter(|(key, _)| self.declared::<T>(key).is_none()).map(|(_, object)| object);
        T::declared(&self.file).iter().chain(held)
    }

    /// Takes in what a bucket has under a key; whether that is news. What is older than what is known is not.
    pub(crate) fn take<T: Object>(&mut self, key: Key, revision: u64, mut object: Option<T>) -> bool {
        if let Some(object) = &mut object {
            object.set_revision(revision);
        }
        match T::held_mut(&mut self.held).entry(key) {
            Entry::Occupied(known) if known.get().0 >= revision => false,
            Entry::Occupied(mut known) => {
                known.insert((revision, object));
                true
            }
            Entry::Vacant(place) => {
                place.insert((revision, object));
                true
            }
        }
    }

    /// Brings one row of `config` to what is in force.
    pub(crate) fn land<T: Object>(&self, conn: &Connection, key: &Key) -> rusqlite::Result<()> {
        match self.get::<T>(key) {
            Some(object) => without_revision(object).put(conn),
            None => T::remove(conn, key),
        }
    }

    /// Everything in force.
    pub(crate) fn whole(&self) -> Telephony {
        Telephony {
            trunks: self.all().map(without_revision).collect(),
            numbers: self.all().map(without_revision).collect(),
            routes: self.all().map(without_revision).collect(),
            bots: self.all().map(without_revision).collect(),
            credentials: self.file.credentials.clone(),
            trunk_credentials: self.file.trunk_credentials.clone(),
        }
    }
}

/// As it is in `config`: there it is a row like any other, and a reader of an earlier version knows no revision.
pub(crate) fn without_revision<T: Object>(object: &T) -> T {
    let mut object = object.clone();
    object.set_revision(0);
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bot(name: &str, url: &str) -> Bot {
        Bot { name: name.into(), tenant: "default".into(), url: url.into(), ..Bot::default() }
    }

    #[test]
    fn the_file_goes_before_what_was_accepted_and_old_news_are_none() {
        let mut view = View::default();
        let key = Key::named("default", "a");
        assert!(view.take(key.clone(), 5, Some(bot("a", "ws://accepted/"))));
        assert!(!view.take(key.clone(), 4, Some(bot("a", "ws://older/"))));
        assert!(!view.take::<Bot>(key.clone(), 5, None));
        assert_eq!(view.get::<Bot>(&key).map(|bot| (bot.url.as_str(), bot.revision)), Some(("ws://accepted/", 5)));
        view.file = Telephony::parse(r#"bots = [{ name = "a", url = "ws://file/" }]"#).unwrap();
        assert_eq!(view.get::<Bot>(&key).map(|bot| (bot.url.as_str(), bot.revision)), Some(("ws://file/", 0)));
        assert_eq!(view.page::<Bot>("default", None, 10).len(), 1);
        assert_eq!(view.whole().bots.len(), 1);
        view.file = Telephony::default();
        assert!(view.take::<Bot>(key.clone(), 6, None));
        assert_eq!(view.get::<Bot>(&key), None);
        // What was deleted does not come back by an old word.
        assert!(!view.take(key.clone(), 5, Some(bot("a", "ws://accepted/"))));
        assert_eq!(view.get::<Bot>(&key), None);
    }

    #[test]
    fn pages_are_in_order_and_of_one_tenant() {
        let mut view =
            View { file: Telephony::parse(r#"bots = [{ name = "b", url = "ws://h/" }]"#).unwrap(), ..View::default() };
        for name in ["c", "a"] {
            view.take(Key::named("default", name), 1, Some(bot(name, "ws://h/")));
        }
        view.take(Key::named("acme", "x"), 2, Some(Bot { tenant: "acme".into(), ..bot("x", "ws://h/") }));
        let names = |bots: Vec<Bot>| bots.into_iter().map(|bot| bot.name).collect::<Vec<_>>();
        assert_eq!(names(view.page("default", None, 10)), ["a", "b", "c"]);
        assert_eq!(names(view.page("default", Some(&Key::named("default", "a")), 1)), ["b"]);
        assert_eq!(names(view.page("acme", None, 10)), ["x"]);
    }
}
