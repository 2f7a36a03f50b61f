//! Reads UNIQUE, FOREIGN KEY and CHECK constraints back, refusing those that can't be kept for all replicas together.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::ddl::{Problem, tokens, unsupported};
use crate::core::constraint::{Collation, Part, Reference, Target, Unique};
use crate::core::schema::{Affinity, Merge, Table};
use crate::error::SchemaProblem;

fn part(table: &Table, name: &str, collation: Collation) -> Option<Part> {
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

/// Refuses CHECK constraints that updates of different columns can break together. Whether there are any others.
///
/// A key and one more column are always from one writer, who checked them; so are all columns of a row that wins as a whole.
pub(super) fn check_checks(connection: &mut Connection, tables: &[Table]) -> Result<bool, Problem> {
    let mut any = false;
    for table in tables {
        let sql: String = connection.query_row(
            "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [&table.name],
            |row| row.get(0),
        )?;
        for check in checks(&sql) {
            any = true;
            let mut free = 0;
            let mut merged = false;
            for name in columns_of(connection, &table.name, &check)? {
                match part(table, &name, Collation::Binary) {
                    Some(part) if part.in_key => {}
                    Some(part) => {
                        free += 1;
                        let merge = part.column(table).map(|column| column.merge).unwrap_or_default();
                        merged |= merge != Merge::Last;
                        if merge == Merge::Counter {
                            return Err(unsupported(&table.name, "CHECK on a counter column"));
                        }
                    }
                    None if name.eq_ignore_ascii_case("rowid") => {
                        return Err(unsupported(&table.name, "CHECK on rowid"));
                    }
                    // A generated column can stand for any number of others.
                    None => free += 2,
                }
            }
            if free > 1 && (!table.row_wise || merged) {
                return Err(Problem::Schema(SchemaProblem::CheckOverColumns { table: table.name.clone(), check }));
            }
        }
    }
    Ok(any)
}

/// The expressions of a table's CHECK constraints.
fn checks(sql: &str) -> Vec<String> {
    let mut tokens = tokens(sql);
    let mut checks = Vec::new();
    while let Some(token) = tokens.next() {
        if !token.eq_ignore_ascii_case("CHECK") || tokens.next() != Some("(") {
            continue;
        }
        let mut depth = 1;
        let mut expression: Vec<&str> = Vec::new();
        for token in tokens.by_ref() {
            depth += match token {
                "(" => 1,
                ")" => -1,
                _ => 0,
            };
            if depth == 0 {
                break;
            }
            expression.push(token);
        }
        checks.push(join(&expression));
    }
    checks
}

/// Puts tokens together again; only words need a space between them.
fn join(tokens: &[&str]) -> String {
    let is_word =
        |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || matches!(c, '\'' | '"' | '`' | '['));
    let mut text = String::new();
    for token in tokens {
        // Two quoted texts side by side are one with a quote in it, so that nothing may come between them.
        let quoted = |c: char| text.ends_with(c) && token.starts_with(c);
        let apart = is_word(text.chars().next_back()) && is_word(token.chars().next());
        if apart && !quoted('\'') && !quoted('"') && !quoted('`') {
            text.push(' ');
        }
        text.push_str(token);
    }
    text
}

/// The columns that an expression over a table's row reads, as SQLite understands it.
fn columns_of(connection: &mut Connection, table: &str, expression: &str) -> Result<BTreeSet<String>, Problem> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let inside = Arc::clone(&seen);
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        if let AuthAction::Read { column_name, .. } = context.action
            && !column_name.is_empty()
        {
            inside.lock().insert(column_name.to_owned());
        }
        Authorization::Allow
    }))?;
    let sql = format!("SELECT 1 FROM \"{}\" WHERE ({expression})", table.replace('"', "\"\""));
    let prepared = connection.prepare(&sql).map(drop);
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    prepared?;
    let columns = seen.lock().clone();
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_expressions_are_found_whole() {
        let sql = "CREATE TABLE t (a INT CHECK (a > (1)), [CHECK] TEXT /* CHECK (x) */, CHECK (b <> 'it''s )' AND b IS NOT a))";
        assert_eq!(checks(sql), ["a>(1)", "b<>'it''s )' AND b IS NOT a"]);
    }
}
