#!/usr/bin/env bash
# The range from which the kernel takes ports. Rabit and Gloo let it choose the port on which a
# worker listens, so a security group that allows this range within the cluster allows them all.
set -euo pipefail
# shellcheck source=node.sh
. "$(dirname "$(readlink -f "$0")")/node.sh"

readonly FILE=/etc/sysctl.d/90-emr-ensembles-ports.conf

problem() {
  local problem first last
  problem=$(file_problem "$FILE" "$HERE/ports.conf" 644)
  read -r first last </proc/sys/net/ipv4/ip_local_port_range
  if [[ -z $problem && "$first $last" != "$(wanted)" ]]; then
    problem="the kernel takes ports from $first to $last, not from $(wanted | sed 's/ / to /')"
  fi
  printf '%s' "$problem"
}

wanted() {
  sed -n 's/^net.ipv4.ip_local_port_range = //p' "$HERE/ports.conf"
}

plan() {
  printf 'write %s, so that the kernel takes ports from %s' "$FILE" "$(wanted | sed 's/ / to /')"
}

apply() {
  install_file "$FILE" "$HERE/ports.conf" 644
  sysctl --quiet --load="$FILE"
}

as_root "$@"
read_options "" "$@"
run_part
