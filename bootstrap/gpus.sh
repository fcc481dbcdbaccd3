#!/usr/bin/env bash
# The script by which Spark learns of a node's GPUs, at a path that does not depend on RAPIDS.
set -euo pipefail
# shellcheck source=node.sh
. "$(dirname "$(readlink -f "$0")")/node.sh"

readonly FILE=$HOME_OF_ALL/bin/discover-gpus

problem() {
  file_problem "$FILE" "$HERE/discover-gpus" 755
}

plan() {
  printf 'install %s' "$FILE"
}

apply() {
  install_file "$FILE" "$HERE/discover-gpus" 755
}

as_root "$@"
read_options "" "$@"
end_without_gpu
run_part
