# shellcheck shell=bash
# A Redis Cluster of three primaries. On disk is only which node has which slots.

CLUSTER_NODES=(cluster-1 cluster-2 cluster-3)
CLUSTER_SLOTS=('0 5461' '5462 10922' '10923 16383')

cluster_ports() {
  local name
  for name in "${CLUSTER_NODES[@]}"; do port_of "$name"; done | paste -sd ' '
}

cluster_env() {
  local urls
  urls=$(for name in "${CLUSTER_NODES[@]}"; do printf 'redis://127.0.0.1:%s\n' "$(port_of "$name")"; done | paste -sd ,)
  printf 'export CONSENTGATE_TEST_REDIS_CLUSTER_URLS=%s\n' "$urls"
}

cluster_is_sound() {
  local name
  for name in "${CLUSTER_NODES[@]}"; do
    node_says "$name" cluster info | tr -d '\r' | grep -qx 'cluster_state:ok' || return 1
  done
}

cluster_answers() {
  local name
  for name in "${CLUSTER_NODES[@]}"; do node_answers "$name" || return 1; done
  cluster_is_sound
}

cluster_up() {
  if cluster_mend; then return; fi
  for _ in 1 2 3; do
    if cluster_make; then return; fi
  done
  tail -n 20 "$PLACE/${CLUSTER_NODES[0]}/log" >&2
  fail 'the Redis Cluster does not start'
}

# A Cluster that lost a node gets it back on its port.
cluster_mend() {
  local name port
  for name in "${CLUSTER_NODES[@]}"; do
    if node_answers "$name"; then continue; fi
    port=$(port_of "$name")
    [ -n "$port" ] || return 1
    cluster_node_start "$name" "$port" "$(cat "$PLACE/$name/bus")" || return 1
  done
  try 6 cluster_is_sound
}

# The bus has a free port of its own: by default it is the port + 10000, which may be no port at all.
cluster_node_start() {
  printf '%s\n' "$3" >"$PLACE/$1/bus"
  node_start "$1" "$2" --cluster-enabled yes --cluster-config-file nodes.conf --cluster-port "$3" --cluster-node-timeout 2000
}

cluster_make() {
  local name index
  local -a ports
  for name in "${CLUSTER_NODES[@]}"; do
    node_down "$name"
    rm -rf "${PLACE:?}/$name"
    mkdir -p "$PLACE/$name"
  done
  read -ra ports < <(free_ports 6)
  for index in 0 1 2; do
    name=${CLUSTER_NODES[index]}
    cluster_node_start "$name" "${ports[index]}" "${ports[index + 3]}" || return 1
    # shellcheck disable=SC2086 # the two ends of a range
    node_says "$name" cluster addslotsrange ${CLUSTER_SLOTS[index]} >/dev/null
    node_says "$name" cluster set-config-epoch "$((index + 1))" >/dev/null
    node_says "$name" cluster meet 127.0.0.1 "${ports[0]}" "${ports[3]}" >/dev/null
  done
  try 12 cluster_is_sound
}

cluster_down() {
  local name
  for name in "${CLUSTER_NODES[@]}"; do node_down "$name"; done
}
