//! Reads UNIQUE and FOREIGN KEY constraints back, refusing those that can't be kept for all replicas together.

use rusqlite::Connection;

use super::ddl::{Problem, unsupported};
use crate::core::constraint::{Collation, Part, Reference, Target, Unique};
use crate::core::schema::{Affinity, Merge, Table};

pub(super) fn part(table: &Table, name: &str, collation: Collation) -> Option<Part> {
    let place = |columns: &[crate::core::schema::Column]| {
        columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
    };
    let in_key = place(&table.key).map(|index| Part { in_key: true, index, collation });
    in_key.or_else(|| place(&table.columns).map(|index| Part { in_key: false, index, collation }))
}

fn names(table: &Table, parts: &[Part]) -> String {
    let names: Vec<_> = parts.iter().filter_map(|part| part.column(table)).map(|column| column.name.as_str()).collect();
    names.join(", ")
}

/// UNIQUE constraints and indexes beside the primary keys.
pub(super) fn uniques(connection: &Connection, tables: &[Table]) -> Result<Vec<Unique>, Problem> {
    let mut uniques: Vec<Unique> = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        let mut list = connection.prepare(
            "SELECT name, partial FROM pragma_index_list(?1) WHERE \"unique\" AND origin <> 'pk' ORDER BY name",
        )?;
        let indexes = list.query_map([&table.name], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))?;
        for index in indexes {
            let (index, partial) = index?;
            if partial {
                return Err(unsupported(&table.name, "a partial UNIQUE index"));
            }
            let mut columns =
                connection.prepare("SELECT name, coll FROM pragma_index_xinfo(?1) WHERE \"key\" ORDER BY seqno")?;
            let columns = columns
                .query_map([&index], |row| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<String>>(1)?)))?;
            let mut parts = Vec::new();
            for column in columns {
                let (Some(name), collation) = column? else {
                    return Err(unsupported(&table.name, "a UNIQUE index on an expression"));
                };
                let collation = Collation::named(collation.as_deref().unwrap_or("BINARY"));
                let collation =
                    collation.ok_or_else(|| unsupported(&table.name, "UNIQUE with an unknown collation"))?;
                let part = part(table, &name, collation);
                parts.push(part.ok_or_else(|| unsupported(&table.name, "UNIQUE on a generated column"))?);
            }
            if parts.iter().any(|part| part.column(table).is_some_and(|column| column.merge != Merge::Last)) {
                return Err(unsupported(&table.name, "UNIQUE on a counter, max or min column"));
            }
            let name = format!("{}({})", table.name, names(table, &parts));
            let unique = Unique { name, table: number, parts };
            if !uniques.contains(&unique) {
                uniques.push(unique);
            }
        }
    }
    Ok(uniques)
}

struct RawReference {
    parent: String,
    from: Vec<String>,
    to: Vec<Option<String>>,
}

fn raw_references(connection: &Connection, table: &Table) -> Result<Vec<RawReference>, Problem> {
    let mut list = connection
        .prepare("SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id, seq")?;
    let mut rows = list.query([&table.name])?;
    let mut references: Vec<(i64, RawReference)> = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        if references.last().is_none_or(|(last, _)| *last != id) {
            references.push((id, RawReference { parent: row.get(1)?, from: Vec::new(), to: Vec::new() }));
        }
        if let Some((_, reference)) = references.last_mut() {
            reference.from.push(row.get(2)?);
            reference.to.push(row.get(3)?);
        }
    }
    Ok(references.into_iter().map(|(_, reference)| reference).collect())
}

/// Foreign keys.
pub(super) fn references(
    connection: &Connection,
    tables: &[Table],
    uniques: &[Unique],
) -> Result<Vec<Reference>, Problem> {
    let mut references: Vec<Reference> = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        for raw in raw_references(connection, table)? {
            let found = tables.iter().enumerate().find(|(_, other)| other.name.eq_ignore_ascii_case(&raw.parent));
            let Some((parent, definition)) = found else {
                return Err(unsupported(&table.name, "a FOREIGN KEY to a table that is not replicated"));
            };
            let reference = reference((number, table), &raw, (parent, definition), uniques)?;
            if !references.contains(&reference) {
                references.push(reference);
            }
        }
    }
    Ok(references)
}

fn reference(
    (number, table): (usize, &Table),
    raw: &RawReference,
    (parent, definition): (usize, &Table),
    uniques: &[Unique],
) -> Result<Reference, Problem> {
    let no_key = || unsupported(&table.name, "a FOREIGN KEY to columns that are neither PRIMARY KEY nor UNIQUE");
    let named: Vec<String> = match raw.to.iter().cloned().collect::<Option<Vec<String>>>() {
        Some(to) => to,
        None => definition.key.iter().map(|column| column.name.clone()).collect(),
    };
    if named.len() != raw.from.len() {
        return Err(no_key());
    }
    let targets = named.iter().map(|name| part(definition, name, Collation::Binary));
    let targets: Vec<Part> = targets.collect::<Option<_>>().ok_or_else(no_key)?;
    // Which of the named columns is the first, second, … of a key.
    let order = |key: &[Part]| -> Option<Vec<usize>> {
        let at = |part: &Part| targets.iter().position(|t| (t.in_key, t.index) == (part.in_key, part.index));
        (key.len() == targets.len()).then(|| key.iter().map(at).collect()).flatten()
    };
    let key: Vec<Part> =
        (0..definition.key.len()).map(|index| Part { in_key: true, index, collation: Collation::Binary }).collect();
    let (target, collations) = match order(&key) {
        Some(order) => (Target::Key(order), vec![Collation::Binary; targets.len()]),
        None => {
            let found = uniques.iter().enumerate().filter(|(_, unique)| unique.table == parent);
            let found = found.filter_map(|(at, unique)| Some((at, unique, order(&unique.parts)?))).next();
            let (at, unique, order) = found.ok_or_else(no_key)?;
            let mut collations = vec![Collation::Binary; targets.len()];
            for (place, part) in order.iter().zip(&unique.parts) {
                if let Some(collation) = collations.get_mut(*place) {
                    *collation = part.collation;
                }
            }
            (Target::Unique(at, order), collations)
        }
    };
    let parts = raw.from.iter().zip(collations).map(|(name, collation)| part(table, name, collation));
    let parts: Option<Vec<Part>> = parts.collect();
    let parts = parts.ok_or_else(|| unsupported(&table.name, "a FOREIGN KEY on a generated column"))?;
    for (child, target) in parts.iter().zip(&targets) {
        let (Some(child), Some(target)) = (child.column(table), target.column(definition)) else { continue };
        let class = |affinity: Affinity| match affinity {
            Affinity::Blob => 0,
            Affinity::Text => 1,
            Affinity::Numeric | Affinity::Real => 2,
        };
        if class(child.affinity) != class(target.affinity) {
            return Err(unsupported(&table.name, "a FOREIGN KEY to a column of another type"));
        }
        if child.merge != Merge::Last {
            return Err(unsupported(&table.name, "a FOREIGN KEY on a counter, max or min column"));
        }
    }
    let name = format!("{}({}) REFERENCES {}", table.name, names(table, &parts), definition.name);
    Ok(Reference { name, table: number, parts, parent, target })
}
