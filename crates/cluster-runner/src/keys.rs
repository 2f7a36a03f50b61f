//! The keys of a cluster's shared databases: a directory for each service, with the files of exactly what it may open.
//!
//! `iractl keys new` makes such a set for a real deployment, [`crate::Cluster`] one for a cluster on this machine. Tests share one, because
//! making it takes seconds.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use botstream_state::rights::{self, RIGHTS, Right, Rights};
use futures_util::{StreamExt, TryStreamExt, stream};
use iratdb::{KEY_BITS_MIN, KeyInfo, Keys};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::error::Error;

/// A private key of 3072 bits takes 2,500 bytes.
const KEY_BYTES_MAX: u64 = 64 * 1024;
/// Keys made at a time: finding primes is all computing.
const MADE_AT_ONCE: usize = 4;

/// The key pairs of one database, as texts of their files.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseKeys {
    write: String,
    read: String,
    write_public: String,
}

impl std::fmt::Debug for DatabaseKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseKeys")
    }
}

/// Which of a database's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Write,
    Read,
    WritePublic,
}

const WRITER: [Kind; 2] = [Kind::Write, Kind::Read];
const READER: [Kind; 2] = [Kind::Read, Kind::WritePublic];

impl Kind {
    fn file(self, database: &str) -> String {
        let kind = match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::WritePublic => "write.pub",
        };
        format!("{database}.{kind}.pem")
    }
}

fn kinds(right: Right) -> [Kind; 2] {
    match right {
        Right::Write => WRITER,
        Right::Read => READER,
    }
}

impl DatabaseKeys {
    /// Makes both pairs, with OpenSSL.
    ///
    /// # Errors
    /// OpenSSL is missing, or does not do what it should.
    pub async fn new() -> Result<Self, Error> {
        let (write, read) = tokio::try_join!(generate(), generate())?;
        Self::of(write, read)
    }

    fn of(write: String, read: String) -> Result<Self, Error> {
        Keys::read_write(&write, &read).map_err(|error| Error::Keys(error.to_string()))?;
        let write_public =
            KeyInfo::read(write.as_bytes()).map_err(|problem| Error::Keys(problem.to_string()))?.public_pem;
        Ok(Self { write, read, write_public })
    }

    fn text(&self, kind: Kind) -> &str {
        match kind {
            Kind::Write => &self.write,
            Kind::Read => &self.read,
            Kind::WritePublic => &self.write_public,
        }
    }

    /// Writes all three files of a database into a directory, which is made if it is not there. Nothing is overwritten.
    ///
    /// # Errors
    /// One of the files is there, or can't be written.
    pub fn write_to(&self, directory: &Path, database: &str) -> Result<(), Error> {
        make_directory(directory)?;
        for kind in [Kind::Write, Kind::Read, Kind::WritePublic] {
            create(&directory.join(kind.file(database)), self.text(kind))?;
        }
        // What was written is what will be read.
        let read = directory.join(Kind::Read.file(database));
        check(Keys::read_only_from_files(read, directory.join(Kind::WritePublic.file(database))))?;
        check(Keys::from_directory(directory, database))
    }

    /// The files that [`DatabaseKeys::write_to`] writes.
    pub fn files(directory: &Path, database: &str) -> [PathBuf; 3] {
        [Kind::Write, Kind::Read, Kind::WritePublic].map(|kind| directory.join(kind.file(database)))
    }
}

fn check(keys: iratdb::Result<Keys>) -> Result<(), Error> {
    keys.map(drop).map_err(|error| Error::Keys(error.to_string()))
}

/// Makes a private key: PKCS#8 in PEM. It passes through a pipe only.
async fn generate() -> Result<String, Error> {
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
            return Err(Error::Missing {
                program: "openssl".to_owned(),
                hint: "it makes the keys of shared databases; install it (Debian: apt-get install openssl)".to_owned(),
            });
        }
        child => child.map_err(Error::io("running openssl"))?,
    };
    let mut pem = String::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(KEY_BYTES_MAX).read_to_string(&mut pem).await.map_err(Error::io("reading openssl's key"))?;
    }
    let status = child.wait().await.map_err(Error::io("waiting for openssl"))?;
    if !status.success() || pem.is_empty() {
        let sentence = format!("openssl failed ({status}): try `openssl genpkey -algorithm RSA -pkeyopt {bits}`");
        return Err(Error::Keys(sentence));
    }
    Ok(pem)
}

fn make_directory(directory: &Path) -> Result<(), Error> {
    if directory.is_dir() {
        return Ok(());
    }
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(Error::io(format!("making the directory {}", directory.display())))
}

fn create(path: &Path, text: &str) -> Result<(), Error> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = made.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(Error::io(format!("writing {}", path.display())))
}

/// A cluster's keys: a directory with one for each service and one for the operator.
#[derive(Debug, Clone)]
pub struct KeySet {
    root: PathBuf,
}

/// What [`KeySet::complete`] did for a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The database.
    pub database: &'static str,
    /// Whether new keys were made; otherwise it had some.
    pub is_new: bool,
    /// Files written.
    pub files: usize,
}

impl KeySet {
    /// The set in a directory.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of a service, or of the operator.
    #[must_use]
    pub fn directory(&self, holder: &str) -> PathBuf {
        self.root.join(holder)
    }

    /// Makes what is missing: keys for databases that have none yet, and copies of those that are there for who has a right to them. Nothing
    /// is overwritten, so that a set can be brought up to date with a version that has more databases or services.
    ///
    /// # Errors
    /// OpenSSL is missing, files can't be read or written, or those of a database contradict each other or are incomplete.
    pub async fn complete(&self) -> Result<Vec<Completed>, Error> {
        // All that could refuse before anything is made.
        let mut plans = Vec::new();
        for rights in RIGHTS {
            plans.push((rights, self.present(rights)?));
        }
        let keys = plans.into_iter().map(|(rights, present)| async move {
            let is_new = present.is_none();
            let keys = match present {
                Some(keys) => keys,
                None => DatabaseKeys::new().await?,
            };
            Ok::<_, Error>((rights, keys, is_new))
        });
        let keys: Vec<_> = stream::iter(keys).buffered(MADE_AT_ONCE / 2).try_collect().await?;
        let mut completed = Vec::new();
        for (rights, keys, is_new) in keys {
            let mut files = 0;
            for (holder, right) in holders(rights) {
                let directory = self.directory(holder);
                make_directory(&directory)?;
                for kind in kinds(right) {
                    let path = directory.join(kind.file(rights.database));
                    if !path.exists() {
                        create(&path, keys.text(kind))?;
                        files += 1;
                    }
                }
                check(Keys::from_directory(&directory, rights.database))?;
            }
            completed.push(Completed { database: rights.database, is_new, files });
        }
        Ok(completed)
    }

    /// A database's keys as the directories have them.
    fn present(&self, rights: &'static Rights) -> Result<Option<DatabaseKeys>, Error> {
        let mut found: BTreeMap<Kind, (String, PathBuf)> = BTreeMap::new();
        for (holder, right) in holders(rights) {
            for kind in kinds(right) {
                let path = self.directory(holder).join(kind.file(rights.database));
                let text = match fs::read_to_string(&path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    text => text.map_err(Error::io(format!("reading {}", path.display())))?,
                };
                match found.get(&kind) {
                    Some((other, place)) if *other != text => {
                        let (one, two) = (place.display(), path.display());
                        return Err(Error::Keys(format!("{one} and {two} are different keys; they must be the same")));
                    }
                    _ => drop(found.insert(kind, (text, path))),
                }
            }
        }
        if found.is_empty() {
            return Ok(None);
        }
        match (found.remove(&Kind::Write), found.remove(&Kind::Read)) {
            (Some((write, _)), Some((read, _))) => DatabaseKeys::of(write, read).map(Some),
            (write, _) => {
                let missing = if write.is_none() { Kind::Write } else { Kind::Read }.file(rights.database);
                let (database, root) = (rights.database, self.root.display());
                Err(Error::Keys(format!(
                    "{root} has keys of {database}, but {missing} is nowhere: put it back, or remove all files of {database} to get \
                     new keys"
                )))
            }
        }
    }

    /// A writer's keys of a database.
    ///
    /// # Errors
    /// There is no such database, or its keys are not there.
    pub fn writer(&self, database: &str) -> Result<Keys, Error> {
        let rights = RIGHTS.iter().find(|rights| rights.database == database);
        let writer = rights.and_then(|rights| rights.writers.first());
        let writer = writer.ok_or_else(|| Error::Keys(format!("there is no database {database}")))?;
        Keys::from_directory(self.directory(writer), database).map_err(|error| Error::Keys(error.to_string()))
    }

    /// The set that tests share: in the directory that cargo builds into, made by the first that asks.
    ///
    /// # Errors
    /// It can't be made.
    pub async fn for_tests() -> Result<Self, Error> {
        let executable = std::env::current_exe().map_err(Error::io("finding the current executable"))?;
        // target/debug/deps/test or target/debug/program.
        let profile =
            executable.ancestors().skip(1).find(|path| !path.ends_with("deps")).unwrap_or_else(|| Path::new("."));
        let parent = profile.parent().unwrap_or(profile).join("test-keys");
        fs::create_dir_all(&parent).map_err(Error::io(format!("creating {}", parent.display())))?;
        let root = parent.join(version());
        if root.is_dir() {
            return Ok(Self::at(root));
        }
        // One makes it, the others wait. It gets its name when it is whole, so that one killed meanwhile leaves nothing that counts.
        let lock = parent.join("lock");
        let locking = tokio::task::spawn_blocking(move || {
            let file = File::options().create(true).truncate(false).write(true).open(&lock)?;
            file.lock()?;
            Ok(file)
        });
        let locked = locking.await.map_err(|error| Error::Keys(error.to_string()))?;
        let _lock = locked.map_err(Error::io("locking the keys for tests"))?;
        if !root.is_dir() {
            let new = tempfile::tempdir_in(&parent).map_err(Error::io(format!("creating in {}", parent.display())))?;
            Self::at(new.path()).complete().await?;
            fs::rename(new.keep(), &root).map_err(Error::io(format!("naming {}", root.display())))?;
        }
        Ok(Self::at(root))
    }
}

fn holders(rights: &'static Rights) -> impl Iterator<Item = (&'static str, Right)> {
    let all = rights.writers.iter().chain(rights.readers);
    all.filter_map(|holder| Some((*holder, rights.of(holder)?)))
}

/// Names a set after who has which right: with other rights it is another.
fn version() -> String {
    let texts = rights::holders()
        .into_iter()
        .flat_map(|holder| rights::of(holder).map(move |(database, right)| format!("{holder} {database} {right:?}")));
    // FNV-1a, the same in every build.
    let hash = texts
        .flat_map(String::into_bytes)
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}
