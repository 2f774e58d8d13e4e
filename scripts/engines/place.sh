# shellcheck shell=bash
# Where the engines keep their data, who owns it, and the ports they were given.

PLACE=
OWNER=

# Postgres refuses to run as root: then a user without rights runs it.
find_owner() {
  if [ "$(id -u)" != 0 ]; then return; fi
  for OWNER in postgres nobody; do
    if id "$OWNER" >/dev/null 2>&1; then return; fi
  done
  fail 'Postgres does not run as root, and there is no user postgres or nobody'
}

as_owner() {
  if [ -z "$OWNER" ]; then
    "$@"
  else
    (cd "$PLACE" && setpriv --reuid "$OWNER" --regid "$(id -g "$OWNER")" --clear-groups "$@")
  fi
}

find_place() {
  [ -f "$STATE/place" ] || return 1
  PLACE=$(cat "$STATE/place")
  find_owner
  [ -d "$PLACE" ]
}

# In memory, where there is room: tests that wait for a disk wait for it more than for all else, and a server that is
# killed loses as little there. Or else below target, unless the owner cannot enter it there.
make_place() {
  if find_place; then return; fi
  find_owner
  mkdir -p "$STATE"
  if in_memory && place_in "$MEMORY"; then return; fi
  PLACE="$STATE/data"
  mkdir -p "$PLACE"
  own "$PLACE"
  if as_owner test -w "$PLACE" 2>/dev/null; then
    printf '%s\n' "$PLACE" >"$STATE/place"
  else
    rmdir "$PLACE"
    place_in "${TMPDIR:-/tmp}" || fail "the user $OWNER cannot enter ${TMPDIR:-/tmp}"
  fi
}

place_in() {
  PLACE=$(mktemp -d "$1/consentgate-engines.XXXXXX") || return 1
  own "$PLACE"
  if ! as_owner test -w "$PLACE" 2>/dev/null; then
    rmdir "$PLACE"
    return 1
  fi
  printf '%s\n' "$PLACE" >"$STATE/place"
}

own() { if [ -n "$OWNER" ]; then chown "$OWNER" "$1"; fi; }

remove_place() {
  rm -rf "$PLACE"
  rm -f "$STATE/place"
}

# free_ports COUNT: as many ports, all free a moment ago. One may be gone when it is used: whoever uses it tries again.
free_ports() {
  python3 -c '
import socket, sys
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(s.getsockname()[1] for s in sockets))' "$1"
}

port_of() { cat "$PLACE/$1/port" 2>/dev/null || true; }

# try SECONDS COMMAND…: until it succeeds, a tenth of a second apart.
try() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    if [ "$SECONDS" -ge "$end" ]; then return 1; fi
    sleep 0.1
  done
}
