#!/usr/bin/env bash
# Measures the gate beside the bare MAC and beside what one would write without it, and prints the ratios.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo bench --quiet --manifest-path benches/Cargo.toml -- --quiet "$@"
python3 benches/table.py
