//! The layers of ARCHITECTURE.md hold: dependencies go down only, and what a crate may not know it does not depend on.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Our crates from the lowest layer up. A crate may use those of lower layers only.
const LAYERS: &[&[&str]] = &[
    &["sip", "rtp", "audio", "iratdb", "botstream-api"],
    &["sip-transport", "codecs", "voicebot", "botstream-state"],
    &["iracluster", "testphone"],
    &["cluster-runner"],
    &["iractl", "iratdb-bench", "media-bench"],
];

/// Crates without I/O: nothing of these may be in their trees.
const SANS_IO: &[&str] = &["sip", "rtp", "audio", "codecs", "voicebot"];
const IO: &[&str] = &["tokio", "mio", "async-nats", "socket2", "rand"];

/// Who alone may depend directly on a library.
const ONLY: &[(&str, &[&str])] = &[
    ("tonic", &["iracluster", "cluster-runner"]),
    ("axum", &["iracluster"]),
    ("opentelemetry", &["iracluster"]),
    ("opus-pure", &["codecs"]),
    ("rusqlite", &["iratdb", "botstream-state"]),
    // What handles key files, and audio and keys as text.
    ("base64", &["iratdb", "iratdbot", "sip", "voicebot", "integration-tests"]),
    ("rustls-pki-types", &["iratdb"]),
    ("zeroize", &["iratdb"]),
];

/// Normal dependencies of every package of the workspace, by name.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            let normal = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
            let names = normal.map(|dependency| dependency["name"].as_str().expect("name").to_owned()).collect();
            (package["name"].as_str().expect("name").to_owned(), names)
        })
        .collect()
}

#[test]
fn dependencies_go_down_only() {
    let dependencies = dependencies();
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    let services: BTreeSet<&str> = dependencies
        .keys()
        .map(String::as_str)
        .filter(|name| layer(name).is_none() && *name != "integration-tests")
        .collect();
    for (package, used) in &dependencies {
        for name in used.iter().filter(|name| dependencies.contains_key(*name)) {
            assert!(!services.contains(name.as_str()), "{package} depends on the service {name}");
            if let (Some(own), Some(other)) = (layer(package), layer(name)) {
                assert!(other < own, "{package} depends on {name}, which is not in a lower layer");
            }
        }
    }
    for name in LAYERS.iter().flat_map(|layer| layer.iter()) {
        assert!(dependencies.contains_key(*name), "the list of layers names {name}, which does not exist");
    }
}

#[test]
fn sans_io_crates_have_no_io_in_their_trees() {
    for package in SANS_IO {
        let output = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--package",
                package,
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{p}",
            ])
            .output()
            .expect("cargo tree");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let tree = String::from_utf8_lossy(&output.stdout).into_owned();
        let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(names.contains(package), "{tree}");
        for io in IO {
            assert!(!names.contains(io), "{package} has {io} in its tree");
        }
    }
}

#[test]
fn libraries_stay_where_they_belong() {
    for (package, used) in dependencies() {
        for (library, allowed) in ONLY {
            let is_user = used.contains(*library);
            assert!(!is_user || allowed.contains(&package.as_str()), "{package} depends on {library}");
        }
    }
}
