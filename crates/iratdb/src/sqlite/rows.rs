//! The engine's access to rows.

use std::collections::HashMap;

use rusqlite::types::{ToSqlOutput, ValueRef as SqliteValue};
use rusqlite::{OptionalExtension, Statement, ToSql};

use super::{LocalDb, failed};
use crate::core::constraint::Part;
use crate::core::key::{Key, key_values, put_key_value};
use crate::core::schema::{Column, Schema, Table};
use crate::core::store::{Lookup, Store, StoreError};
use crate::core::value::{Value, ValueRef};

/// Texts of UPDATE statements kept, one for each set of columns.
const UPDATES_MAX: usize = 1024;

/// The texts of the statements on each table.
#[derive(Debug)]
pub(super) struct Statements {
    tables: Vec<TableStatements>,
    updates: HashMap<(usize, Vec<u8>), String>,
    uniques: Vec<(usize, String)>,
    references: Vec<(usize, String)>,
}

#[derive(Debug)]
struct TableStatements {
    put: String,
    delete: String,
    row: String,
    all: String,
    prefix: String,
    filter: String,
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| quote(&column.name)).collect()
}

impl Statements {
    pub(super) fn new(schema: &Schema) -> Self {
        let tables = schema.tables.iter().map(|table| {
            let name = quote(&table.name);
            let (key, columns) = (names(&table.key), names(&table.columns));
            let all = [key.clone(), columns.clone()].concat();
            let marks = vec!["?"; all.len()].join(",");
            let filter = key.iter().map(|column| format!("{column}=?")).collect::<Vec<_>>().join(" AND ");
            // REPLACE would delete other rows that are UNIQUE in the same way, too: there must be none.
            let over: Vec<_> = columns.iter().map(|column| format!("{column}=excluded.{column}")).collect();
            let put = if !table.links.constrained {
                format!("INSERT OR REPLACE INTO {name} ({}) VALUES ({marks})", all.join(","))
            } else if over.is_empty() {
                format!(
                    "INSERT INTO {name} ({}) VALUES ({marks}) ON CONFLICT ({}) DO NOTHING",
                    all.join(","),
                    key.join(",")
                )
            } else {
                let (all, key, over) = (all.join(","), key.join(","), over.join(","));
                format!("INSERT INTO {name} ({all}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {over}")
            };
            // A table may have no columns but its key; a row is then there or not.
            let shown = if columns.is_empty() { "1".to_owned() } else { columns.join(",") };
            TableStatements {
                put,
                delete: format!("DELETE FROM {name} WHERE {filter}"),
                row: format!("SELECT {shown} FROM {name} WHERE {filter}"),
                all: format!("SELECT {} FROM {name}", all.join(",")),
                prefix: format!("UPDATE {name} SET "),
                filter: format!(" WHERE {filter}"),
            }
        });
        let lookup = |table: usize, parts: &[Part]| {
            let Some(definition) = schema.tables.get(table) else { return (table, String::new()) };
            let columns = parts.iter().filter_map(|part| Some((part, part.column(definition)?)));
            let filter =
                columns.map(|(part, column)| format!("{}=? COLLATE {}", quote(&column.name), part.collation.name()));
            let filter = filter.collect::<Vec<_>>().join(" AND ");
            let (name, key) = (quote(&definition.name), names(&definition.key).join(","));
            (table, format!("SELECT {key} FROM {name} WHERE {filter}"))
        };
        Self {
            tables: tables.collect(),
            updates: HashMap::new(),
            uniques: schema.uniques.iter().map(|unique| lookup(unique.table, &unique.parts)).collect(),
            references: schema.references.iter().map(|of| lookup(of.table, &of.parts)).collect(),
        }
    }

    pub(super) fn all(&self, index: usize) -> &str {
        self.tables.get(index).map_or("", |table| &table.all)
    }

    fn update(&mut self, table: &Table, index: usize, columns: &[(u8, ValueRef<'_>)]) -> &str {
        let set: Vec<u8> = columns.iter().map(|(column, _)| *column).collect();
        if self.updates.len() >= UPDATES_MAX && !self.updates.contains_key(&(index, set.clone())) {
            self.updates.clear();
        }
        let statements = self.tables.get(index);
        self.updates.entry((index, set)).or_insert_with_key(|(_, set)| {
            let names = set.iter().filter_map(|column| table.columns.get(usize::from(*column)));
            let assignments: Vec<_> = names.map(|column| format!("{}=?", quote(&column.name))).collect();
            let (prefix, filter) = statements.map_or(("", ""), |s| (&s.prefix, &s.filter));
            format!("{prefix}{}{filter}", assignments.join(","))
        })
    }
}

impl ToSql for ValueRef<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(to_sqlite(*self)))
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(to_sqlite(self.as_ref())))
    }
}

fn to_sqlite(value: ValueRef<'_>) -> SqliteValue<'_> {
    match value {
        ValueRef::Null => SqliteValue::Null,
        ValueRef::Integer(i) => SqliteValue::Integer(i),
        ValueRef::Real(r) => SqliteValue::Real(r),
        ValueRef::Text(bytes) => SqliteValue::Text(bytes),
        ValueRef::Blob(bytes) => SqliteValue::Blob(bytes),
    }
}

pub(super) fn from_sqlite(value: SqliteValue<'_>) -> ValueRef<'_> {
    match value {
        SqliteValue::Null => ValueRef::Null,
        SqliteValue::Integer(i) => ValueRef::Integer(i),
        SqliteValue::Real(r) => ValueRef::Real(r),
        SqliteValue::Text(bytes) => ValueRef::Text(bytes),
        SqliteValue::Blob(bytes) => ValueRef::Blob(bytes),
    }
}

/// Binds values from this parameter on; gives the number of the next.
fn bind<'a>(
    statement: &mut Statement<'_>,
    first: usize,
    values: impl Iterator<Item = ValueRef<'a>>,
) -> rusqlite::Result<usize> {
    let mut next = first;
    for value in values {
        statement.raw_bind_parameter(next, value)?;
        next += 1;
    }
    Ok(next)
}

impl LocalDb {
    /// Reads a row's columns beside the key.
    pub(crate) fn read_row(&self, table: &Table, index: usize, key: &[u8]) -> Result<Option<Vec<Value>>, StoreError> {
        let Some(statements) = self.statements.tables.get(index) else { return Ok(None) };
        let read = || -> rusqlite::Result<Option<Vec<Value>>> {
            let mut statement = self.connection.prepare_cached(&statements.row)?;
            bind(&mut statement, 1, key_values(table, key))?;
            let mut rows = statement.raw_query();
            let Some(row) = rows.next()? else { return Ok(None) };
            let values = (0..table.columns.len()).map(|i| Ok(from_sqlite(row.get_ref(i)?).to_value()));
            values.collect::<rusqlite::Result<Vec<_>>>().map(Some)
        };
        read().optional().map(Option::flatten).map_err(failed)
    }
}

impl LocalDb {
    /// Writes columns of a row that is there, in the transaction that is open.
    pub(super) fn write_columns(
        &mut self,
        table: &Table,
        index: usize,
        key: &[u8],
        columns: &[(u8, ValueRef<'_>)],
    ) -> Result<(), StoreError> {
        let sql = self.statements.update(table, index, columns);
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let mut write = || {
            let next = bind(&mut statement, 1, columns.iter().map(|(_, value)| *value))?;
            bind(&mut statement, next, key_values(table, key))?;
            statement.raw_execute()
        };
        match write().map_err(failed)? {
            1 => Ok(()),
            rows => Err(StoreError(format!("an update of table {} found {rows} rows", table.name))),
        }
    }
}

impl Store for LocalDb {
    fn put(&mut self, table: &Table, index: usize, key: &[u8], values: &[ValueRef<'_>]) -> Result<(), StoreError> {
        self.start_apply()?;
        let Some(statements) = self.statements.tables.get(index) else { return Ok(()) };
        let write = || {
            let mut statement = self.connection.prepare_cached(&statements.put)?;
            let next = bind(&mut statement, 1, key_values(table, key))?;
            bind(&mut statement, next, values.iter().copied())?;
            statement.raw_execute()
        };
        write().map(drop).map_err(failed)
    }

    fn set(
        &mut self,
        table: &Table,
        index: usize,
        key: &[u8],
        columns: &[(u8, ValueRef<'_>)],
    ) -> Result<(), StoreError> {
        self.start_apply()?;
        self.write_columns(table, index, key, columns)
    }

    fn delete(&mut self, table: &Table, index: usize, key: &[u8]) -> Result<(), StoreError> {
        self.start_apply()?;
        let Some(statements) = self.statements.tables.get(index) else { return Ok(()) };
        let write = || {
            let mut statement = self.connection.prepare_cached(&statements.delete)?;
            bind(&mut statement, 1, key_values(table, key))?;
            statement.raw_execute()
        };
        match write().map_err(failed)? {
            1 => Ok(()),
            rows => Err(StoreError(format!("a delete from table {} found {rows} rows", table.name))),
        }
    }

    fn row(&mut self, table: &Table, index: usize, key: &[u8]) -> Result<Option<Vec<Value>>, StoreError> {
        self.read_row(table, index, key)
    }

    fn find(&mut self, lookup: Lookup, values: &[ValueRef<'_>]) -> Result<Vec<Key>, StoreError> {
        let found = match lookup {
            Lookup::Unique(number) => self.statements.uniques.get(number),
            Lookup::Reference(number) => self.statements.references.get(number),
        };
        let Some((table, sql)) = found else { return Ok(Vec::new()) };
        let columns = self.schema.tables.get(*table).map_or(0, |table| table.key.len());
        let read = || -> rusqlite::Result<Vec<Key>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            bind(&mut statement, 1, values.iter().copied())?;
            let mut rows = statement.raw_query();
            let mut keys = Vec::new();
            while let Some(row) = rows.next()? {
                let mut key = Vec::new();
                for column in 0..columns {
                    put_key_value(&mut key, from_sqlite(row.get_ref(column)?));
                }
                keys.push(key.into_boxed_slice());
            }
            Ok(keys)
        };
        read().map_err(failed)
    }
}
