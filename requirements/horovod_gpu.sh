#!/usr/bin/env bash
# Builds the Horovod of GPU nodes: MXNet, NCCL on GPUs, Gloo between processes, no MPI.
#
#   requirements/horovod_gpu.sh [DIRECTORY]
#
# The wheel lands in DIRECTORY (default: out/horovod-gpu); `emr-ensembles env pack --target gpu
# --horovod-wheel FILE` takes it. Needs Amazon Linux 2023, as the nodes have it, and NVIDIA's CUDA
# toolkit 11.8 (CUDA_HOME, default /usr/local/cuda-11.8), whose nvcc no Python package brings.
# Needs no GPU and no driver.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
output=${1:-$root/out/horovod-gpu}
cuda=${CUDA_HOME:-/usr/local/cuda-11.8}
python=${PYTHON:-python3.11}
# T4, A10G, L4 and L40S, A100, and H100, which MXNet cannot use; newer ones start from its PTX.
architectures=70,75,80,86,89,90

fail() {
  printf 'horovod_gpu.sh: error: %s\n' "$1" >&2
  exit 1
}

require_system() {
  local system
  # shellcheck source=/dev/null
  system=$(. "${OS_RELEASE:-/etc/os-release}" && printf '%s %s' "${ID:-?}" "${VERSION_ID:-?}")
  [ "$system" = "amzn 2023" ] || fail "this machine is \"$system\", and what it compiles may not\
 load on the nodes, which are Amazon Linux 2023 (\"amzn 2023\"); run this on an EC2 instance or in\
 a container of Amazon Linux 2023"
}

require_toolkit() {
  [ -x "$cuda/bin/nvcc" ] || fail "$cuda/bin/nvcc: there is no CUDA compiler; install NVIDIA's CUDA\
 toolkit 11.8, or name its directory: CUDA_HOME=/path $0"
  "$cuda/bin/nvcc" --version | grep -q 'release 11\.8' || fail "$cuda/bin/nvcc is not of CUDA 11.8,\
 the version of the libraries in requirements/gpu.lock; install that toolkit beside it, and name\
 its directory: CUDA_HOME=/path $0"
  [ -e "$cuda/lib64/stubs/libcuda.so" ] || fail "$cuda/lib64/stubs/libcuda.so: the driver's stub is\
 not there; install the whole toolkit (cuda-driver-devel-11-8 has it)"
}

require_programs() {
  local name
  for name in "$python" find g++ gzip make readelf tar; do
    command -v "$name" >/dev/null || fail "$name is missing; install it: dnf install findutils\
 gcc-c++ gzip make python3.11 python3.11-devel python3.11-pip tar"
  done
}

require_system
require_toolkit
require_programs

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/stub" "$work/nccl"

# MXNet's library names the driver's, so Horovod's build, which imports MXNet, needs one.
ln -s "$cuda/lib64/stubs/libcuda.so" "$work/stub/libcuda.so.1"

"$python" -m venv "$work/venv"
pip=("$work/venv/bin/python" -m pip --quiet --disable-pip-version-check)
how=(--require-hashes --no-deps --no-build-isolation)
"${pip[@]}" install "${how[@]}" -r "$root/requirements/build.lock"
"${pip[@]}" install "${how[@]}" -r "$root/requirements/gpu.lock"
site=$("$work/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
PYTHONPATH=$root "$work/venv/bin/python" -c 'import sys
from pathlib import Path
from pipeline.emr.environment.libraries import link_libraries
link_libraries(Path(sys.argv[1]))' "$site"

# The same source as on CPU nodes, with its mistake mended.
"${pip[@]}" download "${how[@]}" --no-binary :all: -r "$root/requirements/horovod.lock" \
  --dest "$work/source"
tar -xzf "$work"/source/horovod-*.tar.gz -C "$work/source"
source=$(find "$work/source" -mindepth 1 -maxdepth 1 -type d -name 'horovod-*')
PYTHONPATH=$root/requirements "$work/venv/bin/python" -c 'import sys
from pathlib import Path
from install import SetupError, mend_horovod
try:
    mend_horovod(Path(sys.argv[1]))
except SetupError as error:
    sys.exit(f"horovod_gpu.sh: error: {error}")' "$source"

# One NCCL for all three: the package's library has no unversioned name, by which linkers look.
ln -s "$site/nvidia/nccl/lib/libnccl.so.2" "$work/nccl/libnccl.so"

env \
  PATH="$work/venv/bin:$cuda/bin:$PATH" \
  LD_LIBRARY_PATH="$work/stub${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
  LDFLAGS=-s \
  HOROVOD_WITH_MXNET=1 HOROVOD_WITH_GLOO=1 \
  HOROVOD_WITHOUT_MPI=1 HOROVOD_WITHOUT_TENSORFLOW=1 HOROVOD_WITHOUT_PYTORCH=1 \
  HOROVOD_GPU_OPERATIONS=NCCL HOROVOD_CPU_OPERATIONS=GLOO \
  HOROVOD_CUDA_HOME="$cuda" CUDAToolkit_ROOT="$cuda" HOROVOD_BUILD_CUDA_CC_LIST="$architectures" \
  HOROVOD_NCCL_INCLUDE="$site/nvidia/nccl/include" HOROVOD_NCCL_LIB="$work/nccl" \
  HOROVOD_NCCL_LINK=SHARED \
  "${pip[@]}" wheel --no-deps --no-build-isolation --no-cache-dir "$source" \
  --wheel-dir "$work/wheels"

"${pip[@]}" install --no-deps --no-index "$work"/wheels/*.whl
LD_LIBRARY_PATH="$work/stub" "$work/venv/bin/python" -c 'import horovod.mxnet as hvd
raise SystemExit(not (hvd.nccl_built() and hvd.gloo_built()))' ||
  fail "Horovod was built, but horovod.mxnet does not import, or has no NCCL or no Gloo"

mkdir -p "$output"
for wheel in "$work"/wheels/*.whl; do
  mv "$wheel" "$output/"
  printf '%s\n' "$output/${wheel##*/}"
done
