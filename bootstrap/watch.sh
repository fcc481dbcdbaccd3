#!/usr/bin/env bash
# Has the node checked once the applications are on it, which come after bootstrap actions:
# check-node runs in the background, now and after each boot, and writes the verdict.
set -euo pipefail
# shellcheck source=node.sh
. "$(dirname "$(readlink -f "$0")")/node.sh"

readonly UNIT=emr-ensembles-watch.service
readonly VERDICT=/var/lib/emr-ensembles/verdict.json

problem() {
  local problem
  problem=$(unit_problem $UNIT)
  if [[ -z $problem && ! -f $VERDICT ]] && ! systemctl is-active --quiet $UNIT; then
    problem="there is no $VERDICT, and $UNIT is not running"
  fi
  printf '%s' "$problem"
}

plan() {
  printf 'start %s, now and after each boot' $UNIT
}

apply() {
  install_unit $UNIT
  systemctl restart $UNIT
}

as_root "$@"
read_options "" "$@"
run_part
