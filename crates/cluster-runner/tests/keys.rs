//! A cluster's keys, with the real OpenSSL.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use botstream_state::rights::{self, Right};
use botstream_state::secrets;
use cluster_runner::KeySet;
use iratdb::Keys;

fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// A copy that may be spoilt.
async fn copy() -> (tempfile::TempDir, KeySet) {
    let (original, directory) = (KeySet::for_tests().await.unwrap(), tempfile::tempdir().unwrap());
    for holder in rights::holders() {
        fs::create_dir(directory.path().join(holder)).unwrap();
        for name in names(&original.directory(holder)) {
            fs::copy(original.directory(holder).join(&name), directory.path().join(holder).join(&name)).unwrap();
        }
    }
    let set = KeySet::at(directory.path());
    (directory, set)
}

#[tokio::test]
async fn everybody_gets_the_files_of_its_rights_and_no_others() {
    let set = KeySet::for_tests().await.unwrap();
    assert_eq!(names(set.root()), rights::holders().into_iter().map(str::to_owned).collect());
    for holder in rights::holders() {
        let directory = set.directory(holder);
        let expected: BTreeSet<_> = rights::of(holder)
            .flat_map(|(database, right)| match right {
                Right::Write => [format!("{database}.write.pem"), format!("{database}.read.pem")],
                Right::Read => [format!("{database}.read.pem"), format!("{database}.write.pub.pem")],
            })
            .collect();
        assert_eq!(names(&directory), expected, "{holder}");
        assert_eq!(mode(&directory), 0o700);
        assert!(expected.iter().all(|name| mode(&directory.join(name)) == 0o600));
        for (database, right) in rights::of(holder) {
            assert_eq!(Keys::from_directory(&directory, database).unwrap().may_write(), right == Right::Write);
        }
    }
    // Of one database, all have the same keys.
    let text = |holder: &str| fs::read_to_string(set.directory(holder).join("secrets.read.pem")).unwrap();
    assert_eq!(text("media-switch"), text("trunk-manager"));
    assert!(Keys::from_directory(set.directory("dialer"), secrets::NAME).is_err());
    assert!(Keys::from_directory(set.directory(rights::OPERATOR), secrets::NAME).is_err());
}

#[tokio::test]
async fn what_is_missing_is_made_and_what_is_there_stays() {
    let (_directory, set) = copy().await;
    let kept = fs::read(set.directory("dialer").join("calls.read.pem")).unwrap();
    fs::remove_dir_all(set.directory("iratdbot")).unwrap();
    for holder in ["trunk-manager", "media-switch", "botproxy"] {
        for name in names(&set.directory(holder)).into_iter().filter(|name| name.starts_with("secrets.")) {
            fs::remove_file(set.directory(holder).join(name)).unwrap();
        }
    }
    let completed = set.complete().await.unwrap();
    let new: Vec<_> = completed.iter().filter(|done| done.is_new).map(|done| (done.database, done.files)).collect();
    assert_eq!(new, [("secrets", 6)]);
    assert_eq!(completed.iter().map(|done| done.files).sum::<usize>(), 6 + 2 * rights::of("iratdbot").count());
    assert_eq!(fs::read(set.directory("dialer").join("calls.read.pem")).unwrap(), kept);
    assert_eq!(fs::read(set.directory("iratdbot").join("calls.read.pem")).unwrap(), kept);
    assert!(set.complete().await.unwrap().iter().all(|done| !done.is_new && done.files == 0));
}

#[tokio::test]
async fn a_set_that_does_not_fit_together_is_left_alone() {
    let (_directory, set) = copy().await;
    let other = fs::read(set.directory("dialer").join("dialing.read.pem")).unwrap();
    fs::write(set.directory("dialer").join("calls.read.pem"), other).unwrap();
    let error = set.complete().await.unwrap_err().to_string();
    assert!(error.contains("are different keys") && error.contains("calls.read.pem"), "{error}");

    let (_directory, set) = copy().await;
    fs::remove_file(set.directory("media-switch").join("calls.write.pem")).unwrap();
    let error = set.complete().await.unwrap_err().to_string();
    assert!(error.contains("calls.write.pem is nowhere"), "{error}");
}
