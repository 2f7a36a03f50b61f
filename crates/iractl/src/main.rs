//! `iractl`: BotStream from the command line: runs a cluster on this machine, places calls, looks into a live cluster.

mod bot;
mod bus;
mod call;
mod calls;
mod context;
mod db;
mod demo;
mod doctor;
mod keys;
mod nodes;
mod out;
mod phone;
mod sql;
mod state_file;
mod table;
mod telephony;
mod time;
mod up;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Where `iractl bot echo` listens when it is not told otherwise.
pub(crate) const BOT_URL_DEFAULT: &str = "ws://127.0.0.1:8080/";

/// BotStream from the command line
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = "\
Examples:
  iractl up                          a cluster on this machine; then, in other terminals:
  iractl bot echo                    a bot that says what it hears
  iractl phone answer                a telephone to be called
  iractl call +14155550199           has the bot call it
  iractl calls; iractl nodes         what goes on"
)]
struct Cli {
    #[command(flatten)]
    global: context::Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(up::Args),
    Call(call::Args),
    Calls(calls::Args),
    Nodes(nodes::Args),
    Sql(sql::Args),
    Db(db::DbArgs),
    Phone(phone::PhoneArgs),
    Bot(bot::BotArgs),
    Pub(bus::PubArgs),
    Sub(bus::SubArgs),
    Req(bus::ReqArgs),
    Apply(telephony::ApplyArgs),
    Diff(telephony::DiffArgs),
    Export(telephony::ExportArgs),
    Trunk(telephony::TrunkArgs),
    Number(telephony::NumberArgs),
    Route(telephony::RouteArgs),
    Keys(keys::KeysArgs),
    Doctor(doctor::Args),
    Demo(demo::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        // `iractl calls | head -1`: the reader has had enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            out::note(format!("iractl: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let target = cli.global.target();
    match cli.command {
        Command::Up(args) => up::run(args, &cli.global).await,
        Command::Call(args) => call::run(args, &target).await,
        Command::Calls(args) => calls::run(args, &target).await,
        Command::Nodes(args) => nodes::run(args, &target).await,
        Command::Sql(args) => sql::run(args, &target).await,
        Command::Db(args) => db::run(args, &target).await,
        Command::Phone(args) => phone::run(args).await,
        Command::Bot(args) => bot::run(args, &target).await,
        Command::Apply(args) => telephony::apply(args, &target).await,
        Command::Diff(args) => telephony::diff(args, &target).await,
        Command::Export(args) => telephony::export(args, &target).await,
        Command::Trunk(args) => telephony::trunk(args, &target).await,
        Command::Number(args) => telephony::number(args, &target).await,
        Command::Route(args) => telephony::route(args, &target).await,
        Command::Pub(args) => bus::publish(args, &target).await,
        Command::Sub(args) => bus::subscribe(args, &target).await,
        Command::Req(args) => bus::request(args, &target).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Keys(args) => keys::run(args).await,
        Command::Doctor(args) => doctor::run(args, &target).await,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_sound() {
        super::Cli::command().debug_assert();
    }
}
