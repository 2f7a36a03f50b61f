#!/usr/bin/env bash
# rustc, as cargo calls it through RUSTC_WRAPPER. Our own crates get what libFuzzer needs: the flags of `cargo fuzz`, but for those that
# only nightly has.
set -euo pipefail

for argument in "$@"; do
  # They, and no others, have a path inside the project as their source.
  case $argument in
    */crates/iratdb/src/lib.rs | src/lib.rs | targets/*.rs)
      exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1
      ;;
  esac
done
exec "$@"
