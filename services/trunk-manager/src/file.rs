//! The telephony file on disk.
//!
//! Its content is compared, not its time: a mounted ConfigMap is a chain of symbolic links that are swapped, and editors replace
//! files. At a look a second this costs nothing.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::core::telephony::{FILE_BYTES_MAX, Problems, Telephony};

/// A file that is looked at again and again.
#[derive(Debug)]
pub(crate) struct TelephonyFile {
    path: PathBuf,
    /// What the last look found.
    seen: Option<Look>,
}

#[derive(Debug, PartialEq, Eq)]
enum Look {
    Text(String),
    /// Why it could not be read.
    Failed(String),
}

impl TelephonyFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, seen: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file says now; `None` when that is what the last look found.
    pub(crate) fn look(&mut self) -> Option<Result<Telephony, Problems>> {
        let look = match read(&self.path) {
            Ok(text) => Look::Text(text),
            Err(reason) => Look::Failed(reason),
        };
        if self.seen.as_ref() == Some(&look) {
            return None;
        }
        let read = match &look {
            Look::Text(text) => Telephony::parse(text),
            Look::Failed(reason) => Err(Problems::one(reason.clone())),
        };
        self.seen = Some(look);
        Some(read)
    }

    /// What the file says now, whether or not it has changed.
    pub(crate) fn look_again(&mut self) -> Result<Telephony, Problems> {
        self.seen = None;
        self.look().unwrap_or_else(|| Err(Problems::one("cannot be read".to_owned())))
    }
}

fn read(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|e| format!("cannot be read: {e}"))?;
    let mut text = String::new();
    let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
    file.take(limit.saturating_add(1)).read_to_string(&mut text).map_err(|e| format!("cannot be read: {e}"))?;
    if text.len() > FILE_BYTES_MAX {
        return Err(format!("is larger than {FILE_BYTES_MAX} bytes"));
    }
    Ok(text)
}
