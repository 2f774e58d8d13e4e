# shellcheck shell=bash
# Redis processes, which keep nothing on disk, and the single one of them.

node_says() {
  local port
  port=$(port_of "$1")
  [ -n "$port" ] || return 1
  shift
  timeout 2 redis-cli -h 127.0.0.1 -p "$port" "$@" 2>/dev/null
}

# It answers, and is the one started here: after a restart of the machine its port may be somebody else's.
node_answers() { node_says "$1" config get dir | grep -qxF "$PLACE/$1"; }

node_is_gone() { ! node_says "$1" ping >/dev/null; }

# node_start NAME PORT OPTION…
node_start() {
  local name=$1 port=$2
  shift 2
  printf '%s\n' "$port" >"$PLACE/$name/port"
  redis-server --bind 127.0.0.1 --port "$port" --daemonize yes --dir "$PLACE/$name" --pidfile "$PLACE/$name/pid" \
    --logfile "$PLACE/$name/log" --save '' --appendonly no --maxmemory-policy noeviction "$@" >/dev/null
  try 4 node_answers "$name"
}

node_down() {
  if ! node_answers "$1"; then return; fi
  node_says "$1" shutdown nosave now >/dev/null || true
  try 6 node_is_gone "$1" || fail "Redis does not stop: $1"
}

redis_answers() { node_answers redis; }

redis_ports() { port_of redis; }

redis_env() { printf 'export CONSENTGATE_TEST_REDIS_URL=redis://127.0.0.1:%s/0\n' "$(port_of redis)"; }

# On the port it had, or else on a new one.
redis_up() {
  local port
  mkdir -p "$PLACE/redis"
  port=$(port_of redis)
  if [ -n "$port" ] && node_start redis "$port"; then return; fi
  for _ in 1 2 3; do
    port=$(free_ports 1)
    if node_start redis "$port"; then return; fi
  done
  tail -n 20 "$PLACE/redis/log" >&2
  fail 'Redis does not start'
}

redis_down() { node_down redis; }
