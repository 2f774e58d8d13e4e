#!/usr/bin/env bash
# mutants.sh [--file PATH… | --in-diff FILE]: changes the core in one small way after the other, and looks whether a
# test fails; of all files, of those named, or of what a diff touches. First the quick tests, then all tests of the core
# and the gate for what got through.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"
CARGO_MUTANTS=27.1.0
export PATH="$ROOT/target/tools/bin:$PATH"
# Built faster than any debugger would like it.
export CARGO_PROFILE_DEV_DEBUG=0

if ! cargo mutants --version >/dev/null 2>&1; then
  say "cargo-mutants $CARGO_MUTANTS"
  cargo install --quiet --locked --root "$ROOT/target/tools" "cargo-mutants@$CARGO_MUTANTS"
fi

mutants=(cargo mutants --package consentgate-core --output target --baseline skip)
say 'the quick tests'
# 2: some got through; the second run is for those.
"${mutants[@]}" --timeout 60 "$@" -- --lib --test config --test bounds --test vectors || [ $? = 2 ]
say 'all tests, for what got through'
"${mutants[@]}" --timeout 600 --iterate "$@"
