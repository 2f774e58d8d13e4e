#!/usr/bin/env bash
# Races of the gate and its memory store, under a scheduler that tries many orders; its builds are kept apart.
set -euo pipefail
cd "$(dirname "$0")/.."
SHUTTLE_SILENCE_WARNINGS=1 RUSTFLAGS='--cfg shuttle' exec cargo test --quiet --target-dir target/shuttle -p consentgate --no-default-features --test shuttle "$@"
