//! Runs the declared schema and reads back what it made, refusing what can't be replicated.

use rusqlite::{Connection, OptionalExtension};

use super::constraints;
use super::defaults::{Declared, default_of};
use super::expressions;
use super::guard::LOCAL_PREFIX;
use crate::core::schema::{Affinity, COLUMNS_MAX, Column, KEY_COLUMNS_MAX, Merge, Schema, Storage, TABLES_MAX, Table};
use crate::core::version::{CONSTRAINTS_MAX, DESCRIPTION_BYTES_MAX};
use crate::error::SchemaProblem;
use crate::options::{Lww, Options, TableOptions};

/// A schema that can't be replicated, or SQL that SQLite refused.
#[derive(Debug)]
pub(super) enum Problem {
    Sqlite(rusqlite::Error),
    Schema(SchemaProblem),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Runs the steps and describes the replicated tables; and whether there is something that only local writes obey.
pub(super) fn create(connection: &mut Connection, options: &Options) -> Result<(Schema, bool), Problem> {
    for step in &options.schema {
        connection.execute_batch(step)?;
    }
    let mut tables = described(connection, options)?;
    let checked = expressions::read(connection, &mut tables)?;
    let uniques = constraints::uniques(connection, &tables)?;
    let references = constraints::references(connection, &tables, &uniques)?;
    let fires: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'trigger')
         OR EXISTS (SELECT 1 FROM pragma_table_list AS t, pragma_foreign_key_list(t.name) WHERE t.schema = 'main')",
        (),
        |row| row.get(0),
    )?;
    for (what, count) in [("UNIQUE constraints", uniques.len()), ("foreign keys", references.len())] {
        if count > CONSTRAINTS_MAX {
            return Err(too_many(what, count, CONSTRAINTS_MAX));
        }
    }
    let schema = Schema::with_constraints(options.schema_version, tables, uniques, references);
    let bytes = schema.description.len();
    if bytes > DESCRIPTION_BYTES_MAX {
        return Err(too_many("bytes that describe the schema to other members", bytes, DESCRIPTION_BYTES_MAX));
    }
    Ok((schema, checked || fires))
}

fn described(connection: &Connection, options: &Options) -> Result<Vec<Table>, Problem> {
    let mut statement = connection.prepare(
        "SELECT name, type, strict, wr FROM pragma_table_list WHERE schema = 'main' AND type <> 'view' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let found = statement.query_map((), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?, row.get::<_, bool>(3)?))
    })?;
    let mut tables = Vec::new();
    for table in found {
        let (name, kind, strict, without_rowid) = table?;
        if name.to_ascii_lowercase().starts_with(LOCAL_PREFIX) {
            continue;
        }
        if kind != "table" {
            return Err(unsupported(&name, "a virtual table"));
        }
        let default = TableOptions::default();
        let options = options.tables.get(&name).unwrap_or(&default);
        tables.push(describe(connection, name, strict, without_rowid, options)?);
    }
    if tables.len() > TABLES_MAX {
        return Err(too_many("tables", tables.len(), TABLES_MAX));
    }
    for table in &tables {
        if table.columns.len() > COLUMNS_MAX {
            return Err(too_many(&format!("columns of table {}", table.name), table.columns.len(), COLUMNS_MAX));
        }
        if table.key.len() > KEY_COLUMNS_MAX {
            return Err(too_many(&format!("key columns of table {}", table.name), table.key.len(), KEY_COLUMNS_MAX));
        }
    }
    if let Some(name) = options.tables.keys().find(|name| !tables.iter().any(|table| table.name == **name)) {
        return Err(Problem::Schema(SchemaProblem::NoSuchTable(name.clone())));
    }
    Ok(tables)
}

fn too_many(what: &str, count: usize, count_max: usize) -> Problem {
    Problem::Schema(SchemaProblem::TooMany { what: what.to_owned(), count, count_max })
}

pub(super) fn unsupported(table: &str, feature: &'static str) -> Problem {
    Problem::Schema(SchemaProblem::Unsupported { table: table.to_owned(), feature })
}

struct RawColumn {
    name: String,
    declared: String,
    not_null: bool,
    key_position: i64,
    generated: bool,
    default: Option<String>,
}

fn describe(
    connection: &Connection,
    name: String,
    strict: bool,
    without_rowid: bool,
    options: &TableOptions,
) -> Result<Table, Problem> {
    refuse_what_does_not_work(connection, &name)?;
    let mut statement = connection
        .prepare("SELECT name, type, \"notnull\", pk, hidden, dflt_value FROM pragma_table_xinfo(?1) ORDER BY cid")?;
    let columns = statement.query_map([&name], |row| {
        Ok(RawColumn {
            name: row.get(0)?,
            declared: row.get::<_, String>(1)?.to_ascii_uppercase(),
            not_null: row.get(2)?,
            key_position: row.get(3)?,
            generated: row.get::<_, i64>(4)? != 0,
            default: row.get(5)?,
        })
    })?;
    let raw: Vec<RawColumn> = columns.collect::<rusqlite::Result<_>>()?;
    let key_columns = raw.iter().filter(|column| column.key_position > 0).count();
    if key_columns == 0 {
        return Err(Problem::Schema(SchemaProblem::NoPrimaryKey(name)));
    }
    let rowid_alias = key_columns == 1 && !without_rowid && !has_key_index(connection, &name)?;
    let mut key = Vec::new();
    let mut columns = Vec::new();
    for (position, column) in raw.into_iter().enumerate() {
        if column.generated {
            // Every replica computes it from the others, which may be of several processes: none of them knows all.
            if column.not_null {
                return Err(unsupported(&name, "NOT NULL on a generated column"));
            }
            continue;
        }
        let in_key = column.key_position > 0;
        if in_key && !column.not_null && !rowid_alias && !without_rowid {
            return Err(Problem::Schema(SchemaProblem::NullablePrimaryKey(name, column.name)));
        }
        let mut storage = if in_key && rowid_alias { Storage::IntegerOnly } else { storage(&column.declared, strict) };
        let affinity = affinity(&column.declared, strict);
        let merge = options.merges.get(&column.name).copied().unwrap_or_default();
        if merge != Merge::Last {
            storage = merged_storage(&name, &column, merge, options)?;
        }
        let not_null = column.not_null || in_key;
        let RawColumn { name, declared: kind, default, .. } = &column;
        let declared = Declared { kind, not_null, default: default.as_deref(), strict };
        let default = if in_key { None } else { default_of(declared)? };
        let described = Column { name: name.clone(), position, not_null, storage, affinity, merge, default };
        if in_key {
            key.push((column.key_position, described));
        } else {
            columns.push(described);
        }
    }
    key.sort_by_key(|(position, _)| *position);
    let key: Vec<Column> = key.into_iter().map(|(_, column)| column).collect();
    if let Some(column) = options.merges.keys().find(|name| !columns.iter().any(|column| column.name == **name)) {
        return Err(Problem::Schema(SchemaProblem::MergedColumn {
            table: name,
            column: column.clone(),
            reason: "the table has no such column beside its primary key",
        }));
    }
    let row_wise = options.lww == Lww::Row;
    Ok(Table { name, key, columns, owned: options.owned, row_wise, ..Table::default() })
}

/// What a counter, max or min column takes.
fn merged_storage(table: &str, column: &RawColumn, merge: Merge, options: &TableOptions) -> Result<Storage, Problem> {
    let problem = |reason| {
        Err(Problem::Schema(SchemaProblem::MergedColumn {
            table: table.to_owned(),
            column: column.name.clone(),
            reason,
        }))
    };
    match column.declared.as_str() {
        _ if column.key_position > 0 => problem("the table has no such column beside its primary key"),
        _ if merge == Merge::Counter && options.owned => problem("an owned row has one writer: it needs no counter"),
        _ if !column.not_null => problem("a counter, max or min column must be declared NOT NULL"),
        "INTEGER" | "INT" => Ok(Storage::IntegerOnly),
        "REAL" if merge != Merge::Counter => Ok(Storage::RealOnly),
        _ if merge == Merge::Counter => problem("a counter column must be declared INTEGER"),
        _ => problem("a max or min column must be declared INTEGER or REAL"),
    }
}

/// The primary key's own index, if it has one; its collation must be the one keys are compared by.
fn has_key_index(connection: &Connection, table: &str) -> Result<bool, Problem> {
    let index: Option<String> = connection
        .query_row("SELECT name FROM pragma_index_list(?1) WHERE origin = 'pk'", [table], |row| row.get(0))
        .optional()?;
    Ok(index.is_some())
}

fn refuse_what_does_not_work(connection: &Connection, table: &str) -> Result<(), Problem> {
    let collation: Option<String> = connection
        .query_row(
            "SELECT x.coll FROM pragma_index_list(?1) AS l, pragma_index_xinfo(l.name) AS x
             WHERE l.origin = 'pk' AND x.key AND x.coll <> 'BINARY'",
            [table],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(collation) = collation {
        return Err(Problem::Schema(SchemaProblem::KeyCollation(table.to_owned(), collation)));
    }
    let sql: String =
        connection
            .query_row("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1", [table], |row| row.get(0))?;
    if bare_words(&sql).iter().any(|word| word.eq_ignore_ascii_case("AUTOINCREMENT")) {
        // It promises keys that no row has had before, which processes can't keep for each other.
        return Err(unsupported(table, "AUTOINCREMENT"));
    }
    let quoted = table.replace('"', "\"\"");
    let filled: bool =
        connection.query_row(&format!("SELECT EXISTS (SELECT 1 FROM \"{quoted}\")"), (), |row| row.get(0))?;
    if filled { Err(unsupported(table, "rows in the schema")) } else { Ok(()) }
}

/// How a column stores values, by its declared type (the rules of SQLite's column affinity).
fn storage(declared: &str, strict: bool) -> Storage {
    if strict {
        return match declared {
            "INT" | "INTEGER" => Storage::IntegerOnly,
            "REAL" => Storage::RealOnly,
            "TEXT" => Storage::TextOnly,
            "BLOB" => Storage::BlobOnly,
            _ => Storage::Any,
        };
    }
    let has = |part: &str| declared.contains(part);
    let not_real = has("INT") || has("CHAR") || has("CLOB") || has("TEXT") || has("BLOB");
    if !not_real && (has("REAL") || has("FLOA") || has("DOUB")) { Storage::Real } else { Storage::Any }
}

/// A column's affinity, by its declared type.
fn affinity(declared: &str, strict: bool) -> Affinity {
    let has = |part: &str| declared.contains(part);
    if has("INT") {
        Affinity::Numeric
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Affinity::Text
    } else if has("BLOB") || declared.is_empty() || (strict && declared == "ANY") {
        Affinity::Blob
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// The words of a statement that are neither quoted nor in comments.
fn bare_words(sql: &str) -> Vec<&str> {
    tokens(sql).filter(|token| token.chars().all(|c| c.is_alphanumeric() || c == '_')).collect()
}

/// A statement's words, quoted texts and other characters, without comments and spaces.
pub(super) fn tokens(sql: &str) -> impl Iterator<Item = &str> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        loop {
            let first = rest.chars().next()?;
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let after = |end: Option<usize>, text: &str| end.unwrap_or(text.len());
            let body = rest.get(first.len_utf8()..).unwrap_or_default();
            let (length, token) = match first {
                '\'' | '"' | '`' => (1 + after(body.find(first).map(|at| at + 1), body), true),
                '[' => (1 + after(body.find(']').map(|at| at + 1), body), true),
                _ if rest.starts_with("--") => (after(rest.find('\n'), rest), false),
                _ if rest.starts_with("/*") => (2 + after(body.find("*/"), body) + 1, false),
                _ if word(first) => (after(rest.find(|c| !word(c)), rest), true),
                _ => (first.len_utf8(), !first.is_whitespace()),
            };
            let (found, more) = rest.split_at_checked(length).unwrap_or((rest, ""));
            rest = more;
            if token {
                return Some(found);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_quotes_and_comments_are_no_keywords() {
        let sql = "CREATE TABLE t (\"check\" TEXT DEFAULT 'it''s CHECK', [check] INT, -- CHECK\n a /* CHECK */ INT)";
        assert!(!bare_words(sql).iter().any(|word| word.eq_ignore_ascii_case("check")), "{:?}", bare_words(sql));
        assert!(bare_words("a INT CHECK(a > 0)").contains(&"CHECK"));
    }

    #[test]
    fn affinity_follows_sqlites_rules() {
        assert_eq!(storage("DOUBLE PRECISION", false), Storage::Real);
        assert_eq!(storage("FLOATING POINT", false), Storage::Any, "INT wins");
        assert_eq!(storage("REAL", true), Storage::RealOnly);
        assert_eq!(storage("", false), Storage::Any);
    }
}
