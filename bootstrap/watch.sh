#!/usr/bin/env bash
# Has the node checked once the applications are on it, which come after bootstrap actions:
# check-node runs in the background, now and after each boot, and writes the verdict. With
# --verdicts it uploads it, too: the URI is kept in a file, so the unit is the same on every node.
set -euo pipefail
# shellcheck source=node.sh
. "$(dirname "$(readlink -f "$0")")/node.sh"

readonly UNIT=emr-ensembles-watch.service
readonly VERDICT=/var/lib/emr-ensembles/verdict.json

verdicts_problem() {
  local found
  [[ -v GIVEN[verdicts] ]] || return 0
  found=$(cat "$VERDICTS" 2>/dev/null || true)
  [[ $found == "${GIVEN[verdicts]}" ]] ||
    printf '%s names not %s but: %s' "$VERDICTS" "${GIVEN[verdicts]}" "${found:-nothing}"
}

problem() {
  local problem
  problem=$(unit_problem $UNIT)
  [[ -n $problem ]] || problem=$(verdicts_problem)
  if [[ -z $problem && ! -f $VERDICT ]] && ! systemctl is-active --quiet $UNIT; then
    problem="there is no $VERDICT, and $UNIT is not running"
  fi
  printf '%s' "$problem"
}

plan() {
  printf 'start %s, now and after each boot' $UNIT
  [[ ! -v GIVEN[verdicts] ]] || printf ', and have verdicts uploaded below %s' "${GIVEN[verdicts]}"
}

apply() {
  install_unit $UNIT
  if [[ -v GIVEN[verdicts] ]]; then
    TEMPORARY+=("$VERDICTS.new")
    printf '%s\n' "${GIVEN[verdicts]}" >"$VERDICTS.new"
    mv -T -- "$VERDICTS.new" "$VERDICTS"
  fi
  systemctl restart $UNIT
}

as_root "$@"
read_options "verdicts" "$@"
[[ ! -v GIVEN[verdicts] ]] || needs_verdicts
run_part
