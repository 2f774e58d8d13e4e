#!/usr/bin/env bash
# Runs every test of every language; `make test` sets up what they need and starts the engines.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"
LOGS="$ROOT/target/logs"
mkdir -p "$LOGS"
SUMMARY="$LOGS/summary"
: >"$SUMMARY"
# A durable write to a file of SQLite is waited for as long as one to an engine: see scripts/engines/place.sh.
if in_memory; then
  TMPDIR=$(mktemp -d "$MEMORY/consentgate-tests.XXXXXX")
  # Some tests are another user.
  chmod 755 "$TMPDIR"
  export TMPDIR
  trap 'rm -rf "$TMPDIR"' EXIT
fi

# counts LOG: "PASSED FAILED" by the closing lines of cargo, pytest, unittest and node; what closes with none of
# them is one test.
counts() {
  awk '
    /^test result:/ || / in [0-9.]+s( \([0-9:]+\))?( =+)?$/ {
      for (i = 2; i <= NF; i++) {
        if ($i ~ /^passed/) { pass += $(i - 1); seen = 1 }
        if ($i ~ /^(failed|errors?)[;,]?$/) { fail += $(i - 1); seen = 1 }
      }
    }
    /no tests ran/ { seen = 1 }
    /^Ran [0-9]+ tests? in / { pass += $2; seen = 1 }
    /^FAILED \(/ { gsub(/(skipped|expected failures)=[0-9]+|[^0-9]+/, " "); for (i = 1; i <= NF; i++) { fail += $i; pass -= $i } }
    /^(#|ℹ) pass [0-9]+$/ { pass += $3; seen = 1 }
    /^(#|ℹ) (fail|cancelled) [0-9]+$/ { fail += $3 }
    END { if (seen) print pass + 0, fail + 0; else print 1, 0 }
  ' "$1"
}

# suite NAME COMMAND…: a suite that ends badly has failed once at least, and so has one that ran no test.
suite() {
  local name=$1 log="$LOGS/${1//[^A-Za-z0-9]/-}.log" start=$SECONDS sound=true pass fail
  shift
  say "$name"
  "$@" 2>&1 | tee "$log" || sound=false
  read -r pass fail < <(counts "$log")
  if ! $sound && [ "$fail" = 0 ]; then fail=1 pass=$((pass > 0 ? pass - 1 : 0)); fi
  if [ $((pass + fail)) = 0 ]; then fail=1; fi
  printf '%-36s %5d passed, %d failed, %d s\n' "$name" "$pass" "$fail" "$((SECONDS - start))" >>"$SUMMARY"
}

# held PART: what it says is held back until it has ended, since two of them run at once.
held() {
  local log="$LOGS/$1.held"
  "$1" >"$log" 2>&1
  cat "$log"
}

builds() {
  cargo build --quiet -p consentgate-example-axum --bins
  "${RUST[@]}" --no-run
  "${PROOFS[@]}" --no-run
  scripts/races.sh --no-run
  "${SEEDS[@]}" --no-run
  cargo build --quiet --release -p consentgate-timing
}

of_python() { suite 'Python' .venv/bin/python -m pytest bindings-python -p no:cacheprovider; }
of_rust() { suite 'Rust' "${RUST[@]}"; }
of_node() { suite 'Node' npm test --silent --prefix bindings-node; }
of_proofs() { suite 'model checker and simulator' "${PROOFS[@]}"; }
of_races() { suite 'races' scripts/races.sh; }
of_seeds() { suite 'fuzz seeds, replayed on stable' "${SEEDS[@]}"; }
of_suites() {
  suite 'store suite, of itself in Python' python3 -m unittest discover -s conformance/store-suite/python/tests -t conformance/store-suite/python
  suite 'store suite, of itself in Node' npm test --silent --prefix conformance/store-suite/node
  suite 'smoke, of itself' npm test --silent --prefix scripts/smoke
}
of_oracle() {
  suite 'vectors are what the oracle says' python3 conformance/generate.py --check
  suite 'store suite is what its model says' python3 conformance/store-suite/generate.py --check
  suite 'fuzz seeds are what the vectors say' python3 fuzz/seeds.py --check
  suite 'oracle' python3 -m unittest discover -s conformance/tests -t conformance
}
of_pages() {
  suite 'alert rules' scripts/alerts.sh
  suite 'pages in Python' .venv/bin/python scripts/readme/run.py README.md docs/tenancy.md
  suite 'pages in Node' node scripts/readme/run.mjs README.md docs/tenancy.md
}

# storm NAME STATE WHICH: on engines of its own.
storm() { suite "storms: $1" env STORM="$2" .venv/bin/python -m pytest conformance/storm -p no:cacheprovider -k "$3"; }
of_dead_engines() { storm 'dead engines' storm-engines 'killed_at and engine'; }
of_dead_backends() { storm 'dead backends, forgetful Redis' storm-backends 'killed_at and backend or forgets'; }

RUST=(cargo test --quiet --workspace --exclude consentgate-proof --all-features)
PROOFS=(cargo test --quiet --profile proof -p consentgate-proof)
SEEDS=(cargo test --quiet --manifest-path fuzz/Cargo.toml)

say 'Builds'
builds
built=$SECONDS
# Kills and losses wait for leases most of the time, and are in no hurry: they are beside all else.
by_two held of_dead_engines of_dead_backends &
storms=$!
# A suite of one process, or one that waits for an engine, leaves a core idle; the longest come first, so that both ends
# are near each other.
by_two held of_python of_proofs of_rust of_node of_suites of_races of_seeds of_oracle of_pages
wait "$storms"
# These two measure or stall what they run: nothing else beside them.
suite 'constant time' scripts/constant-time.sh
suite 'instructions of the hot paths' python3 scripts/instructions.py
storm 'stalls and floods' storm 'not killed_at and not forgets'

say 'Suites'
cat "$SUMMARY"
printf 'builds %d s, suites %d s\n' "$built" "$((SECONDS - built))"
awk '{ for (i = 2; i <= NF; i++) { if ($i == "passed,") pass += $(i - 1); if ($i == "failed,") fail += $(i - 1) } }
  END { printf "%d passed, %d failed\n", pass, fail; exit fail > 0 }' "$SUMMARY"
