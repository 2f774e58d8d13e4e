#!/usr/bin/env bash
# Sets up all that tests, linters and the demo need: virtual environment, wheel, addon, npm packages.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"

missing=0
# need COMMAND LEAST HOW: the command is there, in this version or a later one.
need() {
  local found
  if ! command -v "$1" >/dev/null; then
    printf 'missing: %s %s or later. %s\n' "$1" "$2" "$3" >&2
    missing=1
    return
  fi
  found=$("$1" --version 2>&1 | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1)
  if [ "$(printf '%s\n%s\n' "$2" "$found" | sort -V | head -n 1)" != "$2" ]; then
    printf 'too old: %s %s, needed is %s or later. %s\n' "$1" "$found" "$2" "$3" >&2
    missing=1
  fi
}

need cargo 1.89 'Install Rust: https://rustup.rs'
need python3 3.11 'Install Python with venv: https://www.python.org, or the packages python3 and python3-venv'
need node 20.0 'Install Node.js: https://nodejs.org'
need npm 9.0 'It comes with Node.js'
[ "$missing" = 0 ] || exit 1

venv() {
  [ -x .venv/bin/python ] || python3 -m venv .venv || {
    echo 'missing: the module venv of Python (package python3-venv)' >&2
    return 1
  }
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
}

wheel() {
  (cd bindings-python && VIRTUAL_ENV="$ROOT/.venv" CARGO_TARGET_DIR="$ROOT/target/python" maturin develop --quiet)
}

npm_packages() { npm ci --no-audit --no-fund --loglevel=error --prefix "$1"; }

addon() { npm run --silent --prefix bindings-node build:debug; }

rust="Cargo.toml Cargo.lock core gate stores"
step 'Python packages' .venv/bin/maturin requirements-dev.txt venv
step 'Python wheel' '.venv/lib/python3*/site-packages/consentgate*.dist-info' "requirements-dev.txt $rust bindings-python" wheel
step 'npm packages of the addon' bindings-node/node_modules bindings-node/package-lock.json npm_packages bindings-node
step 'Node addon' 'bindings-node/native/*.node' "bindings-node/package-lock.json bindings-node/Cargo.toml bindings-node/src bindings-node/build.mjs $rust" addon
step 'npm packages of the smoke' scripts/smoke/node_modules scripts/smoke/package-lock.json npm_packages scripts/smoke
step 'npm packages of the Express example' examples/express/node_modules examples/express/package-lock.json npm_packages examples/express
