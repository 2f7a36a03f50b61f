//! The keys that this process has to shared databases.

use std::path::PathBuf;

use botstream_state::cluster;
use botstream_state::rights::{self, Right};
use iratdb::Keys;

use crate::Error;
use crate::config::ConfigError;
use crate::settings::Settings;

/// Where the keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// A directory of files.
    Directory(PathBuf),
    /// Nowhere: everything is open to whoever can use NATS.
    None,
}

impl KeySource {
    /// What the settings say, with all keys there that the service needs.
    pub(crate) fn new(settings: &Settings, service: &str) -> Result<Self, ConfigError> {
        let source = match &settings.keys_dir {
            _ if settings.no_keys => Self::None,
            Some(directory) => Self::Directory(directory.clone()),
            None => {
                return Err(ConfigError::new(
                    "keys-dir is missing: give --keys-dir, BOTSTREAM_KEYS_DIR, or keys-dir in the configuration file, with this \
                     service's directory of what `iractl keys new` made; or, for development, --no-keys to go without protection",
                ));
            }
        };
        source.check(service)?;
        Ok(source)
    }

    fn check(&self, service: &str) -> Result<(), ConfigError> {
        let Self::Directory(directory) = self else { return Ok(()) };
        let wrong = |problem: String| ConfigError::new(format!("keys-dir = {}: {problem}", directory.display()));
        // What is no service of BotStream has its row in the list of instances all the same.
        let is_known = rights::of(service).next().is_some();
        let needed = rights::of(service).chain((!is_known).then_some((cluster::NAME, Right::Write)));
        for (database, right) in needed {
            let keys = Keys::from_directory(directory, database).map_err(|error| wrong(error.to_string()))?;
            if right == Right::Write && !keys.may_write() {
                let lacking = "there are only the files of who reads it";
                return Err(wrong(format!(
                    "{service} writes the database {database} and needs {database}.write.pem; {lacking}"
                )));
            }
        }
        Ok(())
    }

    /// The keys of a database, as the files are now.
    pub(crate) fn of(&self, database: &str) -> Result<Keys, Error> {
        match self {
            Self::None => Ok(Keys::open()),
            Self::Directory(directory) => Keys::from_directory(directory, database)
                .map_err(|source| Error::Database { database: database.to_owned(), source }),
        }
    }
}
