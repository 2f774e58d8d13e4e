# shellcheck shell=bash
# Shared by the scripts beside it: the place of the project, progress lines, steps that are skipped when nothing they
# read has changed, and work that is done two at a time.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit 1
export PATH="$ROOT/.venv/bin:$PATH"
STAMPS="$ROOT/target/stamps"

say() { printf '\n== %s\n' "$*"; }

# in_memory: the folder whose files are in memory has room for 2 GiB, several times what tests have come to, and programs
# may be run from it.
MEMORY=/dev/shm
in_memory() {
  [ "$(df -Pk "$MEMORY" 2>/dev/null | awk 'END { print $4 + 0 }')" -ge 2097152 ] &&
    ! grep -qE "^[^ ]+ $MEMORY [^ ]+ [^ ]*noexec" /proc/mounts
}

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

# by_two WORK ITEM…: calls WORK with each ITEM, in this order, two at a time: whoever is done takes the next.
by_two() {
  local taken other
  taken=$(mktemp -d)
  take "$taken" "$@" &
  # Kept at once: work that reads from a process of its own changes what `$!` is.
  other=$!
  take "$taken" "$@"
  wait "$other"
  rm -r "$taken"
}

take() {
  local taken=$1 work=$2 item
  for item in "${@:3}"; do
    if mkdir "$taken/$item" 2>/dev/null; then "$work" "$item"; fi
  done
}
