#!/usr/bin/env bash
# coverage.sh [core] [python] [node]: which lines the tests reach, of all three or those named; a part that is under its
# least percentage ends it badly. The engines have to be up for the bindings: `make coverage` sees to it.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"
# shellcheck disable=SC2034 # read by install_packages
STATE="$ROOT/target/engines"
# shellcheck source=/dev/null # checked with engines.sh, which uses all of it
source scripts/engines/programs.sh
COVERAGE="$ROOT/target/coverage"
CORE_LEAST=95
BINDINGS_LEAST=90

# llvm NAME: a program of LLVM that reads what this rustc counts: of rustup's component, or of the system.
llvm() {
  local version found
  version=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
  for found in "$(rustc --print sysroot)"/lib/rustlib/*/bin/"llvm-$1" "llvm-$1-$version"; do
    if command -v "$found"; then return; fi
  done
  install_packages "llvm-$version" >&2
  command -v "llvm-$1-$version" || fail "needed is llvm-$1 $version: rustup component add llvm-tools"
}

# Runs a command whose Rust is built so that it counts, with builds of its own.
counted() {
  mkdir -p "$COVERAGE"
  CARGO_PROFILE_DEV_DEBUG=0 RUSTFLAGS=-Cinstrument-coverage LLVM_PROFILE_FILE="$COVERAGE/$PART-%p-%4m.profraw" "$@"
}

# reached LEAST SOURCES OBJECT…: lines by file, the least covered first, and in all.
reached() {
  local least=$1 sources=$2 objects=()
  shift 2
  for object in "$@"; do objects+=(-object "$object"); done
  "$PROFDATA" merge -sparse "$COVERAGE/$PART"-*.profraw -o "$COVERAGE/$PART.profdata"
  "$COV" export -summary-only "${objects[@]}" -instr-profile "$COVERAGE/$PART.profdata" -sources "$ROOT/$sources" \
    2>/dev/null | python3 scripts/coverage.py "$least" "$ROOT/$sources/"
}

of_core() {
  local PART=core log="$COVERAGE/core.log"
  rm -f "$COVERAGE"/core-*.profraw
  mkdir -p "$COVERAGE"
  counted cargo test --target-dir "$COVERAGE/build" -p consentgate-core -p consentgate --all-features --lib --tests \
    2>&1 | tee "$log" | grep -E '^test result|FAILED'
  mapfile -t objects < <(grep -oE '/deps/[a-z_]+-[0-9a-f]+' "$log" | sort -u | sed "s|^|$COVERAGE/build/debug|")
  reached "$CORE_LEAST" core/src "${objects[@]}"
}

# The counting wheel and addon stand where the usual ones do; the next setup puts those back.
of_python() {
  local PART=python
  rm -f "$COVERAGE"/python-*.profraw "$STAMPS/Python wheel"
  pip install --quiet --disable-pip-version-check coverage==7.17.5
  (cd bindings-python && counted env VIRTUAL_ENV="$ROOT/.venv" CARGO_TARGET_DIR="$COVERAGE/python" maturin develop --quiet)
  rm -f "$COVERAGE"/python-*.profraw
  counted .venv/bin/python -m coverage run --data-file="$COVERAGE/python.data" --source=consentgate \
    -m pytest bindings-python -p no:cacheprovider
  reached "$BINDINGS_LEAST" bindings-python/src bindings-python/python/consentgate/_native*.so
  .venv/bin/python -m coverage report --data-file="$COVERAGE/python.data" --skip-covered --fail-under="$BINDINGS_LEAST"
}

of_node() {
  local PART=node addon=bindings-node/native/consentgate.node log="$COVERAGE/node.log"
  rm -f "$STAMPS/Node addon" "$addon"
  counted cargo build --quiet --package consentgate-node --target-dir "$COVERAGE/build"
  cp "$COVERAGE/build/debug/libconsentgate_node.so" "$addon"
  rm -f "$COVERAGE"/node-*.profraw
  (cd bindings-node && counted node --test --experimental-test-coverage test/*.test.mjs) >"$log" 2>&1 ||
    { tail -n 60 "$log"; return 1; }
  reached "$BINDINGS_LEAST" bindings-node/src "$addon"
  # Node tells the lines of what it loaded.
  grep -E '^(#|ℹ) (lib/|all files)' "$log"
}

PROFDATA=$(llvm profdata)
COV=$(llvm cov)
parts=("$@")
if [ "${#parts[@]}" = 0 ]; then parts=(core python node); fi
for part in "${parts[@]}"; do
  say "lines reached: $part"
  "of_$part"
done
