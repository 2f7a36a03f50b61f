//! What SQLite computes from a row as it writes it: CHECK, generated columns, and what indexes are over.
//!
//! Any of these can fail (malformed JSON, an integer overflow), and then SQLite refuses the row. At the writer that is an error like any other.
//! A replica has to take the row, whose columns may be of several writers. So an expression may be over the key and one more
//! column, which are always from one writer, who had it computed; or over any of a row that wins as a whole. And members with another schema
//! have to have computed the same: [`Table::computed`] says what. An index whose expressions only compare can't fail, and may be over anything.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::constraints::part;
use super::ddl::{Problem, tokens, unsupported};
use crate::core::constraint::Collation;
use crate::core::schema::{Merge, Table};
use crate::error::SchemaProblem;

/// Generated columns that refer to each other, one by way of the next.
const DEPTH_MAX: usize = 64;

/// Refuses expressions that updates of different columns can break together, and notes those that replicas compute.
/// Whether there is a CHECK.
pub(super) fn read(connection: &mut Connection, tables: &mut [Table]) -> Result<bool, Problem> {
    let mut any = false;
    for table in tables {
        let sql = sql_of(connection, "table", &table.name)?;
        let generated = generated_columns(connection, table, &sql)?;
        for check in after(&sql, "CHECK") {
            any = true;
            let expression = Expression { what: format!("CHECK ({check})"), clause: format!("WHERE ({check})") };
            examine(connection, table, &generated, &expression)?;
        }
        let mut computed: Vec<Expression> = Vec::new();
        for (name, Generated { kind, expression }) in &generated {
            let what = format!("the generated column {name}{kind} AS ({})", without_case(expression));
            computed.push(Expression { what, clause: format!("WHERE ({expression})") });
        }
        computed.extend(of_indexes(connection, table)?);
        for expression in &computed {
            examine(connection, table, &generated, expression)?;
        }
        table.computed = computed.into_iter().map(|expression| expression.what).collect();
        table.computed.sort_unstable();
        table.computed.dedup();
    }
    Ok(any)
}

/// An expression over the columns of a table's row.
struct Expression {
    /// How it is called in errors.
    what: String,
    /// What makes SQLite read it, after `SELECT 1 FROM table`.
    clause: String,
}

fn sql_of(connection: &Connection, kind: &str, name: &str) -> Result<String, Problem> {
    let sql = "SELECT coalesce(sql, '') FROM sqlite_schema WHERE type = ?1 AND name = ?2";
    Ok(connection.query_row(sql, [kind, name], |row| row.get(0))?)
}

/// A generated column.
struct Generated {
    /// Its type with a space before it, if it has one: a STRICT table refuses other values.
    kind: String,
    expression: String,
}

/// A table's generated columns, by name in lower case.
fn generated_columns(connection: &Connection, table: &Table, sql: &str) -> Result<HashMap<String, Generated>, Problem> {
    let mut statement =
        connection.prepare("SELECT lower(name), iif(type = '', '', ' ' || upper(type)) FROM pragma_table_xinfo(?1) WHERE hidden IN (2, 3) ORDER BY cid")?;
    let names = statement.query_map([&table.name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let names = names.collect::<rusqlite::Result<Vec<(String, String)>>>()?;
    // Nothing but `GENERATED ALWAYS AS (…)` has a parenthesis after AS where there are no queries; they come in the columns' order.
    let expressions = after(sql, "AS");
    if names.len() != expressions.len() {
        return Err(unsupported(&table.name, "a generated column that is not understood"));
    }
    let columns = names.into_iter().zip(expressions);
    Ok(columns.map(|((name, kind), expression)| (name, Generated { kind, expression })).collect())
}

/// What the indexes of a table compute: expressions, and the WHERE of partial ones.
fn of_indexes(connection: &Connection, table: &Table) -> Result<Vec<Expression>, Problem> {
    let mut list = connection.prepare("SELECT name FROM pragma_index_list(?1) WHERE origin = 'c'")?;
    let indexes = list.query_map([&table.name], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    let mut found = Vec::new();
    for index in indexes {
        let sql = sql_of(connection, "index", &index)?;
        let (items, condition) = parts_of_index(&sql);
        let mut columns = connection.prepare("SELECT cid FROM pragma_index_xinfo(?1) WHERE \"key\" ORDER BY seqno")?;
        let columns = columns.query_map([&index], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
        if columns.len() != items.len() {
            return Err(unsupported(&table.name, "an index that is not understood"));
        }
        // -2 is an expression.
        let of_items = items.into_iter().zip(columns).filter(|(_, column)| *column == -2).map(|(item, _)| item);
        for item in of_items.filter(|item| !only_compares(item)) {
            let clause = format!("ORDER BY {item}");
            found.push(Expression { what: format!("an index over {}", without_case(&item)), clause });
        }
        if let Some(condition) = condition.filter(|condition| !only_compares(condition)) {
            let clause = format!("WHERE ({condition})");
            found.push(Expression { what: format!("an index WHERE {}", without_case(&condition)), clause });
        }
    }
    Ok(found)
}

fn examine(
    connection: &mut Connection,
    table: &Table,
    generated: &HashMap<String, Generated>,
    expression: &Expression,
) -> Result<(), Problem> {
    let mut columns = BTreeSet::new();
    let mut clauses = vec![expression.clause.clone()];
    for _ in 0..DEPTH_MAX {
        let mut next = Vec::new();
        for clause in clauses {
            for name in columns_of(connection, &table.name, &clause)? {
                match generated.get(&name) {
                    Some(inner) => next.push(format!("WHERE ({})", inner.expression)),
                    None => drop(columns.insert(name)),
                }
            }
        }
        next.sort_unstable();
        next.dedup();
        clauses = next;
    }
    if !clauses.is_empty() {
        return Err(unsupported(&table.name, "generated columns that refer to each other by way of too many"));
    }
    let (mut free, mut merged) = (0, false);
    for name in columns {
        let Some(part) = part(table, &name, Collation::Binary) else {
            return Err(unsupported(&table.name, "CHECK, an index or a generated column over rowid"));
        };
        let merge = part.column(table).map(|column| column.merge).unwrap_or_default();
        free += usize::from(!part.in_key);
        merged |= merge != Merge::Last;
        if merge == Merge::Counter {
            return Err(unsupported(&table.name, "CHECK, an index expression or a generated column over a counter"));
        }
    }
    if free > 1 && (!table.row_wise || merged) {
        let (table, expression) = (table.name.clone(), expression.what.clone());
        return Err(Problem::Schema(SchemaProblem::OverSeveralColumns { table, expression }));
    }
    Ok(())
}

/// Operators that are words, and may have a parenthesis after them without calling a function.
const OPERATORS: [&str; 8] = ["AND", "OR", "NOT", "IS", "IN", "BETWEEN", "FROM", "COLLATE"];
/// Operators that are words, and can fail: the pattern may be too long.
const PATTERNS: [&str; 4] = ["LIKE", "GLOB", "REGEXP", "MATCH"];

/// Whether an expression is made of columns, constants, comparisons and logic only: these never fail, whatever a row holds.
fn only_compares(expression: &str) -> bool {
    let tokens: Vec<_> = tokens(expression).collect();
    let is = |words: &[&str], token: &str| words.iter().any(|word| word.eq_ignore_ascii_case(token));
    tokens.iter().enumerate().all(|(at, token)| {
        let next = tokens.get(at + 1).copied().unwrap_or_default();
        let number_follows = next.starts_with(|c: char| c.is_ascii_digit());
        match token.chars().next() {
            Some('(' | ')' | ',' | '=' | '<' | '>' | '!') => true,
            Some('-' | '+' | '.') => number_follows,
            Some('\'' | '"' | '`' | '[') => next != "(",
            Some(c) if c.is_alphanumeric() || c == '_' => {
                !is(&PATTERNS, token) && (next != "(" || is(&OPERATORS, token))
            }
            _ => false,
        }
    })
}

/// The same for members that write it in other cases; what is in quotes stays as it is.
fn without_case(expression: &str) -> String {
    let quoted = |token: &str| token.starts_with(['\'', '"', '`', '[']);
    let tokens: Vec<_> = tokens(expression)
        .map(|token| if quoted(token) { token.to_owned() } else { token.to_ascii_lowercase() })
        .collect();
    join(&tokens.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The expressions in parentheses right after a keyword.
fn after(sql: &str, keyword: &str) -> Vec<String> {
    let mut tokens = tokens(sql).peekable();
    let mut found = Vec::new();
    while let Some(token) = tokens.next() {
        if token.eq_ignore_ascii_case(keyword) && tokens.next_if_eq(&"(").is_some() {
            found.push(join(&inside(&mut tokens)));
        }
    }
    found
}

/// The tokens up to the parenthesis that closes one that has been opened.
fn inside<'a>(tokens: &mut impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut depth = 1;
    let mut found = Vec::new();
    for token in tokens {
        depth += match token {
            "(" => 1,
            ")" => -1,
            _ => 0,
        };
        if depth == 0 {
            break;
        }
        found.push(token);
    }
    found
}

/// What `CREATE INDEX` lists, and its WHERE.
fn parts_of_index(sql: &str) -> (Vec<String>, Option<String>) {
    let mut tokens = tokens(sql);
    // Of the words before it only names can be in parentheses, and they are not.
    tokens.find(|token| *token == "(");
    let list = inside(&mut tokens);
    let (mut items, mut depth) = (vec![Vec::new()], 0);
    for token in list {
        depth += match token {
            "(" => 1,
            ")" => -1,
            _ => 0,
        };
        match items.last_mut() {
            Some(item) if token != "," || depth > 0 => item.push(token),
            _ => items.push(Vec::new()),
        }
    }
    let rest: Vec<_> = tokens.collect();
    let condition = rest.split_first().filter(|(word, _)| word.eq_ignore_ascii_case("WHERE"));
    (items.iter().map(|item| join(item)).collect(), condition.map(|(_, condition)| join(condition)))
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

/// The columns that an expression over a table's row reads, as SQLite understands it, in lower case.
fn columns_of(connection: &mut Connection, table: &str, clause: &str) -> Result<BTreeSet<String>, Problem> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let inside = Arc::clone(&seen);
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        if let AuthAction::Read { column_name, .. } = context.action
            && !column_name.is_empty()
        {
            inside.lock().insert(column_name.to_ascii_lowercase());
        }
        Authorization::Allow
    }))?;
    let sql = format!("SELECT 1 FROM \"{}\" {clause}", table.replace('"', "\"\""));
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
    fn what_only_compares_can_not_fail() {
        for sound in [
            "state='ready' AND worker IS NULL",
            "hits>0",
            "NOT (a IN(1,-2,3.5) OR \"b c\" BETWEEN 'x' AND 'y')",
            "a IS NOT DISTINCT FROM b COLLATE NOCASE",
            "a!=1e-5 AND b<=x'00'",
        ] {
            assert!(only_compares(sound), "{sound}");
        }
        for unsound in [
            "abs(a)>0",
            "\"abs\"(a)",
            "a->'x'=1",
            "a||b='x'",
            "a LIKE 'x%'",
            "a+b>1",
            "-a>1",
            "~a=1",
            "CAST(a AS INT)=1",
            "a>(abs (b))",
        ] {
            assert!(!only_compares(unsound), "{unsound}");
        }
        assert_eq!(without_case("UPPER(\"A\")||'X' COLLATE NoCase"), "upper(\"A\")||'X' collate nocase");
    }

    #[test]
    fn expressions_are_found_whole() {
        let sql = "CREATE TABLE t (a INT CHECK (a > (1)), [CHECK] TEXT /* CHECK (x) */, CHECK (b <> 'it''s )' AND b IS NOT a),
            g AS (CAST(a AS TEXT) || 'AS (b)'), \"AS\" INT, h GENERATED ALWAYS AS((a)+1) STORED)";
        assert_eq!(after(sql, "CHECK"), ["a>(1)", "b<>'it''s )' AND b IS NOT a"]);
        assert_eq!(after(sql, "AS"), ["CAST(a AS TEXT)||'AS (b)'", "(a)+1"]);
        let sql = "CREATE INDEX \"a (\" ON t (a, max(b, 2) COLLATE NOCASE DESC, \"c,\") WHERE a > 1 AND b IN (1, 2)";
        let (items, condition) = parts_of_index(sql);
        assert_eq!(items, ["a", "max(b,2)COLLATE NOCASE DESC", "\"c,\""]);
        assert_eq!(condition.as_deref(), Some("a>1 AND b IN(1,2)"));
    }
}
