//! The directory of one cluster: logs, stores, configuration files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// A directory that is removed with this value, unless it is to be kept. It is kept when this is dropped by a panic.
#[derive(Debug)]
pub struct WorkDir {
    path: PathBuf,
    keep: bool,
}

impl WorkDir {
    /// A new directory among the temporary files, removed at the end.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn temporary() -> Result<Self, Error> {
        let path = tempfile::Builder::new()
            .prefix("botstream-")
            .tempdir()
            .map_err(Error::io("creating a temporary directory"))?
            .keep();
        Ok(Self { path, keep: false })
    }

    /// A directory of the caller's, made when missing and never removed.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn at(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        fs::create_dir_all(&path).map_err(Error::io(format!("creating {}", path.display())))?;
        Ok(Self { path, keep: true })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it will be removed with this value.
    pub(crate) const fn is_temporary(&self) -> bool {
        !self.keep
    }

    /// Whether to keep it when this value is dropped.
    pub const fn keep(&mut self, keep: bool) {
        self.keep = keep;
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        if !self.keep && !std::thread::panicking() {
            // What cannot be removed is left among the temporary files.
            drop(fs::remove_dir_all(&self.path));
        }
    }
}
