#!/usr/bin/env bash
# What refusals branch on, under valgrind, and how long they take; see docs/assurance.md, "Constant time".
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"
# shellcheck disable=SC2034 # read by install_packages
STATE="$ROOT/target/engines"
# shellcheck source=/dev/null # checked with engines.sh, which uses all of it
source scripts/engines/programs.sh

command -v valgrind >/dev/null || install_packages valgrind
command -v valgrind >/dev/null || fail 'needed is valgrind: https://valgrind.org'
cargo build --quiet --release -p consentgate-timing
if [ "$(uname -m)" = x86_64 ]; then
  # Each branch on a secret is an error that ctgrind itself counts, so valgrind's own words go to a log.
  mkdir -p target/logs
  valgrind --quiet --error-limit=no --log-file=target/logs/valgrind.log target/release/ctgrind
else
  echo 'branches are not looked at: the requests to valgrind are written for x86-64'
fi
target/release/dudect
