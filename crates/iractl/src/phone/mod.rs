//! `iractl phone`: a telephone to test with: calls or is called, says a WAV, records and measures what it hears.

mod answer;
mod call;
mod sound;

use clap::Subcommand;

/// A telephone to test with: says a WAV, records what it hears, and measures delay, gaps and level
#[derive(Debug, clap::Args)]
pub(crate) struct PhoneArgs {
    #[command(subcommand)]
    command: PhoneCommand,
}

#[derive(Debug, Subcommand)]
enum PhoneCommand {
    Call(Box<call::CallArgs>),
    Answer(Box<answer::AnswerArgs>),
}

pub(crate) async fn run(args: PhoneArgs) -> anyhow::Result<()> {
    match args.command {
        PhoneCommand::Call(args) => call::run(*args).await,
        PhoneCommand::Answer(args) => answer::run(*args).await,
    }
}
