#!/usr/bin/env bash
# Python 3.11 and the packed environment, once per node: no container unpacks hundreds of MB.
set -euo pipefail
# shellcheck source=node.sh
. "$(dirname "$(readlink -f "$0")")/node.sh"

readonly ARCHIVE_NAME='emr-ensembles-((cpu|gpu)-[0-9a-f]{12})\.tar\.gz'
# Of each file its size (a link's target) and path: reading 5 GB for their sums takes too long.
readonly SIZES=.sizes
readonly SHA256=.archive-sha256

# sizes DIRECTORY: without what Python may compile later.
sizes() {
  find "$1" \( -name __pycache__ -o -path "$1/$SIZES" -o -path "$1/$SHA256" \) -prune -o \
    \( -type f -printf '%s %P\n' -o -type l -printf '%l %P\n' \) | LC_ALL=C sort
}

# environment_problem DIRECTORY
environment_problem() {
  local directory=$1 differing count version
  if [[ ! -f $directory/$SIZES || ! -f $directory/$SHA256 ]]; then
    printf 'there is no environment in %s' "$directory"
    return
  fi
  if [[ -n ${GIVEN[sha256]-} && $(<"$directory/$SHA256") != "${GIVEN[sha256]}" ]]; then
    printf '%s was unpacked from an archive with another sha256' "$directory"
    return
  fi
  differing=$(LC_ALL=C comm -23 "$directory/$SIZES" <(sizes "$directory"))
  if [[ -n $differing ]]; then
    count=$(wc -l <<<"$differing")
    differing=${differing%%$'\n'*}
    printf '%s is missing or has another size (files like that: %s)' \
      "$directory/${differing#* }" "$count"
    return
  fi
  version=$(python_version "$directory/bin/python")
  [[ $version == 3.11 ]] || printf '%s is not a Python 3.11 but says: %s' \
    "$directory/bin/python" "$version"
}

# python_version PYTHON: or why there is none, in its last line.
python_version() {
  timeout 60 "$1" -I -B -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1 | tail -n 1 ||
    true
}

wanted_directory() {
  [[ ${GIVEN[archive]##*/} =~ ^$ARCHIVE_NAME$ ]]
  printf '%s/%s' "$ENVIRONMENTS" "${BASH_REMATCH[1]}"
}

problem() {
  local directory problem found=
  if ! command -v python3.11 >/dev/null; then
    printf 'python3.11 is not installed'
  elif [[ -n ${GIVEN[archive]-} ]]; then
    environment_problem "$(wanted_directory)"
  else
    for directory in "$ENVIRONMENTS"/*/; do
      [[ -d $directory ]] || continue
      found=yes
      problem=$(environment_problem "${directory%/}")
      if [[ -n $problem ]]; then
        printf '%s' "$problem"
        return
      fi
    done
    [[ -n $found ]] || printf 'there is no environment in %s' "$ENVIRONMENTS"
  fi
}

plan() {
  printf 'install python3.11 where it is missing and unpack %s as %s' \
    "${GIVEN[archive]}" "$(wanted_directory)"
}

# An Amazon Linux 2023 release reads a repository of its own version, so the release pins Python's.
# It comes beside /usr/bin/python3, which dnf and EMR's own tools need as it is.
install_python() {
  retry 4 timeout 600 dnf install --assumeyes --quiet python3.11 ||
    fail $FAILED "dnf could not install python3.11 in 4 tries; see its messages above"
}

apply() {
  local directory work new
  directory=$(wanted_directory)
  command -v python3.11 >/dev/null || install_python
  mkdir -p -- "$ENVIRONMENTS"
  # What a run that was killed has left.
  rm -rf -- "$ENVIRONMENTS"/.new.* "$(large_directory)"/emr-ensembles-download.*
  work=$(mktemp -d "$(large_directory)/emr-ensembles-download.XXXXXX")
  new=$(mktemp -d "$ENVIRONMENTS/.new.XXXXXX")
  TEMPORARY+=("$work" "$new")
  fetch "${GIVEN[archive]}" "${GIVEN[sha256]}" "$work/archive.tar.gz"
  tar --extract --gzip --no-same-owner --file "$work/archive.tar.gz" --directory "$new" ||
    fail $FAILED "${GIVEN[archive]} could not be unpacked into $ENVIRONMENTS; see tar's message" \
      "above, and whether the root volume is large enough: $(df -h --output=avail "$new" | tail -n 1) left"
  sizes "$new" >"$new/$SIZES"
  printf '%s\n' "${GIVEN[sha256]}" >"$new/$SHA256"
  chmod 755 "$new"
  # A container never sees half an environment.
  rm -rf -- "$directory"
  mv -T -- "$new" "$directory"
}

as_root "$@"
read_options "archive sha256" "$@"
if [[ $MODE != verify || ${#GIVEN[@]} -gt 0 ]]; then
  needs archive "(s3:/)?/(.*/)?$ARCHIVE_NAME" \
    "the s3:// URI or the absolute path of an emr-ensembles-<cpu|gpu>-<12 digits>.tar.gz"
  needs sha256 '[0-9a-f]{64}' "64 hexadecimal digits"
fi
run_part
