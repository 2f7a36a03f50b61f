//! What has to change so that the cluster is as a document says, and doing it.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::bail;
use botstream_api::{Bot, Client, ClientError, Number, Route, Trunk};
use futures_util::{StreamExt, stream};

use super::document::Document;
use super::kind::Kind;
use crate::out::{self, Paint};
use crate::table::printable;

/// Changes that are under way at once.
const AT_ONCE: usize = 64;

/// One change.
#[derive(Debug, Clone, PartialEq)]
enum Change<K> {
    Create(K),
    /// With the revision that was seen.
    Update {
        from: K,
        to: K,
    },
    Delete(K),
}

/// All changes.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    bots: Vec<Change<Bot>>,
    routes: Vec<Change<Route>>,
    trunks: Vec<Change<Trunk>>,
    numbers: Vec<Change<Number>>,
}

/// What became of a plan.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Outcome {
    created: usize,
    updated: usize,
    deleted: usize,
    pub(crate) failed: usize,
}

impl Outcome {
    pub(crate) const fn changes(self) -> usize {
        self.created + self.updated + self.deleted + self.failed
    }

    fn count<K>(&mut self, change: &Change<K>) {
        match change {
            Change::Create(_) => self.created += 1,
            Change::Update { .. } => self.updated += 1,
            Change::Delete(_) => self.deleted += 1,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} created, {} updated, {} deleted", self.created, self.updated, self.deleted)
    }
}

fn changes<K: Kind>(wanted: Vec<K>, present: Vec<K>, prune: bool) -> anyhow::Result<Vec<Change<K>>> {
    let mut present: BTreeMap<_, _> = present.into_iter().map(|object| (object.key(), object)).collect();
    let mut changes = Vec::new();
    for to in wanted {
        match present.remove(&to.key()) {
            None => changes.push(Change::Create(to)),
            Some(from) if from.clone().bare() == to => {}
            Some(from) if from.revision() == 0 => {
                bail!(
                    "{} is declared in the trunk-manager's file: change it there, or take it out of one of the two",
                    to.title()
                );
            }
            Some(from) => changes.push(Change::Update { from, to }),
        }
    }
    // What the trunk-manager's file declares is not ours to delete.
    let rest = present.into_values().filter(|object| prune && object.revision() != 0);
    changes.extend(rest.map(Change::Delete));
    Ok(changes)
}

impl Plan {
    pub(crate) fn make(wanted: Document, present: Document, prune: bool) -> anyhow::Result<Self> {
        Ok(Self {
            bots: changes(wanted.bots, present.bots, prune)?,
            routes: changes(wanted.routes, present.routes, prune)?,
            trunks: changes(wanted.trunks, present.trunks, prune)?,
            numbers: changes(wanted.numbers, present.numbers, prune)?,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.bots.len() + self.routes.len() + self.trunks.len() + self.numbers.len()
    }

    pub(crate) fn print(&self) -> anyhow::Result<()> {
        print(&self.trunks)?;
        print(&self.numbers)?;
        print(&self.routes)?;
        print(&self.bots)
    }

    /// What is named goes in before what names it, and out after it. A refused change does not keep the others from being made.
    pub(crate) async fn carry_out(&self, client: &Client) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        carry_out(&self.bots, false, client, &mut outcome).await?;
        carry_out(&self.routes, false, client, &mut outcome).await?;
        carry_out(&self.trunks, false, client, &mut outcome).await?;
        carry_out(&self.numbers, false, client, &mut outcome).await?;
        carry_out(&self.numbers, true, client, &mut outcome).await?;
        carry_out(&self.trunks, true, client, &mut outcome).await?;
        carry_out(&self.routes, true, client, &mut outcome).await?;
        carry_out(&self.bots, true, client, &mut outcome).await?;
        Ok(outcome)
    }
}

async fn carry_out<K: Kind>(
    changes: &[Change<K>],
    deletions: bool,
    client: &Client,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let changes = changes.iter().filter(|change| matches!(change, Change::Delete(_)) == deletions);
    let mut done =
        stream::iter(changes).map(|change| async move { (change, make(change, client).await) }).buffered(AT_ONCE);
    while let Some((change, made)) = done.next().await {
        match made {
            Ok(()) => {
                outcome.count(change);
                out::line(describe(change).0)?;
            }
            Err(ClientError::Service(error)) => {
                outcome.failed += 1;
                out::note(printable(&format!("{}: {error}", describe(change).0)));
            }
            // Nobody there, or no answer: the rest will not fare better.
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn make<K: Kind>(change: &Change<K>, client: &Client) -> Result<(), ClientError> {
    match change {
        Change::Create(object) => client.request::<K, K>(K::NOUN, "create", object).await.map(drop),
        Change::Update { from, to } => {
            let object = to.clone().with_revision(from.revision());
            client.request::<K, K>(K::NOUN, "update", &object).await.map(drop)
        }
        Change::Delete(object) => {
            client.request::<K::Delete, K::DeleteReply>(K::NOUN, "delete", &object.deletion()).await.map(drop)
        }
    }
}

/// The change in one line, and the lines of the object before and after it.
fn describe<K: Kind>(change: &Change<K>) -> (String, Vec<String>, Vec<String>) {
    let (sign, from, to) = match change {
        Change::Create(object) => ('+', None, Some(object)),
        Change::Update { from, to } => ('~', Some(from), Some(to)),
        Change::Delete(object) => ('-', Some(object), None),
    };
    let title = to.or(from).map(Kind::title).unwrap_or_default();
    (printable(&format!("{sign} {title}")), fields(from), fields(to))
}

fn fields<K: Kind>(object: Option<&K>) -> Vec<String> {
    let value = object.and_then(|object| serde_json::to_value(object.clone().bare()).ok());
    let fields = value.as_ref().and_then(serde_json::Value::as_object);
    fields.into_iter().flatten().map(|(name, value)| printable(&format!("{name}: {value}"))).collect()
}

fn print<K: Kind>(changes: &[Change<K>]) -> anyhow::Result<()> {
    let paint = Paint::for_stdout();
    for change in changes {
        let (title, before, after) = describe(change);
        out::line(paint.bold(&title))?;
        for line in before.iter().filter(|line| !after.contains(line)) {
            out::line(paint.bad(&format!("    - {line}")))?;
        }
        for line in after.iter().filter(|line| !before.contains(line)) {
            out::line(paint.good(&format!("    + {line}")))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bot(name: &str, url: &str, revision: u64) -> Bot {
        let tenant = if revision == 0 { "" } else { "default" };
        Bot { name: name.into(), url: url.into(), tenant: tenant.into(), revision, ..Bot::default() }
    }

    #[test]
    fn only_what_differs_is_changed() {
        let present = || vec![bot("same", "ws://a/", 3), bot("other", "ws://b/", 4), bot("rest", "ws://c/", 5)];
        let wanted = || vec![bot("same", "ws://a/", 0), bot("other", "ws://x/", 0), bot("new", "ws://d/", 0)];
        let expected = [
            Change::Update { from: bot("other", "ws://b/", 4), to: bot("other", "ws://x/", 0) },
            Change::Create(bot("new", "ws://d/", 0)),
        ];
        assert_eq!(changes(wanted(), present(), false).unwrap(), expected);
        let pruned = changes(wanted(), present(), true).unwrap();
        assert_eq!(pruned[..2], expected);
        assert_eq!(pruned[2..], [Change::Delete(bot("rest", "ws://c/", 5))]);
    }

    #[test]
    fn what_the_file_of_the_trunk_manager_declares_is_left_alone() {
        let declared = || vec![bot("a", "ws://a/", 0)];
        assert_eq!(changes(declared(), declared(), true).unwrap(), []);
        assert_eq!(changes(Vec::new(), declared(), true).unwrap(), []);
        let refused = changes(vec![bot("a", "ws://x/", 0)], declared(), false).unwrap_err();
        assert!(refused.to_string().starts_with("bot a is declared"), "{refused}");
    }
}
