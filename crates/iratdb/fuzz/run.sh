#!/usr/bin/env bash
# Fuzzes IraTDB's decoders with libFuzzer, one after another, on stable Rust. Prints a line for each; ends with 1 if one found something.
#
# usage: crates/iratdb/fuzz/run.sh [SECONDS [TARGET...]]
#   SECONDS   how long each runs (default 60)
#   TARGET    which (default: all in targets/)
#
# Corpora are kept in target/fuzz/corpus and grow; the inputs of findings are in target/fuzz/findings. To run one again:
#   target/fuzz/build/release/TARGET FILE
set -euo pipefail

seconds=${1:-60}
shift || true
[[ $seconds =~ ^[1-9][0-9]*$ ]] || {
  printf 'run.sh: SECONDS must be a positive number, not "%s"\n' "$seconds" >&2
  exit 2
}

# No more resident memory than this; an allocation beyond 256 MB is a finding at once (src/lib.rs).
readonly rss_limit_mb=768
# Longest input, in bytes, and the longest that one may take, in seconds.
readonly input_max=8192 time_limit=20

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
readonly here root fuzz=$root/target/fuzz
command -v c++ >/dev/null || {
  printf 'run.sh: a C++ compiler is missing: libFuzzer is built from source (on Debian: apt-get install g++)\n' >&2
  exit 2
}

targets=("$@")
if ((${#targets[@]} == 0)); then
  for file in "$here"/targets/*.rs; do
    targets+=("$(basename "$file" .rs)")
  done
fi

# Coverage is counted in our own crates only: the others would be noise, and slow.
export RUSTC_WRAPPER=$here/rustc-with-coverage.sh
(cd "$here" && CARGO_TARGET_DIR=$fuzz/build ${CARGO:-cargo} build --quiet --release --locked --bins)

failed=0
for target in "${targets[@]}"; do
  corpus=$fuzz/corpus/$target findings=$fuzz/findings/$target log=$fuzz/$target.log
  mkdir -p "$corpus" "$findings"
  state=ok
  IRATDB_FUZZ_SEEDS=$corpus "$fuzz/build/release/$target" "$corpus" \
    "-max_total_time=$seconds" "-artifact_prefix=$findings/" "-max_len=$input_max" "-timeout=$time_limit" \
    "-rss_limit_mb=$rss_limit_mb" -print_final_stats=1 >"$log" 2>&1 || state="FAILED: see $log"
  [[ $state == ok ]] || failed=1
  # The last line of progress: "#1234 DONE cov: 1 ft: 2 corp: 3/4b ... rss: 50Mb".
  last=$(grep -E '^#[0-9]+.* cov: ' "$log" | tail -n 1 || true)
  number() { sed -n "s/.* $1: *\([0-9]*\).*/\1/p" <<<"$last"; }
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  printf '%-10s %5s s  %10s runs  coverage %5s edges, %6s features  corpus %5s  memory %4s MB  %s\n' "$target" "$seconds" \
    "${runs:-?}" "$(number cov)" "$(number ft)" "$(number corp)" "$(number rss)" "$state"
done
exit "$failed"
