//! `iractl keys`: makes and shows the RSA keys of shared databases.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, bail};
use iratdb::{KEY_BITS_MIN, KeyInfo, Keys};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::out;
use crate::table::{Style, Table};

/// A private key of 3072 bits takes 2,500 bytes.
const KEY_BYTES_MAX: u64 = 64 * 1024;

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

/// Makes a write key and a read key for each database
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each database NAME gets three files in DIR, which only you can read:

  NAME.write.pem      private write key   to processes that write
  NAME.read.pem       private read key    to all processes that open the database
  NAME.write.pub.pem  public write key    to processes that only read, beside the read key

A process with NAME.write.pem and NAME.read.pem reads and writes; one with NAME.read.pem and NAME.write.pub.pem reads.
Nothing is overwritten. The keys are made by OpenSSL's command line tool, which must be installed; keys made otherwise
(RSA, 3072 to 4096 bits, PKCS#8) do as well.

Examples:
  iractl keys new keys                         for all of BotStream's databases
  iractl keys new keys --database orders       for one of your own")]
struct NewArgs {
    /// Directory for the files; made if it is not there
    dir: PathBuf,
    /// Databases [default: BotStream's]
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
    use botstream_state as state;
    let ours = [state::calls::NAME, state::cluster::NAME, state::config::NAME, state::dialing::NAME, state::load::NAME];
    let mut databases = args.databases;
    if databases.is_empty() {
        databases = ours.map(str::to_owned).to_vec();
    }
    databases.sort();
    databases.dedup();
    for database in &databases {
        check_name(database)?;
        for path in Files::new(&args.dir, database).all() {
            if path.symlink_metadata().is_ok() {
                bail!("{} exists: nothing is overwritten, and nothing was made", path.display());
            }
        }
    }
    if !args.dir.is_dir() {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&args.dir);
        made.with_context(|| format!("cannot make the directory {}", args.dir.display()))?;
    }
    for database in &databases {
        let files = Files::new(&args.dir, database);
        let (write, read) = (generate().await?, generate().await?);
        Keys::read_write(&write, &read).context("OpenSSL made keys that do not work")?;
        let public = KeyInfo::read(write.as_bytes()).context("OpenSSL made a key that does not work")?.public_pem;
        create(&files.write, &write)?;
        create(&files.read, &read)?;
        create(&files.write_public, &public)?;
        // What was written is what will be read.
        Keys::read_only_from_files(&files.read, &files.write_public)?;
        Keys::from_directory(&args.dir, database)?;
        out::line(format!("{database}: {}", args.dir.display()))?;
    }
    Ok(())
}

/// The files of one database.
struct Files {
    write: PathBuf,
    read: PathBuf,
    write_public: PathBuf,
}

impl Files {
    fn new(directory: &Path, database: &str) -> Self {
        let file = |kind: &str| directory.join(format!("{database}.{kind}.pem"));
        Self { write: file("write"), read: file("read"), write_public: file("write.pub") }
    }

    fn all(&self) -> [&Path; 3] {
        [&self.write, &self.read, &self.write_public]
    }
}

fn check_name(database: &str) -> anyhow::Result<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if database.is_empty() || !database.chars().all(good) {
        bail!("{database:?} is no name for key files: letters, digits, - and _ are allowed");
    }
    Ok(())
}

/// Makes a private key: PKCS#8 in PEM. It passes through a pipe only.
async fn generate() -> anyhow::Result<String> {
    let bits = format!("rsa_keygen_bits:{KEY_BITS_MIN}");
    let child = Command::new("openssl")
        .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", &bits, "-pkeyopt", "rsa_keygen_pubexp:65537"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let mut child = match child {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bail!("`openssl` is not installed, and makes the keys: install it (Debian: apt-get install openssl)")
        }
        child => child.context("cannot run openssl")?,
    };
    let mut pem = String::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(KEY_BYTES_MAX).read_to_string(&mut pem).await.context("openssl gave no key")?;
    }
    let status = child.wait().await.context("openssl failed")?;
    if !status.success() || pem.is_empty() {
        bail!("openssl failed ({status}): try `openssl genpkey -algorithm RSA -pkeyopt {bits}`");
    }
    Ok(pem)
}

fn create(path: &Path, text: &str) -> anyhow::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = made.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.with_context(|| format!("cannot write {}", path.display()))
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
