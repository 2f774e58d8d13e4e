# shellcheck shell=bash
# Postgres with durable writes and little memory, and a role and database for tests.

# postgres_says ROLE DATABASE STATEMENT
postgres_says() {
  PGCONNECT_TIMEOUT=2 "$POSTGRES_BIN/psql" --no-psqlrc --no-password -h 127.0.0.1 -p "$(port_of postgres)" -U "$1" -d "$2" \
    -tAqc "$3" 2>/dev/null
}

# It answers, and is the one started here.
postgres_answers() {
  [ -n "$(port_of postgres)" ] &&
    [ "$(postgres_says postgres postgres 'SHOW data_directory')" = "$PLACE/postgres/data" ] &&
    postgres_says consentgate consentgate 'SELECT 1' >/dev/null
}

postgres_ports() { port_of postgres; }

postgres_env() {
  printf 'export CONSENTGATE_TEST_POSTGRES_URL=postgresql://consentgate@127.0.0.1:%s/consentgate\n' "$(port_of postgres)"
}

postgres_init() {
  local data="$PLACE/postgres/data"
  rm -rf "$PLACE/postgres"
  mkdir -p "$PLACE/postgres"
  own "$PLACE/postgres"
  as_owner "$POSTGRES_BIN/initdb" --pgdata "$data" --username postgres --auth trust --encoding UTF8 --no-locale --no-sync \
    >"$PLACE/initdb.log" 2>&1 || {
    cat "$PLACE/initdb.log" >&2
    fail 'initdb failed'
  }
  cat >>"$data/postgresql.conf" <<'END'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 32MB
max_wal_size = 256MB
timezone = 'UTC'
END
}

# A killed server is in the process table until its parent has asked for it. Until then its lock file counts.
postgres_bury() {
  local lock="$PLACE/postgres/data/postmaster.pid"
  if [ -f "$lock" ] && [ "$(ps -o state= -p "$(head -n 1 "$lock")")" = Z ]; then rm -f "$lock"; fi
}

postgres_start() {
  printf '%s\n' "$1" >"$PLACE/postgres/port"
  postgres_bury
  as_owner "$POSTGRES_BIN/pg_ctl" start --silent --wait --timeout 30 --pgdata "$PLACE/postgres/data" \
    --log "$PLACE/postgres/log" --options "-p $1" >/dev/null 2>&1
}

# On the port it had, or else on a new one. One that was just killed stands in the way for a moment.
postgres_start_anywhere() {
  local port
  port=$(port_of postgres)
  if [ -n "$port" ] && try 3 postgres_start "$port"; then return; fi
  for _ in 1 2 3; do
    port=$(free_ports 1)
    if postgres_start "$port"; then return; fi
  done
  tail -n 20 "$PLACE/postgres/log" >&2
  fail 'Postgres does not start'
}

postgres_up() {
  if [ ! -f "$PLACE/postgres/made" ]; then postgres_init; fi
  postgres_start_anywhere
  if [ ! -f "$PLACE/postgres/made" ]; then
    # Who drops a database that is being vacuumed has to be allowed to end that.
    if ! postgres_says postgres postgres 'CREATE ROLE consentgate LOGIN CREATEDB CREATEROLE IN ROLE pg_signal_backend' ||
      ! postgres_says postgres postgres 'CREATE DATABASE consentgate OWNER consentgate'; then
      fail 'Postgres made no database for tests'
    fi
    touch "$PLACE/postgres/made"
  fi
  postgres_answers || fail 'Postgres does not answer'
}

postgres_down() {
  local data="$PLACE/postgres/data"
  if [ ! -d "$data" ] || ! as_owner "$POSTGRES_BIN/pg_ctl" status --pgdata "$data" >/dev/null; then return; fi
  as_owner "$POSTGRES_BIN/pg_ctl" stop --silent --wait --mode immediate --pgdata "$data" >/dev/null ||
    fail 'Postgres does not stop'
}
