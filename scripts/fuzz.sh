#!/usr/bin/env bash
# fuzz.sh SECONDS [TARGET…]: runs each fuzz target, or the ones named, for so long, two at a time, from its seeds and from
# what earlier runs have found. What it needs and does not find it installs: a nightly toolchain, through rustup, and
# cargo-fuzz.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"
CARGO_FUZZ=0.13.2
seconds=${1:?how many seconds for each target}
shift
export PATH="$ROOT/target/tools/bin:$PATH"

# Without nightly nothing can be fuzzed, and that is an error: the seeds alone are replayed on stable by `make test`.
if ! cargo +nightly --version >/dev/null 2>&1; then
  say 'a nightly toolchain'
  rustup toolchain install nightly --profile minimal || {
    echo 'missing: a nightly toolchain. Install one: rustup toolchain install nightly' >&2
    exit 1
  }
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
  say "cargo-fuzz $CARGO_FUZZ"
  cargo install --quiet --locked --root "$ROOT/target/tools" "cargo-fuzz@$CARGO_FUZZ"
fi

targets=("$@")
if [ "${#targets[@]}" = 0 ]; then mapfile -t targets < <(cargo fuzz list); fi
# The code under test has no unsafe code of its own, so no sanitizer is needed; overflows and assertions are checked.
built=(--features libfuzzer --sanitizer none)
say 'building the fuzz targets'
cargo +nightly fuzz build "${built[@]}" 2>&1 | tail -n 1
results=target/logs/fuzz-results
mkdir -p target/logs
: >"$results"
fuzzed() {
  local target=$1 log="target/logs/fuzz-$1.log" said
  mkdir -p "fuzz/corpus/$target"
  if cargo +nightly fuzz run "${built[@]}" "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 >"$log" 2>&1; then
    said=$(grep -E '^#[0-9]+\s+DONE|number_of_executed_units' "$log")
    echo passed >>"$results"
  else
    said='failed: see below'
    echo "failed $target" >>"$results"
  fi
  printf '\n== %s, fuzzed for %s s\n%s\n' "$target" "$seconds" "$said"
}
by_two fuzzed "${targets[@]}"
mapfile -t failed < <(sed -n 's/^failed //p' "$results")
# Last, where whoever reads the end of a long output finds what failed, and the input that it failed with.
for target in "${failed[@]}"; do
  printf '\n== %s failed\n' "$target"
  grep -vE '^ +([0-9]+:|at) |^$' "target/logs/fuzz-$target.log" | tail -n 40 | cut -c 1-2000
done
printf '%s passed, %s failed\n' "$((${#targets[@]} - ${#failed[@]}))" "${#failed[@]}"
[ "${#failed[@]}" = 0 ]
