//! What columns have in rows of members that don't know them: the DEFAULT, evaluated once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::rows::from_sqlite;
use crate::core::value::{Value, ValueRef};

/// A column as it is declared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declared<'a> {
    /// Its type.
    pub(super) kind: &'a str,
    pub(super) not_null: bool,
    /// The expression of its DEFAULT.
    pub(super) default: Option<&'a str>,
    /// Whether its table is STRICT.
    pub(super) strict: bool,
}

/// What a column has if nothing is said of it, as its table stores it; `None` if that is not the same at all times, or not allowed.
pub(super) fn default_of(column: Declared<'_>) -> rusqlite::Result<Option<Value>> {
    let value = match column.default {
        None => Some(Value::Null),
        // In a database of its own: whatever the expression says, it touches nothing.
        Some(default) => evaluate(&mut Connection::open_in_memory()?, column, default)?,
    };
    Ok(value.filter(|value| !(column.not_null && value.is_null())))
}

fn evaluate(scratch: &mut Connection, column: Declared<'_>, default: &str) -> rusqlite::Result<Option<Value>> {
    let Declared { kind, strict, .. } = column;
    let strict = if strict { " STRICT" } else { "" };
    // What the pragma gives may have lost its parentheses. A type of several words needs no quotes, and would change with them.
    let table = format!("CREATE TABLE t (c {kind} DEFAULT ({default})){strict}");
    if scratch.execute_batch(&table).is_err() {
        return Ok(None);
    }
    // CURRENT_TIMESTAMP is a function, too.
    let calls = Arc::new(AtomicBool::new(false));
    let inside = Arc::clone(&calls);
    scratch.authorizer(Some(move |context: AuthContext<'_>| {
        if matches!(context.action, AuthAction::Function { .. }) {
            inside.store(true, Ordering::Relaxed);
        }
        Authorization::Allow
    }))?;
    let inserted = scratch.execute("INSERT INTO t DEFAULT VALUES", ());
    scratch.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    if calls.load(Ordering::Relaxed) || inserted.is_err() {
        return Ok(None);
    }
    scratch.query_row("SELECT c FROM t", (), |row| Ok(Some(ValueRef::to_value(from_sqlite(row.get_ref(0)?)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: &str, not_null: bool, default: Option<&str>, strict: bool) -> Option<Value> {
        default_of(Declared { kind, not_null, default, strict }).unwrap()
    }

    #[test]
    fn a_default_is_what_the_column_stores() {
        assert_eq!(of("TEXT", false, None, false), Some(Value::Null));
        assert_eq!(of("TEXT", true, None, false), None);
        assert_eq!(of("TEXT", true, Some("'it''s'"), false), Some(Value::from("it's")));
        assert_eq!(of("TEXT", false, Some("5"), false), Some(Value::from("5")), "as TEXT");
        assert_eq!(of("REAL", false, Some("-5"), true), Some(Value::Real(-5.0)), "as REAL");
        assert_eq!(of("INTEGER", true, Some("1 + 2"), false), Some(Value::Integer(3)));
        assert_eq!(of("BLOB", false, Some("x'0102'"), false), Some(Value::Blob([1, 2].into())));
        assert_eq!(of("", false, Some("TRUE"), false), Some(Value::Integer(1)));
        assert_eq!(of("VARCHAR(20)", false, Some("NULL"), false), Some(Value::Null));
    }

    #[test]
    fn what_is_not_constant_or_not_allowed_is_none() {
        for default in ["CURRENT_TIMESTAMP", "random()", "1 + abs(random())", "datetime('now')"] {
            assert_eq!(of("TEXT", false, Some(default), false), None, "{default}");
        }
        assert_eq!(of("INTEGER", true, Some("NULL"), false), None);
        assert_eq!(of("INTEGER", false, Some("'no number'"), true), None, "STRICT refuses it");
    }
}
