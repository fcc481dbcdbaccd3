import importlib.util
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "requirements" / "install.py"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module whose environment and cache are in a directory of the test."""
    spec = importlib.util.spec_from_file_location("install", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(module, "STAMPS", tmp_path / ".venv" / ".setup")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return module


def test_a_missing_compiler_is_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={**os.environ, "CXX": "no-such-compiler"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "no C++ compiler (no-such-compiler)" in done.stderr


def test_another_python_is_one_sentence(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    with pytest.raises(install.SetupError, match=r"this project needs 3\.11"):
        install._check_machine()


def test_a_python_without_venv_is_told_what_to_install(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(install.SetupError, match=r"no module venv; .*python3\.11-venv"):
        install._check_machine()


def test_a_step_runs_again_only_when_its_key_changed(install: ModuleType) -> None:
    done: list[str] = []
    for key in ["a", "a", "b", "b"]:
        install._step("thing", key, lambda: done.append("done"))
    assert len(done) == 2


def test_a_step_that_failed_runs_again(install: ModuleType) -> None:
    def fail() -> None:
        raise install.SetupError("no network")

    done: list[str] = []
    with pytest.raises(install.SetupError):
        install._step("thing", "a", fail)
    install._step("thing", "a", lambda: done.append("done"))
    assert done == ["done"]


def test_an_interrupted_build_leaves_no_wheel(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(arguments: list[str], *_: object) -> None:
        wheels = Path(arguments[-1])
        wheels.mkdir()
        (wheels / "half.whl").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(install, "_horovod_source", lambda directory: directory)
    monkeypatch.setattr(install, "_pip", interrupted)
    kept = install._kept_wheels() / "key"
    with pytest.raises(KeyboardInterrupt):
        install._build_horovod(kept)
    assert list(install._kept_wheels().iterdir()) == []


def source_of_horovod(directory: Path, install: ModuleType) -> Path:
    for name, (old, _) in install.HOROVOD_MENDING.items():
        file = directory / "horovod-0.28.1" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"// before\n{old}// after\n")
    return directory / "horovod-0.28.1"


def test_horovods_source_is_mended_before_it_is_built(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def download(arguments: list[str], *_: object) -> None:
        assert "--require-hashes" in arguments
        source = source_of_horovod(tmp_path / "published", install)
        with tarfile.open(Path(arguments[-1]) / "horovod-0.28.1.tar.gz", "w:gz") as packed:
            packed.add(source, source.name)

    monkeypatch.setattr(install, "_pip", download)
    (tmp_path / "build").mkdir()
    source = install._horovod_source(tmp_path / "build")
    mended = (source / "horovod/common/gloo/gloo_context.cc").read_text()
    assert "  gloo_iface_ = global_context.gloo_iface_;\n// after" in mended
    assert "keeps_gloo_interface = True\n" in (source / "horovod/__init__.py").read_text()


def test_another_source_than_the_known_one_is_not_built(
    install: ModuleType, tmp_path: Path
) -> None:
    source = source_of_horovod(tmp_path, install)
    (source / "horovod/common/gloo/gloo_context.cc").write_text("// mended by its authors\n")
    with pytest.raises(install.SetupError, match=r"gloo_context\.cc is not the one"):
        install.mend_horovod(source)


def test_a_kept_wheel_that_does_not_work_is_built_again(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = install._kept_wheels() / install._horovod_key()
    kept.mkdir(parents=True)
    (kept / "broken.whl").write_text("broken")

    def build(place: Path) -> None:
        place.mkdir()
        (place / "good.whl").write_text("good")

    monkeypatch.setattr(install, "_build_horovod", build)
    monkeypatch.setattr(install, "_pip", lambda *_: None)
    monkeypatch.setattr(install, "_succeeds", lambda _code: (kept / "good.whl").exists())
    install._install_horovod()
    assert [wheel.name for wheel in kept.iterdir()] == ["good.whl"]


def test_what_other_tools_leave_in_the_environment_does_not_reach_the_build(
    install: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAKEFLAGS", "--jobserver-auth=3,4")
    monkeypatch.setenv("HOROVOD_GPU_OPERATIONS", "NCCL")
    seen = install._environment(install.HOROVOD_BUILD)
    assert "MAKEFLAGS" not in seen
    assert {name for name in seen if name.startswith("HOROVOD_")} == set(install.HOROVOD_BUILD)


@pytest.mark.parametrize("name", ["base", "build", "dev", "gpu", "horovod", "java"])
def test_a_lock_names_no_index_and_has_a_hash_for_everything(name: str) -> None:
    text = (SCRIPT.parent / f"{name}.lock").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert "://" not in text
    assert all("==" in line or "--hash=sha256:" in line for line in lines)
