# shellcheck shell=bash
# PgBouncer before the Postgres, in transaction mode: what a session keeps is lost from one statement to the next. Fewer
# connections than clients, so that statements of one client go over several of them.

pgbouncer_answers() {
  local port
  port=$(port_of pgbouncer)
  [ -n "$port" ] && postgres_answers && grep -qx "\* = host=127.0.0.1 port=$(port_of postgres)" "$PLACE/pgbouncer/ini" &&
    PGCONNECT_TIMEOUT=2 "$POSTGRES_BIN/psql" --no-psqlrc --no-password -h 127.0.0.1 -p "$port" -U consentgate -d consentgate \
      -tAqc 'SELECT 1' >/dev/null 2>&1
}

pgbouncer_ports() { port_of pgbouncer; }

pgbouncer_env() {
  printf 'export CONSENTGATE_TEST_PGBOUNCER_URL=postgresql://consentgate@127.0.0.1:%s/consentgate\n' "$(port_of pgbouncer)"
}

pgbouncer_start() {
  printf '%s\n' "$1" >"$PLACE/pgbouncer/port"
  cat >"$PLACE/pgbouncer/ini" <<END
[databases]
* = host=127.0.0.1 port=$(port_of postgres)
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $1
unix_socket_dir =
auth_type = trust
auth_file = $PLACE/pgbouncer/users
pool_mode = transaction
default_pool_size = 4
max_client_conn = 500
logfile = $PLACE/pgbouncer/log
pidfile = $PLACE/pgbouncer/pid
END
  as_owner "$PGBOUNCER" --daemon --quiet "$PLACE/pgbouncer/ini" >/dev/null 2>&1 && try 4 pgbouncer_answers
}

# On the port it had, or else on a new one.
pgbouncer_up() {
  local port
  postgres_answers || postgres_up
  pgbouncer_down
  mkdir -p "$PLACE/pgbouncer"
  own "$PLACE/pgbouncer"
  printf '"consentgate" ""\n' >"$PLACE/pgbouncer/users"
  port=$(port_of pgbouncer)
  if [ -n "$port" ] && pgbouncer_start "$port"; then return; fi
  for _ in 1 2 3; do
    pgbouncer_down
    port=$(free_ports 1)
    if pgbouncer_start "$port"; then return; fi
  done
  tail -n 20 "$PLACE/pgbouncer/log" >&2
  fail 'PgBouncer does not start'
}

pgbouncer_is_gone() { ! pgbouncer_runs; }

# The one started here: after a restart of the machine its number may be somebody else's.
pgbouncer_runs() {
  local pid
  pid=$(cat "$PLACE/pgbouncer/pid" 2>/dev/null) || return 1
  ps -o args= -p "$pid" | grep -qF "$PLACE/pgbouncer/ini"
}

pgbouncer_down() {
  if ! pgbouncer_runs; then return; fi
  kill "$(cat "$PLACE/pgbouncer/pid")"
  try 6 pgbouncer_is_gone || fail 'PgBouncer does not stop'
}
