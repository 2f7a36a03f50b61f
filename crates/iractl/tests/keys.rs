//! `iractl keys`, with the real OpenSSL.

#![allow(clippy::unwrap_used)] // Helpers beside the tests unwrap as the tests do.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use iratdb::Keys;

fn iractl(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iractl"));
    command.arg("keys").args(args);
    command
}

fn output(args: &[&str]) -> Output {
    iractl(args).output().unwrap()
}

fn error(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn new_keys_work_are_private_and_are_never_overwritten() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("new/keys");
    let made = output(&["new", text(&directory), "--database", "orders"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    let file = |kind: &str| directory.join(format!("orders.{kind}.pem"));
    for kind in ["write", "read", "write.pub"] {
        assert_eq!(mode(&file(kind)), 0o600, "{kind}");
    }
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 3);
    assert!(Keys::from_directory(&directory, "orders").unwrap().may_write());
    assert!(!Keys::read_only_from_files(file("read"), file("write.pub")).unwrap().may_write());

    let before = std::fs::read(file("read")).unwrap();
    std::fs::remove_file(file("write")).unwrap();
    let again = error(&output(&["new", text(&directory), "--database", "another", "orders"]));
    assert!(again.contains("orders.read.pem exists"), "{again}");
    assert_eq!(std::fs::read(file("read")).unwrap(), before);
    assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 2, "nor is anything else made");
}

#[test]
fn the_keys_of_a_pair_have_one_fingerprint() {
    let directory = tempfile::tempdir().unwrap();
    assert!(output(&["new", text(directory.path()), "--database", "orders"]).status.success());
    let file = |kind: &str| directory.path().join(format!("orders.{kind}.pem"));
    let files = [file("write"), file("write.pub"), file("read")];
    let shown = output(&["show", "--json", text(&files[0]), text(&files[1]), text(&files[2])]);
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&shown.stdout).unwrap();
    let field = |row: usize, name: &str| rows[row][name].clone();
    assert_eq!(field(0, "kind"), "RSA private key");
    assert_eq!(field(1, "kind"), "RSA public key");
    assert!((0..3).all(|row| field(row, "bits") == 3072));
    assert_eq!(field(0, "fingerprint"), field(1, "fingerprint"));
    assert_ne!(field(0, "fingerprint"), field(2, "fingerprint"));
    // OpenSSL computes the same.
    let der = Command::new("openssl")
        .args(["pkey", "-pubin", "-outform", "DER", "-in", text(&files[1])])
        .output()
        .unwrap()
        .stdout;
    let der_file = directory.path().join("public.der");
    std::fs::write(&der_file, der).unwrap();
    let digest = Command::new("sh")
        .args(["-c", "openssl dgst -sha256 -binary \"$0\" | openssl base64", text(&der_file)])
        .output()
        .unwrap();
    let digest = String::from_utf8(digest.stdout).unwrap();
    assert_eq!(field(0, "fingerprint"), format!("SHA256:{}", digest.trim().trim_end_matches('=')));
}

#[test]
fn what_is_wrong_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bad.pem");
    std::fs::write(&file, "no key").unwrap();
    let shown = error(&output(&["show", text(&file)]));
    assert!(shown.contains("bad.pem: expected a public RSA key"), "{shown}");
    let missing = error(&output(&["show", text(&directory.path().join("none.pem"))]));
    assert!(missing.contains("none.pem"), "{missing}");
    let name = error(&output(&["new", text(directory.path()), "--database", "../x"]));
    assert!(name.contains("no name for key files"), "{name}");
    let without = iractl(&["new", text(directory.path()), "--database", "orders"]).env("PATH", "").output().unwrap();
    let without = error(&without);
    assert!(without.contains("openssl was not found") && without.contains("apt-get install openssl"), "{without}");
    let ours = error(&output(&["new", text(directory.path()), "--database", "calls"]));
    assert!(ours.contains("BotStream's own"), "{ours}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    let help = output(&["new", "--help"]);
    assert!(String::from_utf8_lossy(&help.stdout).contains("NAME.write.pub.pem"));
}

#[test]
fn a_cluster_gets_a_directory_for_each_service_and_more_only_where_something_is_missing() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("keys");
    let made = output(&["new", text(&directory)]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let told = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(told.contains("secrets    new keys\n") && told.contains("botproxy, dialer, iratdbot, "), "{told}");
    assert!(Keys::from_directory(directory.join("trunk-manager"), "secrets").unwrap().may_write());
    assert!(!Keys::from_directory(directory.join("media-switch"), "secrets").unwrap().may_write());
    assert!(Keys::from_directory(directory.join("dialer"), "secrets").is_err());
    let again = output(&["new", text(&directory)]);
    assert!(again.status.success());
    assert!(!String::from_utf8_lossy(&again.stdout).contains("new keys"));
}
