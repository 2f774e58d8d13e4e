# shellcheck shell=bash
# The programs of the engines: found, or installed by the machine's package manager, or one sentence on what to install.

REDIS_LEAST=7.0
POSTGRES_LEAST=15
POSTGRES_BIN=
PGBOUNCER=

fail() {
  printf 'engines: %s\n' "$*" >&2
  exit 1
}

# recent LEAST PROGRAM: the program is there, in this version or a later one.
recent() {
  local found
  command -v "$2" >/dev/null || return 1
  found=$("$2" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1) || return 1
  [ "$(printf '%s\n%s\n' "$1" "$found" | sort -V | head -n 1)" = "$1" ]
}

redis_there() { recent "$REDIS_LEAST" redis-server && recent "$REDIS_LEAST" redis-cli; }

# Sets PGBOUNCER. Where users are not given the folder of its program, it is there all the same.
pgbouncer_there() {
  PGBOUNCER=$(PATH="$PATH:/usr/sbin" command -v pgbouncer)
}

# Sets POSTGRES_BIN. Distributions keep the server's programs out of the PATH, a folder for each version.
postgres_there() {
  local candidate program
  while read -r candidate; do
    for program in postgres initdb pg_ctl psql; do
      recent "$POSTGRES_LEAST" "$candidate/$program" || continue 2
    done
    POSTGRES_BIN=$candidate
    return
  done < <(
    if program=$(command -v postgres); then dirname "$(readlink -f "$program")"; fi
    printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV
  )
  return 1
}

find_programs() {
  local -a missing=()
  redis_there || missing+=(redis-server)
  postgres_there || missing+=(postgresql)
  pgbouncer_there || missing+=(pgbouncer)
  if [ "${#missing[@]}" = 0 ]; then return; fi
  install_packages "${missing[@]}"
  redis_there || fail "needed are redis-server and redis-cli, $REDIS_LEAST or later. Install Redis: https://redis.io"
  pgbouncer_there || fail "needed is PgBouncer. Install it: https://www.pgbouncer.org"
  postgres_there || fail "needed is PostgreSQL $POSTGRES_LEAST or later, server and psql. Install it: https://www.postgresql.org"
}

# Does nothing where there is no way to install: what is then missing is said by the caller.
install_packages() {
  local -a through=()
  local log="$STATE/install.log" service
  command -v apt-get >/dev/null || return 0
  if [ "$(id -u)" != 0 ]; then
    if ! sudo -n true 2>/dev/null; then return 0; fi
    through=(sudo -n)
  fi
  say "installing $*"
  mkdir -p "$STATE"
  # Run level 1 starts no service: the packages bring their own, which nobody asked for.
  if ! {
    "${through[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update --quiet=2 &&
      "${through[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install --quiet=2 --yes --no-install-recommends "$@"
  } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "installing $* failed"
  fi
  # systemd does not look at the run level. These services came a moment ago, so nobody relies on them.
  if [ -d /run/systemd/system ]; then
    for service in "$@"; do "${through[@]}" systemctl disable --now --quiet "$service" || true; done
  fi
}
