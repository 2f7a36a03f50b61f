//! The rows that depend on what changed, decided anew.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::parts::View;
use super::solve::{Graph, Node};
use super::{Change, Constraints, Reason, Reference, RowId, Target};
use crate::core::hlc::Stamp;
use crate::core::key::Key;
use crate::core::schema::{Schema, Table};
use crate::core::store::{Lookup, Store, StoreError};
use crate::core::table::{Shown, TableState};
use crate::core::value::Value;

/// A row in question.
#[derive(Debug)]
struct Row {
    id: RowId,
    values: Box<[Value]>,
    /// UNIQUE constraint, claim, and since when.
    claims: Vec<(usize, Key, Stamp)>,
    rank: Stamp,
    place: Place,
}

/// Where a row's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Store,
    Hidden,
    Staged { was_visible: bool },
}

/// By UNIQUE constraint and claim: the rows in question, from the latest on.
type Groups = BTreeMap<(usize, Key), Vec<usize>>;

/// The rows that a foreign key may mean.
struct Parents {
    /// Those in question.
    inside: Vec<usize>,
    /// Whether one that is not is visible.
    outside: bool,
}

/// What decides a stratum.
struct Region<'a, S> {
    schema: &'a Schema,
    tables: &'a [TableState],
    store: &'a mut S,
    stratum: usize,
    rows: Vec<Row>,
    index: BTreeMap<RowId, usize>,
    /// By claim: the visible row that has it, if SQLite was asked.
    holders: BTreeMap<(usize, Key), Option<Key>>,
}

impl Constraints {
    pub(super) fn settle_stratum<S: Store>(
        &mut self,
        schema: &Schema,
        tables: &[TableState],
        stratum: usize,
        seeds: BTreeSet<RowId>,
        store: &mut S,
    ) -> Result<(), StoreError> {
        let mut region = Region {
            schema,
            tables,
            store,
            stratum,
            rows: Vec::new(),
            index: BTreeMap::new(),
            holders: BTreeMap::new(),
        };
        for seed in seeds {
            region.add(self, seed)?;
        }
        region.close(self)?;
        let visible = region.decide(self)?;
        let reasons = region.reasons(self, &visible)?;
        region.show(self, &visible, reasons)
    }

    /// Whether a row is visible, if it is there at all.
    fn shows(&self, tables: &[TableState], row: &RowId) -> bool {
        let lives =
            tables.get(row.0).and_then(|table| table.get(&row.1)).is_some_and(|state| state.visible().is_some());
        lives && (self.is_idle() || !(self.hidden.contains_key(row) || self.staged.contains_key(row)))
    }
}

impl<S: Store> Region<'_, S> {
    fn table(&self, index: usize) -> Option<&Table> {
        self.schema.tables.get(index)
    }

    /// Adds a row, if it is there.
    fn add(&mut self, constraints: &mut Constraints, id: RowId) -> Result<(), StoreError> {
        if self.index.contains_key(&id) {
            return Ok(());
        }
        let state = self.tables.get(id.0).and_then(|table| table.get(&id.1)).and_then(|state| state.visible());
        let (Some((birth, clocks)), Some(table)) = (state, self.schema.tables.get(id.0)) else { return Ok(()) };
        let (values, place) = if let Some(staged) = constraints.staged.remove(&id) {
            (staged.values, Place::Staged { was_visible: staged.was_visible })
        } else if let Some(values) = constraints.hidden.get(&id) {
            (values.clone(), Place::Hidden)
        } else {
            let Some(values) = self.store.row(table, id.0, &id.1)? else {
                return Err(StoreError(format!("a row of table {} is neither visible nor hidden", table.name)));
            };
            (values.into_boxed_slice(), Place::Store)
        };
        let view = View { table, key: &id.1, values: &values };
        let claims: Vec<_> = table
            .links
            .uniques
            .iter()
            .filter_map(|number| {
                let unique = self.schema.uniques.get(*number)?;
                let (claim, _) = unique.claim(view)?;
                Some((*number, claim, view.since(&unique.parts, birth, clocks)))
            })
            .collect();
        let rank = claims.iter().map(|(_, _, since)| *since).max().unwrap_or(birth);
        self.index.insert(id.clone(), self.rows.len());
        self.rows.push(Row { id, values, claims, rank, place });
        Ok(())
    }

    /// The visible row that has a claim, asking SQLite once.
    fn holder(&mut self, number: usize, claim: &Key, row: usize) -> Result<Option<Key>, StoreError> {
        let at = (number, claim.clone());
        if let Some(holder) = self.holders.get(&at) {
            return Ok(holder.clone());
        }
        let Some((row, table)) = self.rows.get(row).and_then(|row| Some((row, self.schema.tables.get(row.id.0)?)))
        else {
            return Ok(None);
        };
        let view = View { table, key: &row.id.1, values: &row.values };
        let values = self.schema.uniques.get(number).and_then(|unique| unique.claim(view));
        let found = match values {
            Some((_, values)) => self.store.find(Lookup::Unique(number), &values)?,
            None => Vec::new(),
        };
        let holder = found.into_iter().next();
        self.holders.insert(at, holder.clone());
        Ok(holder)
    }

    /// Adds all rows of this stratum that depend on those there are.
    fn close(&mut self, constraints: &mut Constraints) -> Result<(), StoreError> {
        let mut next = 0;
        while let Some(row) = self.rows.get(next) {
            let (id, claims, visible) = (row.id.clone(), row.claims.clone(), row.place == Place::Store);
            for (number, claim, since) in &claims {
                let hidden = constraints.claims.get(&(*number, claim.clone()));
                let mut others: Vec<Key> = hidden.into_iter().flatten().cloned().collect();
                if !visible {
                    others.extend(self.holder(*number, claim, next)?);
                }
                for other in others {
                    let other: RowId = (id.0, other);
                    if other != id && self.is_beaten(*number, &other, (*since, &id.1)) {
                        self.add(constraints, other)?;
                    }
                }
            }
            for child in self.children(constraints, next, |stratum, this| stratum == this, true, true)? {
                self.add(constraints, child)?;
            }
            next += 1;
        }
        Ok(())
    }

    /// Whether a claim is later than another row's.
    fn is_beaten(&self, number: usize, row: &RowId, by: (Stamp, &Key)) -> bool {
        let (Some(unique), Some(table)) = (self.schema.uniques.get(number), self.table(row.0)) else { return false };
        let state = self.tables.get(row.0).and_then(|table| table.get(&row.1)).and_then(|state| state.visible());
        let Some((birth, clocks)) = state else { return false };
        let view = View { table, key: &row.1, values: &[] };
        by > (view.since(&unique.parts, birth, clocks), &row.1)
    }

    /// Children of a row, by what it is now: the hidden ones and the visible ones.
    fn children(
        &mut self,
        constraints: &Constraints,
        row: usize,
        of: impl Fn(usize, usize) -> bool,
        hidden: bool,
        visible: bool,
    ) -> Result<Vec<RowId>, StoreError> {
        let mut children = Vec::new();
        let schema = self.schema;
        let Some(table) = self.rows.get(row).and_then(|row| schema.tables.get(row.id.0)) else { return Ok(children) };
        for number in &table.links.referenced_by {
            let Some(reference) = schema.references.get(*number) else { continue };
            let stratum = self.table(reference.table).map_or(0, |table| table.links.stratum);
            if !of(stratum, self.stratum) {
                continue;
            }
            let named = |row: &Row| {
                let view = View { table, key: &row.id.1, values: &row.values };
                reference.named(&schema.uniques, view).map(|(named, _)| named)
            };
            let Some(named) = self.rows.get(row).and_then(named) else { continue };
            if hidden {
                let keys = constraints.children.get(&(*number, named.clone())).into_iter().flatten();
                children.extend(keys.map(|key| (reference.table, key.clone())));
            }
            // A row that was not visible has visible children only if they have another parent.
            let was = self.rows.get(row).map(|row| row.place);
            let other_parent = match (&reference.target, was) {
                (_, Some(Place::Store | Place::Staged { was_visible: true })) => true,
                (Target::Unique(unique, _), _) if visible => self.holder(*unique, &named, row)?.is_some(),
                _ => false,
            };
            let Some(row) = self.rows.get(row).filter(|_| visible && other_parent) else { continue };
            let view = View { table, key: &row.id.1, values: &row.values };
            if let Some((_, values)) = reference.named(&schema.uniques, view) {
                let keys = self.store.find(Lookup::Reference(*number), &values)?;
                children.extend(keys.into_iter().map(|key| (reference.table, key)));
            }
        }
        Ok(children)
    }

    /// The rows in question that have a claim, from the latest on.
    fn groups(&self) -> Groups {
        let mut groups = Groups::new();
        for (at, row) in self.rows.iter().enumerate() {
            for (number, claim, _) in &row.claims {
                groups.entry((*number, claim.clone())).or_default().push(at);
            }
        }
        let since = |at: usize, of: &(usize, Key)| {
            let row = self.rows.get(at)?;
            let claim = row.claims.iter().find(|(number, claim, _)| *number == of.0 && *claim == of.1)?;
            Some((claim.2, &row.id.1))
        };
        for (claim, members) in &mut groups {
            members.sort_by(|a, b| since(*b, claim).cmp(&since(*a, claim)));
        }
        groups
    }

    /// The rows that could be the parent: in question, and whether one that is not is visible.
    fn parents(
        &mut self,
        constraints: &Constraints,
        groups: &Groups,
        row: usize,
        reference: &Reference,
    ) -> Result<Option<Parents>, StoreError> {
        let Some((row, table)) = self.rows.get(row).and_then(|row| Some((row, self.schema.tables.get(row.id.0)?)))
        else {
            return Ok(None);
        };
        let view = View { table, key: &row.id.1, values: &row.values };
        let Some((named, values)) = reference.names(&self.schema.uniques, view) else { return Ok(None) };
        Ok(Some(match &reference.target {
            Target::Key(_) => {
                let parent = (reference.parent, named);
                match self.index.get(&parent) {
                    Some(at) => Parents { inside: vec![*at], outside: false },
                    None => Parents { inside: Vec::new(), outside: constraints.shows(self.tables, &parent) },
                }
            }
            Target::Unique(unique, order) => {
                let inside = groups.get(&(*unique, named)).cloned().unwrap_or_default();
                let claimed: Vec<_> = order.iter().filter_map(|at| values.get(*at).copied()).collect();
                let holder = self.store.find(Lookup::Unique(*unique), &claimed)?.into_iter().next();
                let outside = holder.is_some_and(|key| !self.index.contains_key(&(reference.parent, key)));
                Parents { inside, outside }
            }
        }))
    }

    /// Which rows are visible.
    fn decide(&mut self, constraints: &Constraints) -> Result<Vec<bool>, StoreError> {
        let groups = self.groups();
        // By rank, the latest first.
        let mut ranked: Vec<usize> = (0..self.rows.len()).collect();
        ranked.sort_by_key(|at| self.rows.get(*at).map(|row| Reverse((row.rank, &row.id))));
        let mut rank = vec![0; ranked.len()];
        for (number, at) in ranked.iter().enumerate() {
            if let Some(rank) = rank.get_mut(*at) {
                *rank = number;
            }
        }
        let to_rank = |at: &usize| rank.get(*at).copied().unwrap_or(0);
        let mut graph = Graph { nodes: vec![Node::default(); ranked.len()], groups: Vec::new() };
        for ((number, claim), members) in &groups {
            if let Some(first) = members.first()
                && self.outside_holder(*number, claim, *first)?.is_some()
            {
                for node in members {
                    if let Some(node) = graph.nodes.get_mut(to_rank(node)) {
                        node.out = true;
                    }
                }
            } else if members.len() > 1 {
                graph.groups.push(members.iter().map(to_rank).collect());
            }
        }
        for at in 0..self.rows.len() {
            for number in self.references_of(at) {
                let Some(reference) = self.schema.references.get(number) else { continue };
                let Some(Parents { inside, outside }) = self.parents(constraints, &groups, at, reference)? else {
                    continue;
                };
                let Some(node) = graph.nodes.get_mut(to_rank(&at)) else { continue };
                if outside {
                    continue;
                }
                if inside.is_empty() {
                    node.out = true;
                } else {
                    node.needs.push(inside.iter().map(to_rank).collect());
                }
            }
        }
        let visible = graph.solve();
        Ok((0..self.rows.len()).map(|at| visible.get(to_rank(&at)).copied().unwrap_or(false)).collect())
    }

    fn references_of(&self, row: usize) -> Vec<usize> {
        let table = self.rows.get(row).and_then(|row| self.table(row.id.0));
        table.map(|table| table.links.references.clone()).unwrap_or_default()
    }

    /// The visible row that has a claim and is not in question. It beats all that are, or it would be in question.
    fn outside_holder(&mut self, number: usize, claim: &Key, row: usize) -> Result<Option<Key>, StoreError> {
        let Some(id) = self.rows.get(row).map(|row| row.id.clone()) else { return Ok(None) };
        let alone = self.rows.get(row).is_some_and(|row| row.place == Place::Store);
        if alone {
            return Ok(None);
        }
        let holder = self.holder(number, claim, row)?;
        Ok(holder.filter(|key| !self.index.contains_key(&(id.0, key.clone()))))
    }

    /// Why those that are hidden are.
    fn reasons(&mut self, constraints: &Constraints, visible: &[bool]) -> Result<Vec<Option<Reason>>, StoreError> {
        let groups = self.groups();
        let is_visible = |at: usize| visible.get(at).copied().unwrap_or(false);
        let mut reasons = Vec::with_capacity(self.rows.len());
        for at in 0..self.rows.len() {
            let told = self.rows.get(at).is_some_and(|row| row.place != Place::Hidden);
            if is_visible(at) || !told {
                reasons.push(None);
                continue;
            }
            reasons.push(self.reason(constraints, &groups, at, &is_visible)?);
        }
        Ok(reasons)
    }

    fn reason(
        &mut self,
        constraints: &Constraints,
        groups: &Groups,
        at: usize,
        is_visible: &impl Fn(usize) -> bool,
    ) -> Result<Option<Reason>, StoreError> {
        let claims = self.rows.get(at).map(|row| row.claims.clone()).unwrap_or_default();
        for (unique, claim, _) in claims {
            let members = groups.get(&(unique, claim.clone())).map(Vec::as_slice).unwrap_or_default();
            if let Some(winner) = members.iter().find(|member| is_visible(**member)).and_then(|at| self.rows.get(*at)) {
                return Ok(Some(Reason::Unique { unique, by: winner.id.1.clone() }));
            }
            if let Some(by) = self.outside_holder(unique, &claim, at)? {
                return Ok(Some(Reason::Unique { unique, by }));
            }
        }
        for number in self.references_of(at) {
            let Some(reference) = self.schema.references.get(number) else { continue };
            let Some(Parents { inside, outside }) = self.parents(constraints, groups, at, reference)? else { continue };
            if outside || inside.iter().any(|parent| is_visible(*parent)) {
                continue;
            }
            let inside = inside.first().and_then(|parent| self.rows.get(*parent)).map(|row| row.id.1.clone());
            let parent = inside.or_else(|| self.hidden_parent(constraints, at, reference));
            return Ok(Some(Reason::Reference { reference: number, parent }));
        }
        Ok(None)
    }

    fn hidden_parent(&self, constraints: &Constraints, at: usize, reference: &Reference) -> Option<Key> {
        let row = self.rows.get(at)?;
        let view = View { table: self.table(row.id.0)?, key: &row.id.1, values: &row.values };
        let (named, _) = reference.names(&self.schema.uniques, view)?;
        match &reference.target {
            Target::Key(_) => {
                let parent = (reference.parent, named);
                constraints.hidden.contains_key(&parent).then_some(parent.1)
            }
            Target::Unique(unique, _) => constraints.claims.get(&(*unique, named))?.first().cloned(),
        }
    }

    /// Makes SQLite show what is visible, first taking away, then bringing; and marks what depends on it above.
    fn show(
        mut self,
        constraints: &mut Constraints,
        visible: &[bool],
        reasons: Vec<Option<Reason>>,
    ) -> Result<(), StoreError> {
        let mut told = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            let Some(table) = self.schema.tables.get(row.id.0) else { continue };
            if row.place == Place::Store && visible.get(at) == Some(&false) {
                self.store.delete(table, row.id.0, &row.id.1)?;
            }
        }
        for at in 0..self.rows.len() {
            let now = visible.get(at).copied().unwrap_or(false);
            let Some(row) = self.rows.get(at) else { continue };
            let Some(table) = self.schema.tables.get(row.id.0) else { continue };
            if now && row.place != Place::Store {
                put(self.store, table, &row.id, &row.values)?;
            }
            let was = matches!(row.place, Place::Store | Place::Staged { was_visible: true });
            let staged = matches!(row.place, Place::Staged { .. });
            // Above, a parent that comes matters to hidden children, and one that goes to visible ones.
            let (came, went) = (now && row.place != Place::Store, was && !now);
            if came || went {
                let children = self.children(constraints, at, |stratum, this| stratum > this, came, went)?;
                children.into_iter().for_each(|(table, key)| constraints.seed(self.schema, table, &key));
            }
            let Some(row) = self.rows.get(at) else { continue };
            if now && row.place == Place::Hidden {
                constraints.unhide(self.schema, &row.id);
            }
            let shown = match (was, now) {
                (true, true) if staged => Shown::Updated,
                (false, true) => Shown::Inserted,
                (true, false) => Shown::Deleted,
                _ => Shown::Same,
            };
            let reason = reasons.get(at).cloned().flatten();
            let hidden = reason.map(|reason| (row.values.clone(), reason));
            if shown != Shown::Same || hidden.is_some() {
                told.push(Change { row: row.id.clone(), shown, hidden });
            }
        }
        for (at, row) in self.rows.into_iter().enumerate() {
            if visible.get(at) == Some(&false) && row.place != Place::Hidden {
                constraints.hide(self.schema, row.id, row.values);
            }
        }
        constraints.changes.append(&mut told);
        Ok(())
    }
}

fn put(store: &mut impl Store, table: &Table, id: &RowId, values: &[Value]) -> Result<(), StoreError> {
    let values: Vec<_> = values.iter().map(Value::as_ref).collect();
    store.put(table, id.0, &id.1, &values)
}
