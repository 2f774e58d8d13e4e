#!/usr/bin/env bash
# Measures the gate beside the bare MAC and beside what one would write without it, in Rust, Python and Node, and prints
# the ratios. `--peers`: Python and Node alone; `--million`: there with a million live keys as well, which takes minutes
# and gigabytes. A name: the benches of Rust that match it alone.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"

themes=(accept crossing verify driver require)
rust=1 peers=1 names=()
for arg in "$@"; do
  case $arg in
    --peers) rust= ;;
    --million) themes+=(accept-million) ;;
    *) peers='' names+=("$arg") ;;
  esac
done

out=$ROOT/benches/target/peers
venv=$out/venv

# The wheel as it is shipped, and what it is measured against.
python_peers() {
  rm -f "$out"/*.whl
  (cd bindings-python && CARGO_TARGET_DIR="$out/build" maturin build --quiet --release --out "$out")
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r benches/peers/python/requirements.txt
  "$venv/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps "$out"/*.whl
}

# The package as it is shipped, at the place where the benches look for it.
node_peers() {
  rm -rf "$out/consentgate"
  mkdir -p "$out/consentgate"
  cp -r bindings-node/package.json bindings-node/lib "$out/consentgate"
  node bindings-node/build.mjs --release "$out/build" "$out/consentgate/native"
  npm ci --no-audit --no-fund --loglevel=error --prefix benches/peers/node
}

if [ -n "$rust" ]; then
  cargo bench --quiet --manifest-path benches/Cargo.toml -- --quiet "${names[@]}"
fi
if [ -n "$peers" ]; then
  mkdir -p "$out"
  ours="Cargo.toml Cargo.lock core gate stores"
  step 'Python peers' "$out/*.whl" "$ours bindings-python benches/peers/python/requirements.txt" python_peers
  step 'Node peers' "$out/consentgate/native/*.node" "$ours bindings-node benches/peers/node/package-lock.json" node_peers
  say 'Python' && "$venv/bin/python" benches/peers/python/bench.py "$out/python.json" "${themes[@]}"
  say 'Node' && node --max-old-space-size=8000 benches/peers/node/bench.mjs "$out/node.json" "${themes[@]}"
fi
python3 benches/table.py
