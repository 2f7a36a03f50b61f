//! The checked-in generated code is what the schemas say.

#[path = "../examples/generate.rs"]
mod generate;

use std::path::Path;

#[test]
fn generated_code_is_current() {
    let fresh = tempfile::tempdir().unwrap();
    generate::generate(fresh.path()).unwrap();
    let checked_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/generated");
    for entry in std::fs::read_dir(fresh.path()).unwrap() {
        let entry = entry.unwrap();
        let expected = std::fs::read_to_string(entry.path()).unwrap();
        let found = std::fs::read_to_string(checked_in.join(entry.file_name())).unwrap();
        assert!(
            expected == found,
            "{} differs from the schemas: run `make proto`",
            entry.file_name().to_string_lossy()
        );
    }
}
