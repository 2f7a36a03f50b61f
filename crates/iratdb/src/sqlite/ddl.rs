//! Runs the declared schema and reads back what it made, refusing what can't be replicated.

use rusqlite::{Connection, OptionalExtension};

use super::guard::LOCAL_PREFIX;
use crate::core::schema::{COLUMNS_MAX, Column, KEY_COLUMNS_MAX, Schema, Storage, TABLES_MAX, Table};
use crate::error::SchemaProblem;
use crate::options::Options;

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

/// Runs the steps and describes the replicated tables.
pub(super) fn create(connection: &Connection, options: &Options) -> Result<Schema, Problem> {
    for step in &options.schema {
        connection.execute_batch(step)?;
    }
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
        let owned = options.tables.get(&name).is_some_and(|options| options.owned);
        tables.push(describe(connection, name, strict, without_rowid, owned)?);
    }
    let too_many = |what: &str, count, count_max| {
        Problem::Schema(SchemaProblem::TooMany { what: what.to_owned(), count, count_max })
    };
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
    Ok(Schema::new(tables))
}

fn unsupported(table: &str, feature: &'static str) -> Problem {
    Problem::Schema(SchemaProblem::Unsupported { table: table.to_owned(), feature })
}

struct RawColumn {
    name: String,
    declared: String,
    not_null: bool,
    key_position: i64,
    hidden: bool,
}

fn describe(
    connection: &Connection,
    name: String,
    strict: bool,
    without_rowid: bool,
    owned: bool,
) -> Result<Table, Problem> {
    refuse_what_can_clash(connection, &name)?;
    let mut statement =
        connection.prepare("SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1) ORDER BY cid")?;
    let columns = statement.query_map([&name], |row| {
        Ok(RawColumn {
            name: row.get(0)?,
            declared: row.get::<_, String>(1)?.to_ascii_uppercase(),
            not_null: row.get(2)?,
            key_position: row.get(3)?,
            hidden: row.get::<_, i64>(4)? != 0,
        })
    })?;
    let raw: Vec<RawColumn> = columns.collect::<rusqlite::Result<_>>()?;
    if raw.iter().any(|column| column.hidden) {
        return Err(unsupported(&name, "a generated column"));
    }
    let key_columns = raw.iter().filter(|column| column.key_position > 0).count();
    if key_columns == 0 {
        return Err(Problem::Schema(SchemaProblem::NoPrimaryKey(name)));
    }
    let rowid_alias = key_columns == 1 && !without_rowid && !has_key_index(connection, &name)?;
    let mut key = Vec::new();
    let mut columns = Vec::new();
    for (position, column) in raw.into_iter().enumerate() {
        let in_key = column.key_position > 0;
        if in_key && !column.not_null && !rowid_alias && !without_rowid {
            return Err(Problem::Schema(SchemaProblem::NullablePrimaryKey(name, column.name)));
        }
        let storage = if in_key && rowid_alias { Storage::IntegerOnly } else { storage(&column.declared, strict) };
        let described = Column { name: column.name, position, not_null: column.not_null || in_key, storage };
        if in_key {
            key.push((column.key_position, described));
        } else {
            columns.push(described);
        }
    }
    key.sort_by_key(|(position, _)| *position);
    Ok(Table { name, key: key.into_iter().map(|(_, column)| column).collect(), columns, owned })
}

/// The primary key's own index, if it has one; its collation must be the one keys are compared by.
fn has_key_index(connection: &Connection, table: &str) -> Result<bool, Problem> {
    let index: Option<String> = connection
        .query_row("SELECT name FROM pragma_index_list(?1) WHERE origin = 'pk'", [table], |row| row.get(0))
        .optional()?;
    Ok(index.is_some())
}

fn refuse_what_can_clash(connection: &Connection, table: &str) -> Result<(), Problem> {
    let exists = |sql: &str| connection.query_row(sql, [table], |row| row.get::<_, bool>(0));
    if exists("SELECT count(*) > 0 FROM pragma_index_list(?1) WHERE \"unique\" AND origin <> 'pk'")? {
        return Err(unsupported(table, "UNIQUE beside the primary key"));
    }
    if exists("SELECT count(*) > 0 FROM pragma_foreign_key_list(?1)")? {
        return Err(unsupported(table, "FOREIGN KEY"));
    }
    if exists("SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'trigger' AND lower(tbl_name) = lower(?1)")? {
        return Err(unsupported(table, "a trigger"));
    }
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
    for word in bare_words(&sql) {
        if word.eq_ignore_ascii_case("CHECK") {
            return Err(unsupported(table, "CHECK"));
        }
        if word.eq_ignore_ascii_case("AUTOINCREMENT") {
            return Err(unsupported(table, "AUTOINCREMENT"));
        }
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

/// The words of a statement that are neither quoted nor in comments.
fn bare_words(sql: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        match (c, chars.peek()) {
            ('\'' | '"' | '`', _) => drop(chars.by_ref().find(|end| *end == c)),
            ('[', _) => drop(chars.by_ref().find(|end| *end == ']')),
            ('-', Some('-')) => drop(chars.by_ref().find(|end| *end == '\n')),
            ('/', Some('*')) => {
                chars.next();
                let mut last = ' ';
                for c in chars.by_ref() {
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            _ => {}
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_quotes_and_comments_are_no_keywords() {
        let sql = "CREATE TABLE t (\"check\" TEXT DEFAULT 'it''s CHECK', [check] INT, -- CHECK\n a /* CHECK */ INT)";
        assert!(!bare_words(sql).iter().any(|word| word.eq_ignore_ascii_case("check")));
        assert!(bare_words("a INT CHECK(a > 0)").contains(&"CHECK".to_owned()));
    }

    #[test]
    fn affinity_follows_sqlites_rules() {
        assert_eq!(storage("DOUBLE PRECISION", false), Storage::Real);
        assert_eq!(storage("FLOATING POINT", false), Storage::Any, "INT wins");
        assert_eq!(storage("REAL", true), Storage::RealOnly);
        assert_eq!(storage("", false), Storage::Any);
    }
}
