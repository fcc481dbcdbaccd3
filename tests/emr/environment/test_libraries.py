from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.emr.environment.libraries import link_libraries
from pipeline.errors import UserError

FILES = [
    "mxnet/libmxnet.so",
    "xgboost.libs/libgomp-24e2ab19.so.1.0.0",
    "numpy.libs/libquadmath-96973f99.so.0.0.0",
    "nvidia/cudnn/lib/libcudnn.so.8",
    "nvidia/nccl/lib/libnccl.so.2",
    "nvidia/nccl/lib/nccl.txt",
]


def _site_packages(root: Path, names: list[str]) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def test_mxnet_has_beside_it_what_it_needs_wherever_the_environment_is(tmp_path: Path) -> None:
    site_packages = _site_packages(tmp_path / "one", FILES)
    link_libraries(site_packages)
    mxnet = site_packages.rename(tmp_path / "other") / "mxnet"
    found = {path.name: path.read_text() for path in mxnet.iterdir() if path.is_symlink()}
    assert found == {
        "libgomp.so.1": "xgboost.libs/libgomp-24e2ab19.so.1.0.0",
        "libquadmath.so.0": "numpy.libs/libquadmath-96973f99.so.0.0.0",
        "libcudnn.so.8": "nvidia/cudnn/lib/libcudnn.so.8",
        "libnccl.so.2": "nvidia/nccl/lib/libnccl.so.2",
    }


def test_linking_again_changes_nothing(tmp_path: Path) -> None:
    site_packages = _site_packages(tmp_path, FILES)
    link_libraries(site_packages)
    before = sorted(site_packages.rglob("*"))
    link_libraries(site_packages)
    assert sorted(site_packages.rglob("*")) == before


def test_a_library_of_mxnet_s_own_stays(tmp_path: Path) -> None:
    site_packages = _site_packages(tmp_path, [*FILES, "mxnet/libquadmath.so.0"])
    link_libraries(site_packages)
    assert not (site_packages / "mxnet" / "libquadmath.so.0").is_symlink()


def test_a_missing_carrier_is_named(tmp_path: Path) -> None:
    site_packages = _site_packages(tmp_path, [name for name in FILES if "gomp" not in name])
    with pytest.raises(UserError, match=r"no package in it carries libgomp\.so\.1"):
        link_libraries(site_packages)
