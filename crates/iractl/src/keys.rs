//! `iractl keys`: makes and shows the RSA keys of shared databases.

use std::path::PathBuf;

use anyhow::bail;
use botstream_state::rights;
use cluster_runner::{Completed, DatabaseKeys, KeySet};
use iratdb::KeyInfo;

use crate::out;
use crate::table::{Style, Table};

/// Makes and shows the keys of shared databases
#[derive(Debug, clap::Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    New(NewArgs),
    Show(ShowArgs),
}

/// Makes the keys of a cluster, or of databases of your own
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without --database: the keys of a cluster. DIR gets a directory for each service, and one for who operates the cluster, with exactly
the files it may have. Give each service its own (--keys-dir), iractl the operator's, and nobody DIR itself. Run again, it adds what
a newer version needs and changes nothing that is there.

With --database: DIR gets three files for each NAME, for an iratdbot's directory or programs of your own:

  NAME.write.pem      private write key   to processes that write
  NAME.read.pem       private read key    to all processes that open the database
  NAME.write.pub.pem  public write key    to processes that only read, beside the read key

A process with NAME.write.pem and NAME.read.pem reads and writes; one with NAME.read.pem and NAME.write.pub.pem reads.
Only you can read the files, and nothing is overwritten. The keys are made by OpenSSL's command line tool, which must be installed; keys
made otherwise (RSA, 3072 to 4096 bits, PKCS#8) do as well.

Examples:
  iractl keys new keys                                a cluster's
  iractl keys new keys/iratdbot --database orders     for one of your own, to be opened through iratdbot")]
struct NewArgs {
    /// Directory for the files; made if it is not there
    dir: PathBuf,
    /// Databases of your own
    #[arg(long = "database", value_name = "NAME", num_args = 1..)]
    databases: Vec<String>,
}

/// Shows kind, size and fingerprint of keys
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The two keys of a pair have the same fingerprint: SHA-256 of the public key in DER (SPKI), in base64.

Examples:
  iractl keys show keys/*.pem
  iractl keys show keys/calls.read.pem --json")]
struct ShowArgs {
    /// Key files, PEM or DER
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Prints a JSON array of objects
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: KeysArgs) -> anyhow::Result<()> {
    match args.command {
        Verb::New(args) => new(args).await,
        Verb::Show(args) => show(&args),
    }
}

async fn new(args: NewArgs) -> anyhow::Result<()> {
    if args.databases.is_empty() {
        return complete(KeySet::at(args.dir)).await;
    }
    let mut databases = args.databases;
    databases.sort();
    databases.dedup();
    for database in &databases {
        check_name(database)?;
        for path in DatabaseKeys::files(&args.dir, database) {
            if path.symlink_metadata().is_ok() {
                bail!("{} exists: nothing is overwritten, and nothing was made", path.display());
            }
        }
    }
    for database in &databases {
        DatabaseKeys::new().await?.write_to(&args.dir, database)?;
        out::line(format!("{database}: {}", args.dir.display()))?;
    }
    Ok(())
}

async fn complete(set: KeySet) -> anyhow::Result<()> {
    for Completed { database, is_new, files } in set.complete().await? {
        let what = match (is_new, files) {
            (true, _) => "new keys",
            (false, 0) => "there already",
            (false, _) => "there already, given to who lacked them",
        };
        out::line(format!("{database:<10} {what}"))?;
    }
    out::line(format!("{}: {}", set.root().display(), rights::holders().into_iter().collect::<Vec<_>>().join(", ")))?;
    Ok(())
}

fn check_name(database: &str) -> anyhow::Result<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if database.is_empty() || !database.chars().all(good) {
        bail!("{database:?} is no name for key files: letters, digits, - and _ are allowed");
    }
    if rights::RIGHTS.iter().any(|rights| rights.database == database) {
        bail!("{database} is a database of BotStream's own: `iractl keys new DIR` makes the keys of all of them");
    }
    Ok(())
}

fn show(args: &ShowArgs) -> anyhow::Result<()> {
    let mut table = Table::new(["file", "kind", "bits", "fingerprint"]);
    for file in &args.files {
        let info = KeyInfo::load(file)?;
        let kind = if info.private { "private" } else { "public" };
        table.push(vec![
            file.display().to_string().into(),
            format!("RSA {kind} key").into(),
            info.bits.into(),
            info.fingerprint.into(),
        ]);
    }
    out::line(table.render(if args.json { Style::Json } else { Style::Text }))?;
    Ok(())
}
