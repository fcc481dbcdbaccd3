#!/usr/bin/env bash
# A cgroup-v1 hierarchy of the devices controller: YARN gives each container its GPUs through it,
# and Amazon Linux 2023 mounts cgroup v2 only. EMR's guide does the same in /spark-rapids-cgroup.
set -euo pipefail
# shellcheck source=node.sh
. "$(dirname "$(readlink -f "$0")")/node.sh"

readonly HIERARCHY=/emr-ensembles-cgroup/devices
readonly UNIT=emr-ensembles-cgroup.service

mounted() {
  # Also where something else hides it, the last mount counts.
  [[ ",$(findmnt --noheadings --types cgroup --output OPTIONS --mountpoint $HIERARCHY | tail -n 1)," == *,devices,* ]]
}

# NodeManagers make a group per container in `yarn`, as a user that does not exist yet while
# bootstrap actions run. The rest of the hierarchy stays root's, so none can widen its own group.
mount_hierarchy() {
  mkdir -p $HIERARCHY
  mounted || mount -t cgroup -o nosuid,nodev,noexec,devices emr-ensembles $HIERARCHY
  mkdir -p $HIERARCHY/yarn
  chmod 1777 $HIERARCHY/yarn
}

problem() {
  local mode
  if ! mounted; then
    printf 'the cgroup-v1 devices hierarchy is not mounted on %s' $HIERARCHY
    return
  fi
  mode=$(stat -c %a $HIERARCHY/yarn 2>/dev/null || true)
  if [[ $mode != 1777 ]]; then
    printf '%s/yarn is no group with mode 1777 but: %s' $HIERARCHY "${mode:-missing}"
    return
  fi
  unit_problem $UNIT
}

plan() {
  printf 'mount it on %s, now and by %s after a reboot' $HIERARCHY $UNIT
}

apply() {
  mount_hierarchy
  install_unit $UNIT
}

as_root "$@"
if [[ $# == 1 && $1 == --mount ]]; then
  # What the unit runs.
  mount_hierarchy
  exit 0
fi
read_options "" "$@"
end_without_gpu
run_part
