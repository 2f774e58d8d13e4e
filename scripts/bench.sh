#!/usr/bin/env bash
# Measures the gate beside the bare MAC and beside what one would write without it, in Rust, Python and Node, prints the
# ratios, and draws what docs/performance.md shows. `--peers`: Python and Node alone. `--long`: with ten million live keys
# in Rust and a million in Python and Node as well, which takes many minutes and gigabytes. Names: the benches of
# Rust that match one of them, alone.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"

themes=(accept crossing verify driver require)
rust=1 peers=1 names=()
for arg in "$@"; do
  case $arg in
    --peers) rust= ;;
    --long) themes+=(accept-million) && export CONSENTGATE_BENCH_LONG=1 ;;
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

# A Redis of its own; whoever had it up keeps it.
redis_up() {
  if ! scripts/engines.sh status redis >/dev/null; then trap 'scripts/engines.sh down' EXIT; fi
  scripts/engines.sh up redis
  # shellcheck source=/dev/null
  source "$ROOT/target/engines/env"
}

if [ -n "$rust" ]; then
  case "${names[*]}" in '' | *redis*) redis_up ;; esac
  # One pattern is all that criterion takes.
  pattern=$(IFS='|' && printf '%s' "${names[*]}")
  cargo bench --quiet --manifest-path benches/Cargo.toml -- --quiet ${pattern:+"$pattern"}
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
python3 benches/plot.py
