#!/usr/bin/env bash
# The alert rules under promtool: read, each of them quiet and firing, and the queries of the dashboard as well.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "$0")/common.sh"
# shellcheck disable=SC2034 # read by install_packages
STATE="$ROOT/target/engines"
# shellcheck source=/dev/null # checked with engines.sh, which uses all of it
source scripts/engines/programs.sh

command -v promtool >/dev/null || install_packages prometheus
command -v promtool >/dev/null || fail 'needed is promtool, which comes with Prometheus: https://prometheus.io'
promtool check rules --lint-fatal alerts/rules.yml
promtool test rules alerts/rules_test.yml

# promtool reads no dashboard: its queries are read as rules. Grafana puts the width of a point in.
mkdir -p target/alerts
python3 - >target/alerts/dashboard.yml <<'PYTHON'
import json
panels = json.load(open("alerts/dashboard.json"))["panels"]
queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
queries = [query.replace("$__rate_interval", "5m") for query in queries]
rules = [{"record": f"dashboard:{at}", "expr": query} for at, query in enumerate(queries)]
print(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
PYTHON
promtool check rules --lint-fatal target/alerts/dashboard.yml
