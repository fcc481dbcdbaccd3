#!/usr/bin/env bash
# bundle.sh DIRECTORY: writes there what node.sh reads, and prints the arguments of the action.
# The same sources give the same bytes. Needs GNU tar.
set -euo pipefail

readonly FILES=(
  node.sh environment.sh scratch.sh ports.sh cgroup.sh gpus.sh watch.sh check-node discover-gpus
  ports.conf emr-ensembles-cgroup.service emr-ensembles-watch.service
)

if (($# != 1)) || [[ ! -d $1 ]]; then
  printf 'bundle.sh: error: give one argument, an existing directory\n' >&2
  exit 2
fi
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd -- "$(dirname "$(readlink -f "$0")")"
destination=$(cd -- "$OLDPWD" && readlink -f -- "$1")
mkdir "$work/bundle"
for file in "${FILES[@]}"; do
  mode=644
  [[ $(head -c 2 -- "$file") != '#!' ]] || mode=755
  install -m "$mode" -- "$file" "$work/bundle/$file"
done
cd "$work/bundle"
sha256sum -- "${FILES[@]}" >SHA256SUMS
chmod 644 SHA256SUMS
tar --create --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner \
  "${FILES[@]}" SHA256SUMS | gzip --no-name -9 >"$work/bundle.tar.gz"
sha256=$(sha256sum "$work/bundle.tar.gz")
sha256=${sha256%% *}
bundle=$destination/emr-ensembles-bootstrap-${sha256:0:12}.tar.gz
mv -- "$work/bundle.tar.gz" "$bundle"
printf '%s  %s\n' "$sha256" "${bundle##*/}" >"$bundle.sha256"
printf -- '--bundle %s --bundle-sha256 %s\n' "$bundle" "$sha256"
