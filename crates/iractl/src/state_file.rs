//! Where `iractl up` says that it runs, so that the other commands find its cluster without being told.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// What `iractl up` tells the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Running {
    /// The process that runs the cluster.
    pub(crate) pid: u32,
    /// Where its NATS is.
    pub(crate) nats_url: String,
    /// The cluster's name.
    pub(crate) cluster: String,
    /// The operator's keys of its shared databases.
    pub(crate) keys_dir: PathBuf,
}

/// The file while the cluster runs; removed when dropped.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
}

impl StateFile {
    pub(crate) fn write(running: &Running) -> anyhow::Result<Self> {
        Self::write_to(&path(), running)
    }

    fn write_to(path: &Path, running: &Running) -> anyhow::Result<Self> {
        let failed = || format!("cannot write {}", path.display());
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).with_context(failed)?;
        }
        // Renamed into place: who reads at the same time sees all of it or nothing.
        let part = path.with_extension(format!("{}.part", running.pid));
        fs::write(&part, serde_json::to_string_pretty(running)?).with_context(failed)?;
        fs::rename(&part, path).with_context(failed)?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // Another cluster, started later, may have put its own in the place.
        if read_from(&self.path).is_some_and(|running| running.pid == std::process::id()) {
            fs::remove_file(&self.path).unwrap_or_default();
        }
    }
}

/// The cluster that runs on this machine, if one does.
pub(crate) fn read() -> Option<Running> {
    read_from(&path()).filter(|running| Path::new(&format!("/proc/{}", running.pid)).exists())
}

fn read_from(path: &Path) -> Option<Running> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// In the user's runtime directory, else in his cache.
fn path() -> PathBuf {
    let directory = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    directory("XDG_RUNTIME_DIR")
        .or_else(|| directory("XDG_CACHE_HOME"))
        .or_else(|| directory("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("botstream/up.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_read_and_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a/up.json");
        let running = Running {
            pid: std::process::id(),
            nats_url: "nats://127.0.0.1:1".into(),
            cluster: "main".into(),
            keys_dir: "/keys".into(),
        };
        let file = StateFile::write_to(&path, &running).unwrap();
        assert_eq!(read_from(&path), Some(running.clone()));
        drop(file);
        assert_eq!(read_from(&path), None);

        // A later cluster's file is left alone.
        let file = StateFile::write_to(&path, &running).unwrap();
        let later = Running { pid: running.pid + 1, ..running };
        std::mem::forget(StateFile::write_to(&path, &later).unwrap());
        drop(file);
        assert_eq!(read_from(&path), Some(later));
    }
}
