#!/usr/bin/env bash
# Runs a command with the engines that tests need: `scripts/with-engines.sh COMMAND…`. Whoever had them up keeps them.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"

if ! scripts/engines.sh status >/dev/null; then trap 'scripts/engines.sh down' EXIT; fi
say 'Engines'
scripts/engines.sh up
# shellcheck source=/dev/null
source "$ROOT/target/engines/env"
"$@"
