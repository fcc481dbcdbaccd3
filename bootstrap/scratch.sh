#!/usr/bin/env bash
# A directory for scratch files on each volume that EMR has mounted for data: /mnt, /mnt1, ...
set -euo pipefail
# shellcheck source=node.sh
. "$(dirname "$(readlink -f "$0")")/node.sh"

directories() {
  local volume
  printf '%s\n' /mnt/emr-ensembles/scratch
  for volume in /mnt[0-9]*; do
    # An empty directory whose volume is not mounted would fill the root volume.
    if mountpoint --quiet "$volume"; then printf '%s\n' "$volume/emr-ensembles/scratch"; fi
  done
}

problem() {
  local directory found
  while read -r directory; do
    found=$(stat -c '%F, %U, %a' -- "$directory" 2>/dev/null || true)
    if [[ $found != 'directory, root, 1777' ]]; then
      printf '%s is not a directory of root with mode 1777 but: %s' "$directory" "${found:-missing}"
      return
    fi
  done < <(directories)
}

plan() {
  printf 'make %s, open to every user' "$(directories | paste -s -d ' ')"
}

apply() {
  local directory
  while read -r directory; do
    mkdir -p -- "$directory"
    chown root:root -- "${directory%/*}" "$directory"
    chmod 755 -- "${directory%/*}"
    # As /tmp: whoever a container runs as may write, and only the owner may delete.
    chmod 1777 -- "$directory"
  done < <(directories)
}

as_root "$@"
read_options "" "$@"
run_part
