//! Generates `src/generated/` from `proto/`: pure Rust, no protoc. Run by `make proto`.

use std::path::{Path, PathBuf};

const FILES: [&str; 6] = ["common", "stream", "call", "event", "config", "node"];

fn crate_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Writes the generated code of every schema into `out_dir`.
pub(crate) fn generate(out_dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let proto_dir = crate_dir().join("../../proto");
    let files = FILES.map(|name| proto_dir.join(format!("botstream/v1/{name}.proto")));
    let mut compiler = protox::Compiler::new([&proto_dir])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(files)?;
    let descriptors = compiler.file_descriptor_set();

    prost_build::Config::new()
        .out_dir(out_dir)
        // Ordered maps: the same message always has the same bytes.
        .btree_map(["."])
        .compile_well_known_types()
        .extern_path(".google.protobuf", "::pbjson_types")
        .compile_fds(descriptors.clone())?;

    let mut json = pbjson_build::Builder::new();
    json.out_dir(out_dir).btree_map(["."]).preserve_proto_field_names();
    for file in descriptors.file {
        json.register_file_descriptor(file);
    }
    json.build(&[".botstream"])?;
    escape_gen(&out_dir.join("botstream.v1.serde.rs"))?;
    Ok(())
}

/// `gen` is a keyword since edition 2024; prost escapes it, pbjson does not yet.
fn escape_gen(file: &Path) -> std::io::Result<()> {
    let code = std::fs::read_to_string(file)?;
    let code = code
        .replace("self.gen ", "self.r#gen ")
        .replace("self.gen)", "self.r#gen)")
        .replace(" gen: gen__", " r#gen: gen__");
    std::fs::write(file, code)
}

#[allow(dead_code, reason = "the drift test includes this file as a module")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    generate(&crate_dir().join("src/generated"))
}
