# shellcheck shell=bash
# Shared by the scripts beside it: the place of the project, progress lines, and steps that are skipped when
# nothing they read has changed.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit 1
export PATH="$ROOT/.venv/bin:$PATH"
STAMPS="$ROOT/target/stamps"

say() { printf '\n== %s\n' "$*"; }

# A digest over the contents of files and folders, without what builds leave behind.
digest() {
  find "$@" -type f -not -path '*/node_modules/*' -not -path '*/__pycache__/*' -not -path '*/target/*' \
    -not -name '*.node' -not -name '*.so' -print0 | sort -z | xargs -0 sha256sum | sha256sum
}

# step NAME MADE "INPUTS…" COMMAND…: runs the command unless it last succeeded with the same inputs, and what it
# made (a path or a pattern) is still there.
step() {
  local name=$1 made=$2 stamp="$STAMPS/$1" now
  local -a inputs
  read -ra inputs <<<"$3"
  shift 3
  now="$(digest "${inputs[@]}") $*"
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && compgen -G "$made" >/dev/null; then
    printf '   %s: up to date\n' "$name"
    return
  fi
  say "$name"
  rm -f "$stamp"
  "$@"
  mkdir -p "$STAMPS"
  printf '%s' "$now" >"$stamp"
}
