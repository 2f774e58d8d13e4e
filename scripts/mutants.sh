#!/usr/bin/env bash
# mutants.sh [--changed | ARGUMENTS of cargo-mutants…]: changes the core in one small way after the other, and looks
# whether a test fails; everywhere, where the arguments say, or in a few places of what the last commits touched.
# The tests are to pass without a change; that is not looked at here.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"
CARGO_MUTANTS=27.1.0
# So many of what changed are tried, every n-th: a bound on the time.
CHANGED_MAX=25
OUT="$ROOT/target/mutants.out"
export PATH="$ROOT/target/tools/bin:$PATH"
# Built faster than any debugger would like it.
export CARGO_PROFILE_DEV_DEBUG=0
unset CARGO_TARGET_DIR

have_it() {
  if cargo mutants --version >/dev/null 2>&1; then return; fi
  say "cargo-mutants $CARGO_MUTANTS"
  cargo install --quiet --locked --root "$ROOT/target/tools" "cargo-mutants@$CARGO_MUTANTS"
}

# What the last commits are held against: where upstream was left, else the commit before; nothing in a clone of one.
base() {
  local at
  at=$(git merge-base HEAD '@{upstream}' 2>/dev/null || true)
  if [ -z "$at" ] || [ "$at" = "$(git rev-parse HEAD)" ]; then
    at=$(git rev-parse --quiet --verify HEAD~1 || true)
  fi
  printf '%s' "$at"
}

# Sets `left` to the arguments that mean what got through so far. The files are named too, since the deletion of a field
# is tried whatever the expression says.
# shellcheck disable=SC2016 # what is quoted is a sed expression
through() {
  mapfile -t left < <(cut -d: -f1 "$OUT/missed.txt" | sort -u)
  left=("${left[@]/#/--file=}"
    --re "^($(sed 's/[][\\.|$(){}?+*^]/\\&/g' "$OUT/missed.txt" | paste -sd '|'))\$")
}

# Of how many places one is tried.
shard=()
if [ "${1:-}" = --changed ]; then
  say 'mutants in what the last commits changed'
  from=$(base)
  if [ -z "$from" ]; then
    printf '   this clone has one commit alone, so what changed cannot be told: none is tried\n'
    exit
  fi
  diff="$ROOT/target/changed.diff"
  mkdir -p "$ROOT/target"
  git diff "$from" -- core/src >"$diff"
  count=0
  if [ -s "$diff" ]; then
    have_it
    count=$(cargo mutants --package consentgate-core --list --in-diff "$diff" | grep -c . || true)
  fi
  if [ "$count" = 0 ]; then
    printf '   nothing to try in the core\n'
    exit
  fi
  every=$(((count + CHANGED_MAX - 1) / CHANGED_MAX))
  printf '   %d mutants there; of every %d the first is tried\n' "$count" "$every"
  set -- --in-diff "$diff"
  shard=(--shard "0/$every" --sharding round-robin)
fi
have_it

UNVIABLE=0
# stage NAME TIMEOUT_S ARGUMENTS…: tries what got through so far; 2 and 3 say that some got through or never ended.
stage() {
  local name=$1 timeout=$2 status=0
  shift 2
  say "$name"
  cargo mutants --package consentgate-core --output target --baseline skip --timeout "$timeout" "$@" || status=$?
  case $status in 0 | 2 | 3) ;; *) exit "$status" ;; esac
  UNVIABLE=$((UNVIABLE + $(wc -l <"$OUT/unviable.txt")))
}

quick=(--test-package consentgate-core --cargo-arg=--lib
  --cargo-arg=--config --cargo-arg=profile.dev.package.consentgate-core.opt-level=0)
both=(--iterate --test-package 'consentgate-core,consentgate')
tried=$(cargo mutants --package consentgate-core --list "$@" "${shard[@]}" | wc -l)
stage 'the units of the core' 60 "${quick[@]}" "$@" "${shard[@]}"
if [ -s "$OUT/missed.txt" ]; then
  through
  stage 'configuration and vectors, for what got through' 60 "${both[@]}" \
    --cargo-arg=--test={bounds,config,discretion,retired,vectors,admissions} "$@" "${left[@]}"
fi
if [ -s "$OUT/missed.txt" ]; then
  through
  stage 'all tests of core and gate, for what got through' 600 "${both[@]}" --cargo-arg=--tests \
    "$@" "${left[@]}"
fi

missed=$(wc -l <"$OUT/missed.txt")
say "$tried mutants, $UNVIABLE do not compile, $missed got through"
awk -v all=$((tried - UNVIABLE)) -v missed="$missed" \
  'BEGIN { if (all > 0) printf "   %.1f %% were noticed\n", 100 * (all - missed) / all }'
cat "$OUT/missed.txt"
[ "$missed" = 0 ]
