//! `iractl trunk|number|route|bot list|get`.

use botstream_api::{Bot, BotGetRequest, Number, NumberGetRequest, Route, RouteGetRequest, Trunk, TrunkGetRequest};
use clap::Subcommand;
use serde_json::{Value, json};

use super::kind::{self, Kind};
use crate::context::Target;
use crate::out;
use crate::table::{Style, Table};

/// Shows the trunks
#[derive(Debug, clap::Args)]
pub(crate) struct TrunkArgs {
    #[command(subcommand)]
    command: ShowCommand,
}

/// Shows the routes
#[derive(Debug, clap::Args)]
pub(crate) struct RouteArgs {
    #[command(subcommand)]
    command: ShowCommand,
}

/// Shows the numbers
#[derive(Debug, clap::Args)]
pub(crate) struct NumberArgs {
    #[command(subcommand)]
    command: NumberCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ShowCommand {
    /// Lists all, in the order of their names
    List {
        /// Prints a JSON array of whole objects
        #[arg(long)]
        json: bool,
    },
    /// Prints one, as JSON
    Get {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
enum NumberCommand {
    /// Lists all, those for every trunk first
    List {
        /// Prints a JSON array of whole objects
        #[arg(long)]
        json: bool,
    },
    /// Prints one, as JSON
    Get {
        /// As it was made, with its * if it has one
        number: String,
        /// The trunk that it is for, if it is for one only
        #[arg(long, value_name = "NAME", default_value = "")]
        trunk: String,
    },
}

pub(crate) async fn trunk(args: TrunkArgs, target: &Target) -> anyhow::Result<()> {
    match args.command {
        ShowCommand::List { json } => {
            list::<Trunk>(target, json, &["name", "peer", "addresses", "default", "revision"]).await
        }
        ShowCommand::Get { name } => {
            print(&target.client().await?.request::<_, Trunk>("trunk", "get", &TrunkGetRequest { name }).await?)
        }
    }
}

pub(crate) async fn route(args: RouteArgs, target: &Target) -> anyhow::Result<()> {
    match args.command {
        ShowCommand::List { json } => {
            list::<Route>(target, json, &["name", "bot", "stream", "max_duration_ms", "revision"]).await
        }
        ShowCommand::Get { name } => {
            print(&target.client().await?.request::<_, Route>("route", "get", &RouteGetRequest { name }).await?)
        }
    }
}

pub(crate) async fn bot(command: ShowCommand, target: &Target) -> anyhow::Result<()> {
    match command {
        ShowCommand::List { json } => {
            list::<Bot>(target, json, &["name", "url", "dialect", "fallback", "revision"]).await
        }
        ShowCommand::Get { name } => {
            print(&target.client().await?.request::<_, Bot>("bot", "get", &BotGetRequest { name }).await?)
        }
    }
}

pub(crate) async fn number(args: NumberArgs, target: &Target) -> anyhow::Result<()> {
    match args.command {
        NumberCommand::List { json } => list::<Number>(target, json, &["number", "trunk", "route", "revision"]).await,
        NumberCommand::Get { number, trunk } => {
            let request = NumberGetRequest { number, trunk };
            print(&target.client().await?.request::<_, Number>("number", "get", &request).await?)
        }
    }
}

async fn list<K: Kind>(target: &Target, json: bool, columns: &'static [&'static str]) -> anyhow::Result<()> {
    let objects: Vec<K> = kind::all(&target.client().await?).await?;
    let objects = serde_json::to_value(objects)?;
    if json {
        out::line(serde_json::to_string_pretty(&objects)?)?;
        return Ok(());
    }
    let mut table = Table::new(columns.iter().copied());
    for object in objects.as_array().into_iter().flatten() {
        table.push(columns.iter().map(|column| cell(column, &object[*column])));
    }
    out::line(table.render(Style::Text))?;
    Ok(())
}

/// What a person wants to see of a field.
fn cell(column: &str, value: &Value) -> Value {
    match (column, value) {
        ("revision", Value::Null) => json!("file"),
        ("stream", stream) => stream["url"].clone(),
        (_, Value::Array(texts)) => {
            let texts: Vec<_> = texts.iter().filter_map(Value::as_str).collect();
            json!(texts.join(" "))
        }
        (_, value) => value.clone(),
    }
}

fn print(object: &impl serde::Serialize) -> anyhow::Result<()> {
    out::line(serde_json::to_string_pretty(object)?)?;
    Ok(())
}
