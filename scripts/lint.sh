#!/usr/bin/env bash
# Every linter of every language; each warning is an error.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"
scripts/setup.sh

say 'rustfmt' && cargo fmt --all --check
say 'clippy'
# The bindings have no test targets; built as one, they would lack what exports them.
bindings=(-p consentgate-python -p consentgate-node)
cargo clippy --quiet --workspace --exclude consentgate-python --exclude consentgate-node --all-targets --all-features -- -D warnings
cargo clippy --quiet "${bindings[@]}" -- -D warnings
say 'fuzz targets'
cargo fmt --manifest-path fuzz/Cargo.toml --check
cargo clippy --quiet --manifest-path fuzz/Cargo.toml --all-targets -- -D warnings
say 'benches'
cargo fmt --manifest-path benches/Cargo.toml --check
cargo check --quiet --manifest-path benches/Cargo.toml --benches
python3 -m unittest discover --quiet -s benches
say 'rustdoc' && RUSTDOCFLAGS='-D warnings' cargo doc --quiet --no-deps --workspace --all-features

say 'cargo-deny'
cargo deny --log-level error check bans licenses sources
# The advisories are a database of their own on the network. Only its fetching may fail: once it is here, what it
# says counts.
if timeout 120 cargo deny --log-level off fetch db >/dev/null 2>&1; then
  cargo deny --log-level error check advisories
else
  echo 'advisories not checked: their database cannot be fetched from here'
fi

python_files=(bindings-python examples/fastapi scripts/readme scripts/demo conformance/storm fuzz benches)
# Each on a line of its own: in `a && b`, a failing `a` does not end the script.
say 'ruff'
ruff check "${python_files[@]}" conformance
ruff format --check "${python_files[@]}"
say 'mypy' && (cd bindings-python && mypy)
say 'stubtest' && (cd bindings-python && python -m mypy.stubtest consentgate)
say 'TypeScript and prettier' && npm run --silent --prefix bindings-node lint
say 'shellcheck' && shellcheck --external-sources --check-sourced scripts/*.sh .ci/run
say 'clean'
