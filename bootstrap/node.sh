#!/usr/bin/env bash
# The bootstrap action of a node. EMR brings an action one object from S3, so this one brings the
# others as a bundle with a known sha256, keeps it on the node and runs its parts in order.
# The parts source this file for what they share.
set -euo pipefail
shopt -s inherit_errexit

readonly HOME_OF_ALL=/opt/emr-ensembles
readonly BUNDLES=$HOME_OF_ALL/bootstrap
# shellcheck disable=SC2034 # for the parts
readonly ENVIRONMENTS=$HOME_OF_ALL/env
# shellcheck disable=SC2034 # for the parts, too: the URI that a node reports to, beyond a reboot
readonly VERDICTS=$HOME_OF_ALL/verdicts
readonly UNITS=/etc/systemd/system
readonly FAILED=1 WRONG_ARGUMENTS=2 NOT_AS_IT_SHOULD_BE=3
# A part that fails gives its place here, from 11, as the exit code: EMR shows no more than that.
readonly PARTS=(environment scratch ports cgroup gpus watch)
readonly FIRST_PART_CODE=11

NAME=${0##*/}
HERE=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
MODE=apply
declare -A GIVEN=()
TEMPORARY=()
REASON_GIVEN=

say() {
  printf '%s: %s\n' "$NAME" "$*"
}

# fail CODE REASON...: not in a subshell, whose exit would not end the script.
fail() {
  local code=$1
  shift
  printf '%s: error: %s\n' "$NAME" "$*" >&2
  REASON_GIVEN=yes
  exit "$code"
}

at_exit() {
  local status=$?
  ((${#TEMPORARY[@]} == 0)) || rm -rf -- "${TEMPORARY[@]}"
  if ((status != 0)) && [[ -z $REASON_GIVEN ]]; then
    printf '%s: error: a command failed with status %s: %s\n' "$NAME" "$status" "$BASH_COMMAND" >&2
  fi
}

as_root() {
  if ((EUID == 0)); then
    # The files are for every user of the node, whatever the caller's mask.
    umask 022
    trap at_exit EXIT
    return
  fi
  command -v sudo >/dev/null || fail $FAILED "must run as root, and there is no sudo"
  exec sudo --non-interactive -- "$BASH" "$0" "$@"
}

# read_options "NAME NAME..." ARGUMENTS...: sets MODE, and GIVEN[NAME] for each --NAME VALUE.
read_options() {
  local known=" --verify --dry-run${1:+ --${1// / --}} "
  shift
  while (($# > 0)); do
    case $1 in
      --verify | --dry-run)
        [[ $MODE == apply ]] || fail $WRONG_ARGUMENTS "give one of --verify and --dry-run, once"
        MODE=${1#--}
        shift
        ;;
      --?*)
        [[ $known == *" $1 "* ]] || fail $WRONG_ARGUMENTS "unknown option $1; there are:$known"
        (($# > 1)) || fail $WRONG_ARGUMENTS "$1 needs a value"
        GIVEN[${1#--}]=$2
        shift 2
        ;;
      *) fail $WRONG_ARGUMENTS "unexpected argument '$1'" ;;
    esac
  done
}

# needs NAME PATTERN MEANING: the option must be given and match.
needs() {
  [[ ${GIVEN[$1]-} =~ ^($2)$ ]] ||
    fail $WRONG_ARGUMENTS "--$1 must be $3, not '${GIVEN[$1]-}'"
}

needs_verdicts() {
  needs verdicts 's3://[^/]+(/.*)?' "an s3:// URI, below which nodes put their verdicts"
}

# retry TIMES COMMAND...: tries again after 2, 4, 8 ... seconds.
retry() {
  local times=$1 try
  shift
  for ((try = 1; ; try++)); do
    if "$@"; then return 0; fi
    if ((try == times)); then return 1; fi
    say "try $try of $times failed, the next one in $((2 ** try)) s: $*" >&2
    sleep $((2 ** try))
  done
}

# fetch URI SHA256 FILE: an s3:// URI, or an absolute path.
fetch() {
  local uri=$1 sha256=$2 file=$3 found copy
  case $uri in
    s3://*) copy=(timeout 1200 aws s3 cp --only-show-errors "$uri" "$file") ;;
    *) copy=(cp -- "$uri" "$file") ;;
  esac
  retry 4 "${copy[@]}" || fail $FAILED "$uri could not be read in 4 tries;" \
    "check that it exists and that the role of the nodes may read it"
  found=$(sha256sum -- "$file")
  [[ ${found%% *} == "$sha256" ]] || fail $FAILED \
    "$uri has the sha256 ${found%% *}, not $sha256 as was asked for; nothing of it was used"
}

# Where large files pass through: EMR mounts its volumes on /mnt, and the root volume is small.
large_directory() {
  if mountpoint --quiet /mnt; then printf /mnt; else printf /var/tmp; fi
}

nvidia_pci_devices() {
  local device count=0
  for device in /sys/bus/pci/devices/*; do
    if [[ $(cat "$device/vendor" 2>/dev/null) == 0x10de &&
      $(cat "$device/class" 2>/dev/null) == 0x03* ]]; then
      count=$((count + 1))
    fi
  done
  printf '%s\n' "$count"
}

# By its PCI devices: the driver may come only with the applications.
end_without_gpu() {
  if [[ $(nvidia_pci_devices) == 0 ]]; then
    say "skipped: this node has no NVIDIA GPU"
    exit 0
  fi
}

# file_problem FILE WANTED MODE: says how an installed file differs from the bundle's.
file_problem() {
  local file=$1 wanted=$2 mode=$3
  if [[ ! -f $file ]]; then
    printf '%s is missing\n' "$file"
  elif [[ $(sha256sum <"$file") != $(sha256sum <"$wanted") ]]; then
    printf '%s has other contents than this version installs\n' "$file"
  elif [[ $(stat -c %a -- "$file") != "$mode" ]]; then
    printf '%s has mode %s, not %s\n' "$file" "$(stat -c %a -- "$file")" "$mode"
  fi
}

# install_file FILE WANTED MODE: whole or not at all.
install_file() {
  local file=$1 wanted=$2 mode=$3
  mkdir -p -- "${file%/*}"
  TEMPORARY+=("$file.new")
  install -m "$mode" -- "$wanted" "$file.new"
  mv -T -- "$file.new" "$file"
}

unit_problem() {
  local problem
  problem=$(file_problem "$UNITS/$1" "$HERE/$1" 644)
  if [[ -z $problem ]] && ! systemctl is-enabled --quiet "$1"; then
    problem="$1 is not enabled, so it is lost with a reboot"
  fi
  printf '%s' "$problem"
}

install_unit() {
  [[ -x $BUNDLES/current/node.sh ]] || fail $FAILED \
    "$BUNDLES/current is missing, which the unit $1 runs from; run node.sh"
  install_file "$UNITS/$1" "$HERE/$1" 644
  systemctl daemon-reload
  systemctl enable --quiet "$1"
}

# A part defines `problem` (prints what is not as it should be, or nothing; never fails), `plan`
# (what `apply` would do) and `apply`; so it does nothing twice, and checks what it has done.
run_part() {
  local problem
  if [[ $MODE == apply ]]; then
    mkdir -p -- "$HOME_OF_ALL"
    exec 9>>"$HOME_OF_ALL/.lock"
    flock --timeout 900 9 || fail $FAILED "another bootstrap script has run for 15 minutes"
  fi
  problem=$(problem)
  case $MODE in
    verify)
      [[ -z $problem ]] || fail $NOT_AS_IT_SHOULD_BE "$problem"
      say "as it should be"
      ;;
    dry-run)
      if [[ -z $problem ]]; then say "nothing to do"; else say "$problem; would $(plan)"; fi
      ;;
    apply)
      if [[ -z $problem ]]; then
        say "nothing to do"
      else
        apply
        problem=$(problem)
        [[ -z $problem ]] || fail $FAILED "$problem, even after this tried to $(plan)"
        say "done"
      fi
      ;;
  esac
}

# --- What follows is the bootstrap action itself.

bundle_directory() {
  printf '%s/%s' "$BUNDLES" "${GIVEN[bundle-sha256]:0:12}"
}

# bundle_problem DIRECTORY
bundle_problem() {
  if [[ ! -f $1/SHA256SUMS ]]; then
    printf 'there is no bundle in %s' "$1"
  elif ! (cd -- "$1" && sha256sum --check --status --strict SHA256SUMS); then
    printf 'the bundle in %s is damaged' "$1"
  fi
}

install_bundle() {
  local directory new
  directory=$(bundle_directory)
  if [[ -n $(bundle_problem "$directory") ]]; then
    mkdir -p -- "$BUNDLES"
    new=$(mktemp -d "$BUNDLES/.new.XXXXXX")
    TEMPORARY+=("$new")
    fetch "${GIVEN[bundle]}" "${GIVEN[bundle-sha256]}" "$new/bundle.tar.gz"
    mkdir "$new/bundle"
    tar --extract --gzip --no-same-owner --file "$new/bundle.tar.gz" --directory "$new/bundle"
    rm -rf -- "$directory"
    mv -T -- "$new/bundle" "$directory"
  fi
  ln -sfn -- "${directory##*/}" "$BUNDLES/.current"
  mv -T -- "$BUNDLES/.current" "$BUNDLES/current"
}

# run_parts DIRECTORY: with --verify all of them, whatever the first ones say.
run_parts() {
  local part place status first_failed=0 arguments
  for place in "${!PARTS[@]}"; do
    part=${PARTS[$place]}
    arguments=()
    [[ $MODE == apply ]] || arguments+=("--$MODE")
    if [[ $part == environment && -n ${GIVEN[environment]-} ]]; then
      arguments+=(--archive "${GIVEN[environment]}" --sha256 "${GIVEN[environment-sha256]}")
    elif [[ $part == watch && -n ${GIVEN[verdicts]-} ]]; then
      arguments+=(--verdicts "${GIVEN[verdicts]}")
    fi
    status=0
    "$1/$part.sh" "${arguments[@]}" || status=$?
    if ((status != 0)); then
      ((first_failed != 0)) || first_failed=$((FIRST_PART_CODE + place))
      [[ $MODE == verify ]] || break
    fi
  done
  # The part has given the reason.
  ((first_failed == 0)) || REASON_GIVEN=yes
  return "$first_failed"
}

main() {
  local problem directory=$BUNDLES/current
  as_root "$@"
  read_options "bundle bundle-sha256 environment environment-sha256 verdicts" "$@"
  if [[ $MODE != verify || ${#GIVEN[@]} -gt 0 ]]; then
    needs bundle '(s3:/)?/.+\.tar\.gz' "the s3:// URI or the absolute path of the bundle"
    needs bundle-sha256 '[0-9a-f]{64}' "64 hexadecimal digits"
    needs environment '(s3:/)?/.+\.tar\.gz' "the s3:// URI or the absolute path of an environment"
    needs environment-sha256 '[0-9a-f]{64}' "64 hexadecimal digits"
    [[ ! -v GIVEN[verdicts] ]] || needs_verdicts
    directory=$(bundle_directory)
  fi
  if [[ $MODE == apply ]]; then
    install_bundle
  fi
  problem=$(bundle_problem "$directory")
  if [[ $MODE == dry-run && -n $problem ]]; then
    say "$problem; would read ${GIVEN[bundle]}, keep it there and run: ${PARTS[*]}"
    return
  fi
  [[ -z $problem ]] || fail $NOT_AS_IT_SHOULD_BE "$problem"
  run_parts "$directory"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  main "$@"
fi
