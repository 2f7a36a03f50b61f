//! What the fuzzers share: real messages to start from, and the parts around a decoder.

pub mod engines;
pub mod guards;
pub mod messages;
#[path = "../../src/test_keys.rs"]
mod test_keys;

use std::alloc::System;
use std::path::Path;

use cap::Cap;

/// No target comes near this. An allocation beyond it fails, which ends the process: a finding.
pub const ALLOCATION_BYTES_MAX: usize = 256 * 1024 * 1024;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, ALLOCATION_BYTES_MAX);

/// Writes what a target starts from into the directory that `IRATDB_FUZZ_SEEDS` names, before the fuzzer reads it.
pub fn write_seeds(seeds: impl IntoIterator<Item = Vec<u8>>) {
    let Some(directory) = std::env::var_os("IRATDB_FUZZ_SEEDS") else { return };
    for (number, seed) in seeds.into_iter().enumerate() {
        let path = Path::new(&directory).join(format!("seed-{number:03}"));
        std::fs::write(&path, seed).unwrap_or_else(|error| panic!("writing {}: {error}", path.display()));
    }
}

/// A key of the crate's own tests.
pub fn key(name: &str) -> String {
    std::fs::read_to_string(test_keys::file(name)).expect("it was made")
}

/// Several messages as one input: each with its length, two bytes, before it.
pub fn join<'a>(messages: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        let length = u16::try_from(message.len()).expect("seeds are small");
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(message);
    }
    out
}

/// The messages of an input, at most 64. The last may be cut off.
pub fn split(mut input: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while let Some((length, rest)) = input.split_first_chunk::<2>()
        && messages.len() < 64
    {
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (message, rest) = rest.split_at(length);
        messages.push(message);
        input = rest;
    }
    messages
}
