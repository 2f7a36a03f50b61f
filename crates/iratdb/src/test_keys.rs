//! RSA keys for tests, the simulator and the benchmark: made by `openssl` when they are first needed, and kept under `target/`. None is
//! part of the sources. Also included by programs that only see the crate from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The private keys, by the names of their files, and their bits. `short.pem` is too short to be taken.
const KEYS: [(&str, u32); 5] =
    [("write.pem", 3072), ("read.pem", 3072), ("other.write.pem", 3072), ("other.read.pem", 3072), ("short.pem", 2048)];

/// Runs `openssl`, whose message is what a failure says.
fn openssl(arguments: &[&str], directory: &Path) {
    let output = Command::new("openssl").args(arguments).current_dir(directory).output();
    let output = output.unwrap_or_else(|error| panic!("openssl: {error}: scripts/install-tools.sh installs it"));
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Makes them all in a directory of its own, which gets its name when it is whole.
fn make(place: &Path) -> std::io::Result<()> {
    let new = place.with_file_name(format!("new-{}", std::process::id()));
    fs::create_dir_all(&new)?;
    for (name, bits) in KEYS {
        let bits = format!("rsa_keygen_bits:{bits}");
        openssl(&["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", &bits, "-out", name], &new);
    }
    openssl(&["pkey", "-in", "write.pem", "-pubout", "-out", "write.pub.pem"], &new);
    match fs::rename(&new, place) {
        // Another process was first.
        Err(_) if place.is_dir() => fs::remove_dir_all(&new),
        result => result,
    }
}

/// The file of one of them: private keys `write.pem`, `read.pem`, `other.write.pem`, `other.read.pem` and `short.pem`, and `write.pub.pem`.
pub(crate) fn file(name: &str) -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root =
            manifest.ancestors().find(|path| path.join("crates/iratdb/Cargo.toml").is_file()).unwrap_or(manifest);
        let place = root.join("target/test-keys/iratdb");
        if !place.is_dir() {
            make(&place).unwrap_or_else(|error| panic!("making {}: {error}", place.display()));
        }
        place
    });
    directory.join(name)
}
