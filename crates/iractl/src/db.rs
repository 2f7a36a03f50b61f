//! `iractl db`: shared databases through an iratdbot, as applications use them.

use std::time::Duration;

use anyhow::{Context as _, bail};
use async_nats::RequestErrorKind;
use botstream_api::{ErrorDetail, headers, subjects};
use futures_util::StreamExt;
use serde_json::{Map, Value, json};

use crate::context::Target;
use crate::out;
use crate::table::{Style, Table};

/// An open may have to copy a database first.
const REPLY_LIMIT: Duration = Duration::from_secs(70);

/// Uses shared databases the way an application does: through iratdbot, over NATS
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  H=$(iractl db open shop --schema 'CREATE TABLE carts (id TEXT NOT NULL PRIMARY KEY, items INTEGER)')
  iractl db exec $H 'INSERT INTO carts VALUES (?, ?)' c1 3
  iractl db query $H 'SELECT * FROM carts'
  iractl db watch $H carts
  iractl db digest $H
  iractl db close $H

A handle ends when its client is not heard for its lease (30 s): `iractl db ping HANDLE` renews it.")]
pub(crate) struct DbArgs {
    #[command(subcommand)]
    command: DbCommand,
    /// Asks this instance of iratdbot, by its node
    #[arg(long, global = true, value_name = "NODE")]
    at: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum DbCommand {
    /// Opens a database and prints the handle
    Open(OpenArgs),
    /// Changes rows, in one transaction
    Exec(ExecArgs),
    /// Reads rows
    Query(QueryArgs),
    /// Prints a table's rows, then its changes as they come, a line of JSON each
    Watch {
        handle: String,
        table: String,
        /// Ends after so many changes
        #[arg(long, value_name = "N")]
        count: Option<u64>,
    },
    /// Lists the databases that an instance has open
    List,
    /// Prints members, counters and sizes
    Stats { handle: String },
    /// Prints a digest of each table: equal on two replicas exactly when they show the same rows
    Digest { handle: String },
    /// Renews a handle
    Ping { handle: String },
    /// Closes a handle; its owned rows are gone everywhere
    Close { handle: String },
}

#[derive(Debug, clap::Args)]
struct OpenArgs {
    /// The database's name
    database: String,
    /// A DDL statement the database begins with; may be given several times. BotStream's own databases need none
    #[arg(long, value_name = "SQL")]
    schema: Vec<String>,
    /// Another version of the schema than others may have: members of different ones don't talk to each other [default: 1]
    #[arg(long, value_name = "N")]
    schema_version: Option<u32>,
    /// A table whose rows vanish with the handle that inserted them; may be given several times
    #[arg(long, value_name = "TABLE")]
    owned: Vec<String>,
    /// A table in which the later of two concurrent updates wins by row, not by column
    #[arg(long, value_name = "TABLE")]
    row_wise: Vec<String>,
    /// A column in which concurrent updates add up
    #[arg(long, value_name = "TABLE.COLUMN", value_parser = column)]
    counter: Vec<(String, String)>,
    /// A column that keeps the greatest value
    #[arg(long, value_name = "TABLE.COLUMN", value_parser = column)]
    max: Vec<(String, String)>,
    /// A column that keeps the least value
    #[arg(long, value_name = "TABLE.COLUMN", value_parser = column)]
    min: Vec<(String, String)>,
    /// Opens it to be read only
    #[arg(long)]
    ro: bool,
    /// Which of the keys that the iratdbot has [default: those with the database's name]
    #[arg(long, value_name = "NAME")]
    key_ref: Option<String>,
}

/// The options of a table, in a request.
fn spec(tables: &mut Map<String, Value>, table: String) -> anyhow::Result<&mut Map<String, Value>> {
    tables.entry(table).or_insert_with(|| json!({})).as_object_mut().context("a table's options")
}

/// `TABLE.COLUMN`.
fn column(text: &str) -> Result<(String, String), String> {
    match text.split_once('.') {
        Some((table, column)) if !table.is_empty() && !column.is_empty() => Ok((table.to_owned(), column.to_owned())),
        _ => Err("write it as TABLE.COLUMN".to_owned()),
    }
}

#[derive(Debug, clap::Args)]
struct ExecArgs {
    handle: String,
    sql: String,
    /// What is bound to the statement's question marks: numbers, null and {"$blob": …} as in JSON, anything else is text
    params: Vec<String>,
    /// Waits until so many other replicas have it
    #[arg(long, value_name = "N")]
    replicas: Option<usize>,
    /// How long to wait for them
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    wait_ms: u64,
}

#[derive(Debug, clap::Args)]
struct QueryArgs {
    handle: String,
    sql: String,
    /// What is bound to the statement's question marks, as for exec
    params: Vec<String>,
    /// Prints a JSON array of objects
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints CSV with a header line
    #[arg(long)]
    csv: bool,
}

pub(crate) async fn run(args: DbArgs, target: &Target) -> anyhow::Result<()> {
    let client = Db { nats: target.nats().await?, cluster: target.cluster.clone(), node: args.at };
    match args.command {
        DbCommand::Open(args) => client.open(args).await,
        DbCommand::Exec(args) => client.exec(args).await,
        DbCommand::Query(args) => client.query(args).await,
        DbCommand::Watch { handle, table, count } => client.watch(&handle, &table, count).await,
        DbCommand::List => client.list().await,
        DbCommand::Stats { handle } => client.print("stats", json!({"handle": handle})).await,
        DbCommand::Digest { handle } => client.digest(&handle).await,
        DbCommand::Ping { handle } => client.print("ping", json!({"handle": handle})).await,
        DbCommand::Close { handle } => client.ask("close", json!({"handle": handle})).await.map(drop),
    }
}

struct Db {
    nats: async_nats::Client,
    cluster: String,
    node: Option<String>,
}

impl Db {
    async fn ask(&self, verb: &str, request: Value) -> anyhow::Result<Value> {
        let subject = match &self.node {
            Some(node) => subjects::db_request_at(&self.cluster, node, verb),
            None => subjects::db_request(&self.cluster, verb),
        };
        let body = async_nats::Request::new().payload(request.to_string().into()).timeout(Some(REPLY_LIMIT));
        let reply = match self.nats.send_request(subject.clone(), body).await {
            Ok(reply) => reply,
            Err(error) if error.kind() == RequestErrorKind::NoResponders => {
                bail!("nobody answers {subject}: does an iratdbot run, and is this the right cluster?")
            }
            Err(error) => return Err(error).with_context(|| format!("no reply on {subject}")),
        };
        if reply.headers.as_ref().is_some_and(|map| map.get(headers::ERROR_CODE).is_some()) {
            let detail: ErrorDetail = botstream_api::from_json(&reply.payload).context("an error without a body")?;
            return Err(botstream_api::Error::from_detail(detail).into());
        }
        serde_json::from_slice(&reply.payload).context("the reply is no JSON")
    }

    async fn print(&self, verb: &str, request: Value) -> anyhow::Result<()> {
        let reply = self.ask(verb, request).await?;
        out::line(serde_json::to_string_pretty(&reply)?)?;
        Ok(())
    }

    async fn open(&self, args: OpenArgs) -> anyhow::Result<()> {
        let mut tables = Map::new();
        for table in args.owned {
            spec(&mut tables, table)?.insert("owned".to_owned(), json!(true));
        }
        for table in args.row_wise {
            spec(&mut tables, table)?.insert("lww".to_owned(), json!("row"));
        }
        for (merge, columns) in [("counter", args.counter), ("max", args.max), ("min", args.min)] {
            for (table, column) in columns {
                let list = spec(&mut tables, table)?.entry(merge).or_insert_with(|| json!([]));
                list.as_array_mut().context("a list of columns")?.push(json!(column));
            }
        }
        let mode = if args.ro { "ro" } else { "rw" };
        let mut request = json!({"db": args.database, "schema": args.schema, "tables": tables, "mode": mode});
        if let Some(version) = args.schema_version {
            request["schema_version"] = Value::from(version);
        }
        if let Some(key_ref) = args.key_ref {
            request["key_ref"] = Value::from(key_ref);
        }
        let reply = self.ask("open", request).await?;
        out::note(format!("{} members, {} rows; lease {} ms", reply["members"], reply["rows"], reply["lease_ms"]));
        out::line(reply["handle"].as_str().context("the reply has no handle")?)?;
        Ok(())
    }

    async fn exec(&self, args: ExecArgs) -> anyhow::Result<()> {
        let mut request = json!({"handle": args.handle, "sql": args.sql, "params": params(args.params)});
        if let Some(replicas) = args.replicas {
            request["wait"] = json!({"replicas": replicas, "ms": args.wait_ms});
        }
        self.print("exec", request).await
    }

    async fn query(&self, args: QueryArgs) -> anyhow::Result<()> {
        let handle = args.handle;
        let request = json!({"handle": handle, "sql": args.sql, "params": params(args.params)});
        let table = self.all_pages(&handle, self.ask("query", request).await?).await?;
        let style = match (args.json, args.csv) {
            (true, _) => Style::Json,
            (_, true) => Style::Csv,
            _ => Style::Text,
        };
        out::line(table.render(style))?;
        Ok(())
    }

    /// A result, and what of it is behind cursors.
    async fn all_pages(&self, handle: &str, mut page: Value) -> anyhow::Result<Table> {
        let columns = page["columns"].as_array().context("the reply has no columns")?;
        let mut table = Table::new(columns.iter().map(|column| column.as_str().unwrap_or_default()));
        loop {
            let Value::Array(rows) = page["rows"].take() else { bail!("the reply has no rows") };
            for row in rows {
                let Value::Array(row) = row else { bail!("a row is no list") };
                table.push(row);
            }
            match page["cursor"].as_str() {
                None => return Ok(table),
                Some(cursor) => page = self.ask("query", json!({"handle": handle, "cursor": cursor})).await?,
            }
        }
    }

    async fn watch(&self, handle: &str, table: &str, count: Option<u64>) -> anyhow::Result<()> {
        // Subscribed before it is asked for, so that no change is missed.
        let name = self.nats.new_inbox().rsplit('.').next().unwrap_or("iractl").to_owned();
        let mut changes = self.nats.subscribe(subjects::db_watch(&self.cluster, &name)).await?;
        botstream_api::round_trip(&self.nats).await?;
        let request = json!({"handle": handle, "table": table, "watch": name});
        let first = self.ask("watch", request).await?;
        let rows = self.all_pages(handle, first).await?;
        for row in rows.rows() {
            out::line(json!({"op": "row", "row": row}))?;
        }
        let mut told = 0;
        let mut pings = tokio::time::interval(Duration::from_secs(5));
        while count.is_none_or(|count| told < count) {
            tokio::select! {
                change = changes.next() => {
                    let change = change.context("the connection to NATS was closed")?;
                    out::line(String::from_utf8_lossy(&change.payload))?;
                    told += 1;
                }
                _ = pings.tick() => { self.ask("ping", json!({"handle": handle})).await?; }
                _ = tokio::signal::ctrl_c() => break,
            }
        }
        self.ask("unwatch", json!({"handle": handle, "watch": name})).await?;
        Ok(())
    }

    async fn list(&self) -> anyhow::Result<()> {
        let reply = self.ask("list", json!({})).await?;
        let mut table = Table::new(["db", "handles", "members", "rows"]);
        for info in reply["databases"].as_array().into_iter().flatten() {
            table.push(["db", "handles", "members", "rows"].map(|name| info[name].clone()));
        }
        out::note(format!("on {}", reply["node"].as_str().unwrap_or_default()));
        out::line(table.render(Style::Text))?;
        Ok(())
    }

    async fn digest(&self, handle: &str) -> anyhow::Result<()> {
        let reply = self.ask("digest", json!({"handle": handle})).await?;
        let mut table = Table::new(["table", "rows", "digest"]);
        for (name, digest) in reply["tables"].as_object().into_iter().flatten() {
            table.push([json!(name), digest["rows"].clone(), digest["digest"].clone()]);
        }
        out::line(table.render(Style::Text))?;
        Ok(())
    }
}

/// Parameters as a person types them: a number is a number, whatever is no JSON value is text.
fn params(words: Vec<String>) -> Vec<Value> {
    let value = |word: String| match serde_json::from_str(&word) {
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_))) => value,
        // A text may be quoted, to tell "1" from 1.
        Ok(Value::String(text)) => Value::String(text),
        _ => Value::String(word),
    };
    words.into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_values() {
        let words = ["1", "-2.5", "null", "abc", "\"1\"", "{\"$blob\":\"AA==\"}", "[1]", ""].map(str::to_owned);
        let expected = json!([1, -2.5, null, "abc", "1", {"$blob": "AA=="}, "[1]", ""]);
        assert_eq!(Value::Array(params(words.to_vec())), expected);
    }
}
