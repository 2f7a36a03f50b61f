//! The constraints of a schema, and what a row's values mean to them.

use std::cmp::Ordering;

use crate::core::codec::{put_value, put_varint};
use crate::core::hlc::Stamp;
use crate::core::key::{Key, key_values, put_key_value};
use crate::core::merge::Clocks;
use crate::core::schema::{Column, Merge, Table};
use crate::core::value::{Value, ValueRef};

/// How text is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Collation {
    /// Byte by byte.
    #[default]
    Binary,
    /// ASCII letters without their case.
    NoCase,
    /// Without spaces at the end.
    RTrim,
}

impl Collation {
    /// The collation of this name, if it is one of SQLite's own.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Binary, Self::NoCase, Self::RTrim].into_iter().find(|c| c.name().eq_ignore_ascii_case(name))
    }

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Binary => "BINARY",
            Self::NoCase => "NOCASE",
            Self::RTrim => "RTRIM",
        }
    }
}

/// A column of a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Whether it is of the primary key.
    pub in_key: bool,
    /// Which one, of the key or of the other columns.
    pub index: usize,
    /// How it is compared.
    pub collation: Collation,
}

impl Part {
    /// The column in its table.
    pub fn column<'t>(&self, table: &'t Table) -> Option<&'t Column> {
        if self.in_key { table.key.get(self.index) } else { table.columns.get(self.index) }
    }
}

/// A UNIQUE constraint or index beside the primary key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// Its columns: `table(a, b)`.
    pub name: String,
    /// Index of its table.
    pub table: usize,
    /// Its columns.
    pub parts: Vec<Part>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its columns: `child(a, b) REFERENCES parent`.
    pub name: String,
    /// Index of the child table.
    pub table: usize,
    /// The child's columns, compared as the parent's are.
    pub parts: Vec<Part>,
    /// Index of the parent table.
    pub parent: usize,
    /// What of the parent it names.
    pub target: Target,
}

/// What a foreign key refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The primary key: which of the child's columns is its first, second, ….
    Key(Vec<usize>),
    /// A UNIQUE constraint, by its index: which of the child's columns is its first, second, ….
    Unique(usize, Vec<usize>),
}

/// A table's place among constraints: indexes into the schema's lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// Whether there are any.
    pub constrained: bool,
    /// Whether some columns do not go by the later write.
    pub merges: bool,
    /// UNIQUE constraints of the table.
    pub uniques: Vec<usize>,
    /// Foreign keys from the table.
    pub references: Vec<usize>,
    /// Foreign keys to the table.
    pub referenced_by: Vec<usize>,
    /// Above those of all tables it refers to; the same for tables that refer to each other in a circle.
    pub stratum: usize,
    /// Which columns beside the key are part of a constraint.
    pub columns: Vec<bool>,
}

/// A row as constraints see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) table: &'a Table,
    pub(super) key: &'a [u8],
    pub(super) values: &'a [Value],
}

impl<'a> View<'a> {
    /// The values of a constraint's columns; `None` if one is NULL, because then it says nothing of the row.
    pub(super) fn of(self, parts: &[Part]) -> Option<Vec<ValueRef<'a>>> {
        let values = parts.iter().map(|part| {
            let value = if part.in_key {
                key_values(self.table, self.key).nth(part.index)?
            } else {
                self.values.get(part.index)?.as_ref()
            };
            (value != ValueRef::Null).then_some(value)
        });
        values.collect()
    }

    /// When the row came to have these columns' values.
    pub(super) fn since(self, parts: &[Part], birth: Stamp, clocks: &Clocks) -> Stamp {
        let clock = |part: &Part| match u8::try_from(part.index) {
            Ok(column) if !part.in_key => self.table.clock(column, birth, clocks),
            _ => birth,
        };
        parts.iter().map(clock).max().unwrap_or(birth)
    }
}

/// Values as bytes that are equal exactly when SQLite takes the values for equal.
pub(super) fn claim_of<'v>(parts: &[Part], values: impl Iterator<Item = ValueRef<'v>>) -> Key {
    let mut out = Vec::new();
    for (part, value) in parts.iter().zip(values) {
        match (part.collation, value) {
            (Collation::NoCase, ValueRef::Text(text)) => {
                // SQLite compares up to a NUL, then by length.
                let folded: Vec<u8> = text.iter().take_while(|b| **b != 0).map(u8::to_ascii_lowercase).collect();
                put_value(&mut out, ValueRef::Text(&folded));
                put_varint(&mut out, text.len() as u64);
            }
            (Collation::RTrim, ValueRef::Text(text)) => {
                let end = text.iter().rposition(|b| *b != b' ').map_or(0, |last| last + 1);
                put_value(&mut out, ValueRef::Text(text.get(..end).unwrap_or_default()));
            }
            (_, value) => put_key_value(&mut out, value),
        }
    }
    out.into_boxed_slice()
}

impl Unique {
    /// What a row claims, and the values that make it up.
    pub(super) fn claim<'a>(&self, row: View<'a>) -> Option<(Key, Vec<ValueRef<'a>>)> {
        let values = row.of(&self.parts)?;
        Some((claim_of(&self.parts, values.iter().copied()), values))
    }

    pub(in crate::core) fn describe(&self, out: &mut Vec<u8>) {
        out.push(1);
        out.extend_from_slice(&(self.table as u32).to_le_bytes());
        describe_parts(&self.parts, out);
    }
}

impl Reference {
    /// The parent key that a child names, as the target's key or claim, and the values that make it up.
    pub(super) fn names<'a>(&self, uniques: &[Unique], child: View<'a>) -> Option<(Key, Vec<ValueRef<'a>>)> {
        let values = child.of(&self.parts)?;
        let pick = |order: &[usize]| order.iter().filter_map(|i| values.get(*i).copied()).collect::<Vec<_>>();
        let key = match &self.target {
            Target::Key(order) => {
                let mut key = Vec::new();
                pick(order).into_iter().for_each(|value| put_key_value(&mut key, value));
                key.into_boxed_slice()
            }
            Target::Unique(unique, order) => claim_of(&uniques.get(*unique)?.parts, pick(order).into_iter()),
        };
        Some((key, values))
    }

    /// The key by which children name this parent, and the values that the children's columns then have.
    pub(super) fn named<'a>(&self, uniques: &[Unique], parent: View<'a>) -> Option<(Key, Vec<ValueRef<'a>>)> {
        let (key, values, order) = match &self.target {
            Target::Key(order) => (parent.key.into(), key_values(parent.table, parent.key).collect::<Vec<_>>(), order),
            Target::Unique(unique, order) => {
                let (claim, values) = uniques.get(*unique)?.claim(parent)?;
                (claim, values, order)
            }
        };
        let mut of_children = vec![ValueRef::Null; self.parts.len()];
        for (at, value) in order.iter().zip(values) {
            *of_children.get_mut(*at)? = value;
        }
        Some((key, of_children))
    }

    pub(in crate::core) fn describe(&self, out: &mut Vec<u8>) {
        out.push(2);
        out.extend_from_slice(&(self.table as u32).to_le_bytes());
        out.extend_from_slice(&(self.parent as u32).to_le_bytes());
        describe_parts(&self.parts, out);
        let (unique, order) = match &self.target {
            Target::Key(order) => (u32::MAX, order),
            Target::Unique(unique, order) => (*unique as u32, order),
        };
        out.extend_from_slice(&unique.to_le_bytes());
        order.iter().for_each(|at| out.extend_from_slice(&(*at as u32).to_le_bytes()));
    }
}

fn describe_parts(parts: &[Part], out: &mut Vec<u8>) {
    for part in parts {
        out.extend_from_slice(&[u8::from(part.in_key), part.index as u8, part.collation as u8]);
    }
    out.push(0xff);
}

/// Sorts tables and constraints, makes their indexes fit, and tells each table its place.
pub(in crate::core) fn link(
    mut tables: Vec<Table>,
    mut uniques: Vec<Unique>,
    mut references: Vec<Reference>,
) -> (Vec<Table>, Vec<Unique>, Vec<Reference>) {
    let strata = strata(tables.len(), &references);
    for (table, stratum) in tables.iter_mut().zip(strata) {
        let merges = !table.owned && table.columns.iter().any(|column| column.merge != Merge::Last);
        table.links = Links { merges, stratum, columns: vec![false; table.columns.len()], ..Links::default() };
    }
    let by_place = |a: &Table, b: &Table| (a.links.stratum, &a.name).cmp(&(b.links.stratum, &b.name));
    let mut order: Vec<usize> = (0..tables.len()).collect();
    order.sort_by(|a, b| tables.get(*a).zip(tables.get(*b)).map_or(Ordering::Equal, |(a, b)| by_place(a, b)));
    let place = |old: usize| order.iter().position(|at| *at == old).unwrap_or(usize::MAX);
    tables.sort_by(by_place);
    // Constraints are sorted, too, so that the order in which a schema declares them does not matter.
    let mut unique_order: Vec<usize> = (0..uniques.len()).collect();
    uniques.iter_mut().for_each(|unique| unique.table = place(unique.table));
    let sort_key = |unique: &Unique| {
        let mut bytes = Vec::new();
        unique.describe(&mut bytes);
        bytes
    };
    unique_order.sort_by_key(|at| uniques.get(*at).map(sort_key));
    uniques.sort_by_key(sort_key);
    for reference in &mut references {
        (reference.table, reference.parent) = (place(reference.table), place(reference.parent));
        if let Target::Unique(unique, _) = &mut reference.target {
            *unique = unique_order.iter().position(|at| at == unique).unwrap_or(usize::MAX);
        }
    }
    references.sort_by_key(|reference| {
        let mut bytes = Vec::new();
        reference.describe(&mut bytes);
        bytes
    });
    let mut involve = |at: usize, parts: &[Part], list: fn(&mut Links) -> &mut Vec<usize>, number: usize| {
        let Some(table) = tables.get_mut(at) else { return };
        table.links.constrained = true;
        list(&mut table.links).push(number);
        for part in parts.iter().filter(|part| !part.in_key) {
            if let Some(involved) = table.links.columns.get_mut(part.index) {
                *involved = true;
            }
        }
    };
    for (number, unique) in uniques.iter().enumerate() {
        involve(unique.table, &unique.parts, |links| &mut links.uniques, number);
    }
    for (number, reference) in references.iter().enumerate() {
        involve(reference.table, &reference.parts, |links| &mut links.references, number);
        involve(reference.parent, &[], |links| &mut links.referenced_by, number);
    }
    (tables, uniques, references)
}

/// Each table's stratum: above those it refers to; those that refer to each other in a circle share one.
fn strata(count: usize, references: &[Reference]) -> Vec<usize> {
    let mut reaches = vec![vec![false; count]; count];
    let at = |reaches: &[Vec<bool>], from: usize, to: usize| reaches.get(from).and_then(|r| r.get(to)) == Some(&true);
    for reference in references {
        if let Some(reached) = reaches.get_mut(reference.table).and_then(|row| row.get_mut(reference.parent)) {
            *reached = true;
        }
    }
    for middle in 0..count {
        for from in 0..count {
            for to in 0..count {
                if at(&reaches, from, middle)
                    && at(&reaches, middle, to)
                    && let Some(reached) = reaches.get_mut(from).and_then(|row| row.get_mut(to))
                {
                    *reached = true;
                }
            }
        }
    }
    let mut strata = vec![0_usize; count];
    // As often as the longest chain of tables is long.
    for _ in 0..count {
        for table in 0..count {
            let above = (0..count).filter(|other| at(&reaches, table, *other)).map(|other| {
                let circle = at(&reaches, other, table);
                strata.get(other).copied().unwrap_or(0) + usize::from(!circle)
            });
            let stratum = above.max().unwrap_or(0);
            if let Some(of_table) = strata.get_mut(table) {
                *of_table = stratum.max(*of_table);
            }
        }
    }
    strata
}
