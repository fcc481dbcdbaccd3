"""The gpu environment less its Horovod, which needs NVIDIA's compiler: does all of it link?

The driver, which no package has, is stood in for by a library whose every function fails. No GPU
is used: what this shows is that libraries are found and modules import.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.emr.environment.libraries import link_libraries
from pipeline.emr.environment.locks import requirements_directory
from pipeline.emr.environment.node import Node
from pipeline.emr.environment.packages import fetch_wheels, make_environment
from pipeline.emr.environment.target import GPU
from pipeline.emr.environment.trimming import point_to, trim
from tests.emr.environment.shared_libraries import compiled

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SITE_PACKAGES = Path("lib", "python3.11", "site-packages")

IMPORTS = """
import mxnet, numpy, pandas, pyarrow, sklearn, xgboost
assert mxnet.runtime.Features().is_enabled("CUDNN")
assert mxnet.context.num_gpus() == 0
assert mxnet.nd.dot(mxnet.nd.ones((2, 3)), mxnet.nd.ones((3, 2))).sum().asscalar() == 12
assert xgboost.build_info()["USE_CUDA"]
lines = open("/proc/self/maps").read().splitlines()
print("\\n".join(sorted({line.split()[-1] for line in lines if ".so" in line})))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Installed, trimmed, and moved to where it was not built."""
    work = tmp_path_factory.mktemp("gpu")
    free_gb = shutil.disk_usage(work).free / 1e9
    if free_gb < GPU.disk_gb:
        pytest.skip(f"{free_gb:.0f} GB are free for temporary files, and this needs {GPU.disk_gb}")
    built = work / "built"
    fetch_wheels(requirements_directory() / GPU.locks[0], work / "wheels")
    site_packages = make_environment(built, list((work / "wheels").glob("*.whl")))
    shutil.rmtree(work / "wheels")
    link_libraries(site_packages)
    trim(built, site_packages)
    point_to(Node(str(Path(sys.executable).resolve())), built)
    yield built.rename(work / "moved")
    shutil.rmtree(work)  # pytest would keep it for three more runs


@pytest.fixture(scope="module")
def driver(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a `libcuda.so.1` that has what MXNet calls; each call says: no device."""
    library = environment / SITE_PACKAGES / "mxnet" / "libmxnet.so"
    symbols = subprocess.run(
        ["nm", "-D", "--undefined-only", library], check=True, capture_output=True, text=True
    ).stdout
    functions = sorted(set(re.findall(r"\bU (cu[A-Z]\w*)", symbols)))
    assert "cuInit" in functions or "cuModuleLoadData" in functions
    source = "\n".join(f"int {name}(void) {{ return 100; }}" for name in functions)
    path = tmp_path_factory.mktemp("driver") / "libcuda.so.1"
    return compiled(path, source, "-Wl,-soname,libcuda.so.1").parent


def test_nothing_but_the_driver_and_the_system_s_own_is_missing(environment: Path) -> None:
    missing = set()
    for library in (environment / SITE_PACKAGES / "mxnet").glob("*.so*"):
        told = subprocess.run(["ldd", library], capture_output=True, text=True, check=True).stdout
        missing |= set(re.findall(r"(\S+) => not found", told))
    assert missing == {"libcuda.so.1"}


def test_mxnet_and_xgboost_import_without_a_library_path_of_their_own(
    environment: Path, driver: Path
) -> None:
    done = subprocess.run(
        [environment / "bin" / "python", "-I", "-B", "-c", IMPORTS],
        env={"LD_LIBRARY_PATH": str(driver)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for name in ("libcudart", "libcublas", "libcudnn", "libnccl", "libgomp", "libquadmath"):
        found = [path for path in done.stdout.splitlines() if name in Path(path).name]
        assert found, f"{name} was not loaded"
        assert all(Path(path).is_relative_to(environment) for path in found)


def test_there_is_one_nccl(environment: Path) -> None:
    found = {path.resolve() for path in (environment / SITE_PACKAGES).rglob("libnccl.so*")}
    assert len(found) == 1


def test_without_a_driver_the_import_of_mxnet_names_it(environment: Path) -> None:
    done = subprocess.run(
        [environment / "bin" / "python", "-I", "-B", "-c", "import mxnet"],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "libcuda.so.1" in done.stderr
