#!/usr/bin/env bash
# The engines that tests run on, on free loopback ports: a Redis, a Redis Cluster of three primaries, a Postgres, and a
# PgBouncer before that Postgres.
#   up [ENGINE…]      install what is missing, start what does not run (of all, or of those named)
#   status [ENGINE…]  say of each whether it answers; fails when one does not
#   env               print the variables by which tests find them (target/engines/env)
#   down              stop all of them and remove their data
# An ENGINE is redis, cluster, postgres or pgbouncer.
# A test that kills engines has its own in the folder that ENGINES_STATE names.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"
# shellcheck source=scripts/engines/programs.sh
source "$ROOT/scripts/engines/programs.sh"
# shellcheck source=scripts/engines/place.sh
source "$ROOT/scripts/engines/place.sh"
# shellcheck source=scripts/engines/redis.sh
source "$ROOT/scripts/engines/redis.sh"
# shellcheck source=scripts/engines/cluster.sh
source "$ROOT/scripts/engines/cluster.sh"
# shellcheck source=scripts/engines/postgres.sh
source "$ROOT/scripts/engines/postgres.sh"
# shellcheck source=scripts/engines/pgbouncer.sh
source "$ROOT/scripts/engines/pgbouncer.sh"

STATE=${ENGINES_STATE:-$ROOT/target/engines}
# Each has the functions NAME_answers, NAME_up, NAME_down, NAME_ports and NAME_env.
ENGINES=(redis cluster postgres pgbouncer)

# One at a time. The lock is not handed on: what is started here outlives this script.
alone() {
  if [ -n "${ENGINES_ALONE:-}" ] || ! command -v flock >/dev/null; then return; fi
  mkdir -p "$STATE"
  ENGINES_ALONE=1 exec flock --close "$STATE/lock" "$ROOT/scripts/engines.sh" "$@"
}

up() {
  local name
  find_programs
  make_place
  for name in "$@"; do
    "${name}_answers" || "${name}_up"
  done
  for name in "${ENGINES[@]}"; do
    if [ -n "$("${name}_ports")" ]; then "${name}_env"; fi
  done >"$STATE/env.new"
  mv "$STATE/env.new" "$STATE/env"
  status "$@"
}

down() {
  local name
  if ! find_place || ! redis_there || ! postgres_there; then return; fi
  for name in "${ENGINES[@]}"; do "${name}_down"; done
  remove_place
  rm -f "$STATE/env"
}

status() {
  local name sound=0
  if ! find_place || ! redis_there || ! postgres_there; then
    echo '   no engine is up'
    return 1
  fi
  for name in "$@"; do
    if "${name}_answers"; then
      printf '   %s is up: %s\n' "$name" "$("${name}_ports")"
    else
      printf '   %s is down\n' "$name"
      sound=1
    fi
  done
  return "$sound"
}

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
  exit 2
}

action=${1:-}
names=("${@:2}")
if [ "${#names[@]}" = 0 ]; then names=("${ENGINES[@]}"); fi
for name in "${names[@]}"; do
  case "$name" in redis | cluster | postgres | pgbouncer) ;; *) usage ;; esac
done
case "$action" in
  up)
    alone "$@"
    up "${names[@]}"
    ;;
  down)
    alone "$@"
    down
    ;;
  status) status "${names[@]}" ;;
  env) cat "$STATE/env" 2>/dev/null || fail 'no engine is up: scripts/engines.sh up' ;;
  *) usage ;;
esac
