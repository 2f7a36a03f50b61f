//! Where the programs are.

use std::env;
use std::path::{Path, PathBuf};
use std::process;

use crate::error::Error;

const NATS_VERSION_MIN: &str = "2.10";

/// The nats-server to run, and its version: `$NATS_SERVER_BIN`, else `.cache/tools/bin/nats-server` in a directory above the
/// current executable or the current directory, else the one on `PATH`.
///
/// # Errors
/// There is none, or it is too old.
pub fn nats_server() -> Result<(PathBuf, String), Error> {
    let path = find_nats_server().ok_or_else(|| Error::Missing {
        program: "nats-server".to_owned(),
        hint: "run scripts/install-tools.sh, or set NATS_SERVER_BIN".to_owned(),
    })?;
    let output = process::Command::new(&path)
        .arg("--version")
        .output()
        .map_err(Error::io(format!("running {}", path.display())))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.trim().trim_start_matches("nats-server: ").trim_start_matches('v').to_owned();
    if numbers(&version) < numbers(NATS_VERSION_MIN) {
        return Err(Error::TooOld { path, version, version_min: NATS_VERSION_MIN });
    }
    Ok((path, version))
}

fn find_nats_server() -> Option<PathBuf> {
    if let Some(path) = env::var_os("NATS_SERVER_BIN").filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let starts = [env::current_exe().ok(), env::current_dir().ok()];
    starts
        .iter()
        .flatten()
        .flat_map(|start| start.ancestors())
        .map(|directory| directory.join(".cache/tools/bin/nats-server"))
        .find(|path| path.is_file())
        .or_else(|| on_path("nats-server"))
}

/// Finds a program on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|directory| directory.join(program)).find(|path| path.is_file())
}

fn numbers(version: &str) -> Vec<u32> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

/// A service's binary: in `$BOTSTREAM_BIN_DIR`, else beside the current executable, else (the current executable being a
/// test in `target/*/deps`) one directory up.
///
/// # Errors
/// It is nowhere there.
pub fn service_binary(name: &str) -> Result<PathBuf, Error> {
    if let Some(directory) = env::var_os("BOTSTREAM_BIN_DIR").filter(|path| !path.is_empty()) {
        let path = Path::new(&directory).join(name);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(Error::Missing {
                program: name.to_owned(),
                hint: format!("it is not in $BOTSTREAM_BIN_DIR, {}", Path::new(&directory).display()),
            })
        };
    }
    let executable = env::current_exe().map_err(Error::io("finding the current executable"))?;
    executable.ancestors().skip(1).take(2).map(|directory| directory.join(name)).find(|path| path.is_file()).ok_or_else(
        || Error::Missing {
            program: name.to_owned(),
            hint: "build it with `cargo build --workspace`, or set BOTSTREAM_BIN_DIR".to_owned(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert!(numbers("2.9.10") < numbers(NATS_VERSION_MIN));
        assert!(numbers("2.10.27") >= numbers(NATS_VERSION_MIN));
        assert!(numbers("2.10.0-beta.1") >= numbers(NATS_VERSION_MIN));
        assert!(numbers("") < numbers(NATS_VERSION_MIN));
    }
}
