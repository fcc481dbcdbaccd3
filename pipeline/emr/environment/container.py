"""Building in a container of Amazon Linux 2023, the system of the nodes, where docker exists.

The container gets the checkout to read, copies it, makes an environment of its own by the same
set-up as `make setup`, and packs by the same command, whose archive lands in the output directory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from pipeline.emr.environment.archive import Archive, read_archive
from pipeline.emr.environment.building import Build, Say
from pipeline.errors import UserError

IMAGE = "amazonlinux:2023"

_PATIENCE_S = 20.0
# They say how this machine reaches the network; the container has to reach it the same way.
_NETWORK = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
# Kept between builds: pip's downloads, and Horovod's wheel, which takes minutes.
_CACHE = "/cache"
_SCRIPT = """
dnf install -y -q gcc-c++ gzip make python3.11 python3.11-devel python3.11-pip tar
mkdir /build
tar -C /source --exclude=./.venv --exclude=./.git --exclude=./out -cf - . | tar -C /build -xf -
cd /build
python3.11 requirements/install.py
.venv/bin/emr-ensembles env pack --no-docker --output /output "$@"
chown "$OWNER" /output/emr-ensembles-*
"""


def docker_answers() -> bool:
    """Whether docker is there and its daemon answers this user."""
    if shutil.which("docker") is None:
        return False
    try:
        done = subprocess.run(
            ["docker", "info", "--format", "{{.OSType}}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == "linux"


def build_in_container(wanted: Build, output: Path, say: Say) -> Archive:
    """Build an environment in a container and pack it into a directory of this machine.

    Raises
    ------
    UserError
        When the container fails; what it said stands above.
    """
    output.mkdir(parents=True, exist_ok=True)
    say(f"container {IMAGE}")
    code = subprocess.run(docker_command(wanted, output), check=False).returncode
    if code != 0:
        raise UserError(
            f"the build in a container of {IMAGE} failed (the reason stands above; exit code "
            f"{code}); --no-docker builds on this machine instead"
        )
    return read_archive(output / wanted.target.archive_name(wanted.requirements))


def docker_command(wanted: Build, output: Path) -> list[str]:
    """The command that builds in a container and deletes the container at its end."""
    # With an init process Ctrl-C ends the build; a shell in its place would not hear it.
    command = ["docker", "run", "--rm", "--init", "--platform", "linux/amd64"]
    command += ["--volume", f"{wanted.requirements.parent.resolve()}:/source:ro"]
    command += [
        "--volume",
        f"{output.resolve()}:/output",
        "--volume",
        f"emr-ensembles-cache:{_CACHE}",
    ]
    command += ["--env", f"OWNER={os.getuid()}:{os.getgid()}", "--env", f"XDG_CACHE_HOME={_CACHE}"]
    for name in (*_NETWORK, *(name.lower() for name in _NETWORK)):
        if name in os.environ:
            command += ["--env", name]  # its value stays out of the list of processes
    arguments = _pack_arguments(wanted)
    if wanted.horovod_wheel is not None:
        inside = f"/wheel/{wanted.horovod_wheel.name}"
        command += ["--volume", f"{wanted.horovod_wheel.resolve()}:{inside}:ro"]
        arguments += ["--horovod-wheel", inside]
    return [*command, IMAGE, "bash", "-euo", "pipefail", "-c", _SCRIPT, "pack", *arguments]


def _pack_arguments(wanted: Build) -> list[str]:
    node = wanted.node
    return [
        *("--target", wanted.target.name),
        *("--node-python", node.interpreter),
        *("--node-python-version", f"{node.python[0]}.{node.python[1]}"),
        *("--node-glibc", f"{node.glibc[0]}.{node.glibc[1]}"),
    ]
