//! Rows and columns, for people (aligned), for programs (JSON) and for spreadsheets (CSV, RFC 4180).

use std::fmt::Write;

use serde_json::{Map, Value};

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Style {
    #[default]
    Text,
    Json,
    Csv,
}

/// Rows and columns.
#[derive(Debug, Default)]
pub(crate) struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Table {
    pub(crate) fn new<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        self.rows.push(row.into_iter().collect());
    }

    pub(crate) fn rows(&self) -> &[Vec<Value>] {
        &self.rows
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn render(&self, style: Style) -> String {
        match style {
            Style::Text => self.text(),
            Style::Json => self.json(),
            Style::Csv => self.csv(),
        }
    }

    fn json(&self) -> String {
        let objects: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let fields = self.columns.iter().cloned().zip(row.iter().cloned());
                Value::Object(fields.collect::<Map<_, _>>())
            })
            .collect();
        // Values of a database: there is nothing in them that JSON cannot hold.
        serde_json::to_string_pretty(&objects).unwrap_or_default()
    }

    fn text(&self) -> String {
        let cells: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(|value| printable(&plain(value))).collect()).collect();
        let mut widths: Vec<usize> = self.columns.iter().map(|name| name.chars().count()).collect();
        for row in &cells {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut out = String::new();
        let mut push = |row: &[String], numeric: &dyn Fn(usize) -> bool| {
            let mut line = String::new();
            for (at, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                let gap = if at == 0 { "" } else { "  " };
                // Writing to a string cannot fail.
                if numeric(at) {
                    write!(line, "{gap}{cell:>width$}").unwrap_or_default();
                } else {
                    write!(line, "{gap}{cell:<width$}").unwrap_or_default();
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        };
        let numeric = |at: usize| {
            !self.rows.is_empty() && self.rows.iter().all(|row| row.get(at).is_some_and(|cell| cell.is_number()))
        };
        let head: Vec<String> = self.columns.iter().map(|name| name.to_uppercase()).collect();
        push(&head, &numeric);
        for row in &cells {
            push(row, &numeric);
        }
        out.truncate(out.trim_end_matches('\n').len());
        out
    }

    fn csv(&self) -> String {
        let record = |cells: &mut dyn Iterator<Item = String>| cells.map(quoted).collect::<Vec<_>>().join(",");
        let mut lines = vec![record(&mut self.columns.iter().cloned())];
        lines.extend(self.rows.iter().map(|row| record(&mut row.iter().map(plain))));
        lines.join("\r\n")
    }
}

/// A value without JSON's quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What the far end of a call has put into a header must not steer the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn quoted(cell: String) -> String {
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["node", "calls"]);
        table.push([json!("sw1"), json!(7)]);
        table.push([json!("a \"b\", c"), json!(120)]);
        table
    }

    #[test]
    fn text_is_aligned() {
        assert_eq!(table().render(Style::Text), "NODE      CALLS\nsw1           7\na \"b\", c    120");
    }

    #[test]
    fn an_empty_table_shows_its_columns() {
        assert_eq!(Table::new(["a", "b"]).render(Style::Text), "A  B");
        assert_eq!(Table::new(["a", "b"]).render(Style::Json), "[]");
    }

    #[test]
    fn csv_is_quoted_where_needed() {
        assert_eq!(table().render(Style::Csv), "node,calls\r\nsw1,7\r\n\"a \"\"b\"\", c\",120");
    }

    #[test]
    fn json_keeps_types() {
        let value: Value = serde_json::from_str(&table().render(Style::Json)).unwrap();
        assert_eq!(value[0], json!({"node": "sw1", "calls": 7}));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let mut table = Table::new(["a"]);
        table.push([json!("x\u{1b}[2Jy")]);
        assert!(!table.render(Style::Text).contains('\u{1b}'));
    }
}
