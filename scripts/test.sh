#!/usr/bin/env bash
# Sets everything up, then runs every test of every language.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"
scripts/setup.sh

passed=0
failed=0
summary=()
# suite NAME COMMAND…
suite() {
  local name=$1 start=$SECONDS verdict=passed
  shift
  say "$name"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)) verdict=FAILED; fi
  summary+=("$(printf '%-40s %s, %s s' "$name" "$verdict" "$((SECONDS - start))")")
}

suite 'vectors are what the oracle says' python3 conformance/generate.py --check
suite 'oracle' python3 -m unittest discover -s conformance/tests -t conformance
suite 'Rust' cargo test --quiet --workspace --all-features
suite 'Python' .venv/bin/python -m pytest bindings-python -p no:cacheprovider
suite 'Node' npm test --silent --prefix bindings-node
suite 'smoke, of itself' npm test --silent --prefix scripts/smoke
suite 'README in Python' .venv/bin/python scripts/readme/run.py
suite 'README in Node' node scripts/readme/run.mjs

say 'Suites'
printf '%s\n' "${summary[@]}"
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
