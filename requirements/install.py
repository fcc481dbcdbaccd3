"""Makes `.venv`, all of it: `make setup`, `make demo` and `make test` call this first.

Runs under the system's Python with nothing but the standard library. Every finished step leaves a
stamp in `.venv`, so that a second run does nothing twice and an interrupted one goes on where it
was. The only slow step, building Horovod, keeps its wheel outside `.venv` for the next time.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMPS = VENV / ".setup"

# MXNet over Gloo and nothing else: no MPI on the machine, no other framework in the environment.
HOROVOD_BUILD = {
    "HOROVOD_WITH_MXNET": "1",
    "HOROVOD_WITH_GLOO": "1",
    "HOROVOD_WITHOUT_MPI": "1",
    "HOROVOD_WITHOUT_TENSORFLOW": "1",
    "HOROVOD_WITHOUT_PYTORCH": "1",
    "HOROVOD_CPU_OPERATIONS": "GLOO",
}
# Horovod 0.28.1 forgets HOROVOD_GLOO_IFACE for the connections that carry the gradients, and takes
# the address of the host's name. The package then says that it was mended (spark/collectives.py).
HOROVOD_MENDING = {
    "horovod/common/gloo/gloo_context.cc": (
        "  assert(global_context.IsEnabled());\n",
        "  assert(global_context.IsEnabled());\n  gloo_iface_ = global_context.gloo_iface_;\n",
    ),
    "horovod/__init__.py": (
        "__version__ = '0.28.1'\n",
        "__version__ = '0.28.1'\nkeeps_gloo_interface = True\n",
    ),
}
HOROVOD_CHECK = "import horovod.mxnet as hvd, sys; sys.exit(not hvd.gloo_built())"
HADOOP_IS_KEPT = (
    "from pipeline.local.hadoop.jars import are_kept; import sys; sys.exit(not are_kept())"
)
HADOOP_JARS = (
    "from pipeline.local.hadoop.jars import hadoop_jars; "
    "from pipeline.local.java import find_java; hadoop_jars(str(find_java()))"
)
JAVA_CHECK = "from pipeline.local.java import find_java; find_java()"


class SetupError(Exception):
    """Set-up cannot go on; the message is one sentence for the person who ran it."""


def main() -> int:
    """Run all steps; the exit code."""
    try:
        _check_machine()
        with _alone():
            _make_venv()
            _install_all()
    except SetupError as error:
        _say(f"error: {error}", sys.stderr)
        return 1
    except OSError as error:
        where = error.filename or "this machine"
        _say(f"error: {where}: {error.strerror or error}", sys.stderr)
        return 1
    except KeyboardInterrupt:
        _say("interrupted; run the same command again to go on from here", sys.stderr)
        return 130
    return 0


def _install_all() -> None:
    _step("build", _digest_of("build.lock"), lambda: _pip_lock("build.lock"))
    _step("base", _digest_of("base.lock"), lambda: _pip_lock("base.lock"))
    _step("dev", _digest_of("dev.lock"), lambda: _pip_lock("dev.lock"))
    _step("horovod", _horovod_key(), _install_horovod)
    _step("package", _digest_of("../pyproject.toml", "../pipeline/__init__.py"), _install_package)
    _install_java_if_none()
    _resolve_hadoop()


# --- the machine ----------------------------------------------------------------------------------


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock, so that two set-ups of one checkout do not write into one environment."""
    handle = os.open(LOCKS, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another set-up of this checkout")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _check_machine() -> None:
    if sys.version_info[:2] != (3, 11):
        raise SetupError(
            f"{sys.executable} is Python {platform.python_version()}, and this project needs 3.11; "
            "install it, or name it: make PYTHON=/path/to/python3.11"
        )
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            raise SetupError(
                f"{sys.executable} has no module {module}; install it "
                "(Debian and Ubuntu: apt-get install python3.11-venv)"
            )
    _compiler("CC")
    _compiler("CXX")


def _compiler(variable: str) -> str:
    """The path of the compiler that CMake is going to find."""
    usual = {"CC": ("cc", "gcc", "clang"), "CXX": ("c++", "g++", "clang++")}[variable]
    named = os.environ.get(variable)
    for name in [named] if named else usual:
        found = shutil.which(name)
        if found:
            return found
    language = {"CC": "C", "CXX": "C++"}[variable]
    raise SetupError(
        f"no {language} compiler ({named or ', '.join(usual)}), and Horovod is built from source; "
        "install one (Debian and Ubuntu: apt-get install g++)"
    )


# --- steps and their stamps -----------------------------------------------------------------------


def _make_venv() -> None:
    # The path is part of the key: an environment that was moved or copied has dead scripts.
    key = f"{platform.python_version()} {Path(sys.executable).resolve()} {VENV}"
    if not VENV_PYTHON.exists():
        (STAMPS / "venv").unlink(missing_ok=True)
    _step("venv", key, _create_venv)


def _create_venv() -> None:
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)], "the environment cannot be made")


def _step(name: str, key: str, action: Callable[[], None]) -> None:
    """Do `action`, unless it was done with the same key before."""
    stamp = STAMPS / name
    if stamp.exists() and stamp.read_text(encoding="utf-8") == key:
        return
    _say(f"{name} ...")
    begin = time.monotonic()
    action()
    _stamp(name, key)
    _say(f"{name}: done in {time.monotonic() - begin:.0f} s")


def _stamp(name: str, key: str) -> None:
    STAMPS.mkdir(exist_ok=True)
    part = STAMPS / f"{name}.part"
    part.write_text(key, encoding="utf-8")
    part.replace(STAMPS / name)


def _digest_of(*names: str) -> str:
    """A digest of the content of files, named relative to `requirements/`."""
    digest = hashlib.sha256()
    for name in names:
        digest.update((LOCKS / name).read_bytes())
    return digest.hexdigest()


# --- packages -------------------------------------------------------------------------------------


def _pip_lock(name: str) -> None:
    # Without build isolation, what is built from source is built by what build.lock pins.
    how = ["--require-hashes", "--no-deps", "--no-build-isolation"]
    _pip(
        ["install", *how, "-r", str(LOCKS / name)],
        f"the packages of requirements/{name} cannot be installed",
    )


def _install_package() -> None:
    _pip(
        ["install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)],
        "the package itself cannot be installed",
    )


def _install_java_if_none() -> None:
    # Asked every time: the Java of yesterday may be gone from the machine today.
    if not _succeeds(JAVA_CHECK):
        _say("java: there is no Java 17 on this machine, so one goes into .venv")
        _pip_lock("java.lock")


def _resolve_hadoop() -> None:
    """The jars of `local up --yarn`, kept for all checkouts; without them its tests are skipped."""
    if _succeeds(HADOOP_IS_KEPT):
        return
    _say("hadoop: its jars, once; about 2 minutes")
    done = subprocess.run(
        [str(VENV_PYTHON), "-c", HADOOP_JARS], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no word"])[-1]
        _say(f"hadoop: tests of YARN are going to be skipped: {reason}", sys.stderr)


# --- Horovod --------------------------------------------------------------------------------------


def _install_horovod() -> None:
    kept = _kept_wheels() / _horovod_key()
    if not kept.exists():
        _build_horovod(kept)
    elif not _horovod_works_from(kept):
        _say("the kept Horovod wheel does not work here, so it is built again")
        shutil.rmtree(kept)
        _build_horovod(kept)
    else:
        return
    if not _horovod_works_from(kept):
        shutil.rmtree(kept)
        raise SetupError("Horovod was built, but horovod.mxnet does not import, or has no Gloo")


def _build_horovod(kept: Path) -> None:
    """Build the wheel beside its place and rename it, so that no half one can ever be there."""
    _say("building Horovod, once; about 3 minutes on two cores")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=kept.parent) as directory:
        source, wheels = _horovod_source(Path(directory)), Path(directory) / "wheels"
        # pip's own cache knows nothing of the MXNet that a wheel was built against.
        how = ["--no-deps", "--no-build-isolation", "--no-cache-dir"]
        _pip(
            ["wheel", *how, str(source), "--wheel-dir", str(wheels)],
            "Horovod cannot be built",
            HOROVOD_BUILD,
        )
        try:
            wheels.rename(kept)
        except OSError:
            if not kept.exists():
                raise  # otherwise another checkout finished the same build first


def _horovod_source(directory: Path) -> Path:
    """Horovod's source in that directory, downloaded by its hash, and mended."""
    how = ["--require-hashes", "--no-deps", "--no-build-isolation", "--no-binary", ":all:"]
    _pip(
        ["download", *how, "-r", str(LOCKS / "horovod.lock"), "--dest", str(directory)],
        "Horovod's source cannot be downloaded",
        HOROVOD_BUILD,
    )
    archive = next(directory.glob("horovod-*.tar.gz"))
    with tarfile.open(archive) as packed:
        packed.extractall(directory, filter="data")
    source = archive.with_name(archive.name.removesuffix(".tar.gz"))
    mend_horovod(source)
    return source


def mend_horovod(source: Path) -> None:
    """Mend the mistake of Horovod's source; requirements/horovod_gpu.sh does so as well."""
    for name, (old, new) in HOROVOD_MENDING.items():
        text = (source / name).read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise SetupError(f"Horovod's {name} is not the one that requirements/install.py mends")
        (source / name).write_text(text.replace(old, new), encoding="utf-8")


def _horovod_works_from(kept: Path) -> bool:
    wheels = [str(wheel) for wheel in kept.glob("*.whl")]
    if not wheels:
        return False
    _pip(
        ["install", "--no-deps", "--force-reinstall", "--no-index", *wheels],
        "the Horovod wheel cannot be installed",
    )
    return _succeeds(HOROVOD_CHECK)


def _kept_wheels() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "emr-ensembles" / "wheels"


def _horovod_key() -> str:
    """All that decides what the build makes, as a name of a directory."""
    compiler = subprocess.run(
        [_compiler("CXX"), "--version"], capture_output=True, text=True, check=False
    ).stdout.partition("\n")[0]
    parts = [
        f"horovod {_locked('horovod.lock', 'horovod')}",
        f"mxnet {_locked('base.lock', 'mxnet')}",
        f"numpy {_locked('base.lock', 'numpy')}",
        f"python {sys.implementation.cache_tag}",
        f"platform {platform.machine()} {' '.join(platform.libc_ver())}",
        f"compiler {compiler}",
        f"options {sorted(HOROVOD_BUILD.items())}",
        f"mending {sorted(HOROVOD_MENDING.items())}",
    ]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return f"horovod-{_locked('horovod.lock', 'horovod')}-{digest}"


def _locked(lock: str, package: str) -> str:
    """The version that a lock file pins."""
    text = (LOCKS / lock).read_text(encoding="utf-8")
    match = re.search(rf"^{re.escape(package)}==(\S+)", text, flags=re.MULTILINE)
    if match is None:
        raise SetupError(f"requirements/{lock} pins no {package}; make it again: make lock")
    return match.group(1)


# --- processes ------------------------------------------------------------------------------------


def _pip(arguments: list[str], failure: str, extra: dict[str, str] | None = None) -> None:
    command = [str(VENV_PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    _run([*command, *arguments], failure, extra)


def _run(command: list[str], failure: str, extra: dict[str, str] | None = None) -> None:
    code = subprocess.run(command, env=_environment(extra), cwd=ROOT, check=False).returncode
    if code != 0:
        raise SetupError(f"{failure} (the reason stands above; exit code {code})")


def _succeeds(code: str) -> bool:
    """Whether a piece of Python runs in the environment; says nothing when it does not."""
    command = [str(VENV_PYTHON), "-c", code]
    done = subprocess.run(
        command, env=_environment(), cwd=ROOT, capture_output=True, check=False, timeout=300
    )
    return done.returncode == 0


def _environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """This process's variables, less those that would change what pip or the build do."""
    dropped = ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "MAKEFLAGS", "MAKELEVEL")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped and not name.startswith("HOROVOD_")
    }
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "VIRTUAL_ENV": str(VENV), **(extra or {})}


def _say(text: str, stream: TextIO | None = None) -> None:
    stream = stream or sys.stdout
    stream.write(f"setup: {text}\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
