//! `iractl sql`: queries on a live database.

use anyhow::{Context as _, bail};
use botstream_state::rights;
use iratdb::rusqlite::Connection;
use iratdb::rusqlite::types::ValueRef;
use serde_json::{Value, json};

use crate::context::Target;
use crate::out;
use crate::table::{Style, Table};

/// Runs a query on a live copy of a shared database
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl sql load 'SELECT node, calls, capacity, state FROM switches'
  iractl sql calls 'SELECT node, count(*) AS calls FROM calls GROUP BY node' --json
  iractl sql config 'SELECT name, document FROM routes'
  iractl sql calls \"SELECT name, sql FROM sqlite_schema WHERE type = 'table'\"")]
pub(crate) struct Args {
    /// The database: calls, cluster, config, dialing or load
    database: String,
    /// The query; nothing can be written this way
    query: String,
    /// Prints a JSON array of objects
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints CSV with a header line
    #[arg(long)]
    csv: bool,
}

pub(crate) async fn run(args: Args, target: &Target) -> anyhow::Result<()> {
    let Some(options) = botstream_state::options(&args.database) else {
        let names: Vec<_> = rights::RIGHTS.iter().map(|rights| rights.database).collect();
        bail!("there is no database {:?}: choose one of {}", args.database, names.join(", "));
    };
    let database = target.replica(target.nats().await?, options).await?;
    let outcome = database.read(|connection| query(connection, &args.query));
    database.close().await?;
    let table = outcome.context("the query failed")?;
    let style = if args.json {
        Style::Json
    } else if args.csv {
        Style::Csv
    } else {
        Style::Text
    };
    out::line(table.render(style))?;
    Ok(())
}

fn query(connection: &Connection, sql: &str) -> iratdb::rusqlite::Result<Table> {
    let mut statement = connection.prepare(sql)?;
    let count = statement.column_count();
    let mut table = Table::new(statement.column_names());
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let cells: iratdb::rusqlite::Result<Vec<Value>> =
            (0..count).map(|at| row.get_ref(at).map(json_value)).collect();
        table.push(cells?);
    }
    Ok(table)
}

fn json_value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => json!(number),
        ValueRef::Real(number) => json!(number),
        ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => json!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_value_is_shown() {
        let connection = Connection::open_in_memory().unwrap();
        let table = query(&connection, "SELECT 1 AS a, 'x' AS b, NULL AS c, 1.5 AS d, x'00ff' AS e").unwrap();
        let shown: Value = serde_json::from_str(&table.render(Style::Json)).unwrap();
        assert_eq!(shown, json!([{"a": 1, "b": "x", "c": null, "d": 1.5, "e": "00ff"}]));
        assert!(query(&connection, "SELEC 1").is_err());
    }
}
