"""A node to run bootstrap actions on: its own mounts and network over this machine's programs."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bootstrap import archives

BOOTSTRAP = Path(__file__).resolve().parents[2] / "bootstrap"
ENDED_WITHIN_S = 60

# What the scripts change lies in the new root; programs come from this machine, unchangeable.
_BOOT = r"""
set -euo pipefail
root=$1 programs=$2 python=$3 packages=$4
mount --make-rprivate /
for name in usr bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$name" ]; then cp -a "/$name" "$root/$name"
  elif [ -d "/$name" ]; then
    mkdir "$root/$name"
    mount --rbind "/$name" "$root/$name"
    mount -o remount,bind,ro "$root/$name"
  fi
done
mkdir -p "$root"/{dev,proc,sys,tmp,run,root,opt,mnt,mnt1,mnt2}
mkdir -p "$root"/{var/lib,var/tmp,etc/systemd/system}
for name in programs python packages; do
  mkdir "$root/$name"
  mount --rbind "${!name}" "$root/$name"
done
for name in dev proc sys; do mount --bind "/$name" "$root/$name"; done
cp /etc/passwd /etc/group /etc/ld.so.cache "$root/etc"
printf '127.0.0.1 node-1.internal node-1\n' >"$root/etc/hosts"
for name in sys/bus/pci/devices proc/driver mnt mnt1; do mount -t tmpfs tmpfs "$root/$name"; done
chmod 1777 "$root/tmp" "$root/var/tmp"
echo up
# Ends with the process that holds its other end.
exec cat
"""

_FAKES = {
    # S3 is a folder; the first copies fail as often as the test wants.
    "aws": """
[ "$1 $2 $3" = "s3 cp --only-show-errors" ] || exit 64
echo "$4" >>/calls/aws
echo "$5" >>/calls/aws-to
left=$(cat /calls/aws-failures 2>/dev/null || echo 0)
if [ "$left" -gt 0 ]; then
  echo $((left - 1)) >/calls/aws-failures
  echo "fatal error: Connection reset by peer" >&2
  exit 1
fi
case $4 in
  s3://*) cp "/s3/${4#s3://}" "$5" ;;
  *) mkdir -p "$(dirname "/s3/${5#s3://}")" && cp "$4" "/s3/${5#s3://}" ;;
esac
""",
    "dnf": """
echo "$*" >>/calls/dnf
[ -e /calls/dnf-broken ] && exit 1
ln -s "$PYTHON" /fakes/python3.11
""",
    # Knows what is enabled and running; what it starts does not run.
    "systemctl": """
echo "$*" >>/calls/systemctl
for unit; do :; done
case $1 in
  daemon-reload) ;;
  enable) test -f "/etc/systemd/system/$unit" && touch "/calls/enabled-$unit" ;;
  is-enabled) test -e "/calls/enabled-$unit" ;;
  restart) test -e "/calls/enabled-$unit" && touch "/calls/active-$unit" ;;
  is-active) test -e "/calls/active-$unit" ;;
  *) exit 64 ;;
esac
""",
    "sleep": 'echo "$*" >>/calls/sleep; exec /usr/bin/sleep 0.05',
}


def lacks() -> str:
    """What this machine lacks for a node, or an empty string."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "needs root on Linux, for a mount namespace"
    for program in ("unshare", "nsenter", "chroot", "findmnt"):
        if shutil.which(program) is None:
            return f"needs the program {program}"
    tried = subprocess.run(
        ["unshare", "--mount", "--net", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        check=False,
    )
    return "" if tried.returncode == 0 else "may not make a mount namespace on this machine"


def lacks_cgroup(directory: Path) -> str:
    """Why a cgroup-v1 devices hierarchy cannot be tried on this machine, or an empty string."""
    script = (
        f"mount -t tmpfs tmpfs {directory} && mount -t cgroup -o devices x {directory}"
        f" && test ! -e {directory}/yarn && test -w {directory}/cgroup.procs"
    )
    tried = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], capture_output=True, check=False
    )
    return (
        ""
        if tried.returncode == 0
        else "no cgroup-v1 devices hierarchy, without a group `yarn` in it, can be mounted"
    )


@dataclass
class Node:
    """A node that is up."""

    root: Path
    process: subprocess.Popen[str]

    def entering(self, *command: str) -> list[str]:
        """A command as one that this machine runs on the node."""
        enter = ["nsenter", "--target", str(self.process.pid), "--mount", "--net"]
        inside = ["chroot", str(self.root), "env", "-i", f"PYTHON={archives.PYTHON}"]
        return [*enter, *inside, "PATH=/fakes:/programs", "HOME=/root", *command]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """What a command does, as root, with the node's own files, mounts and network."""
        return subprocess.run(
            self.entering(*command),
            capture_output=True,
            text=True,
            check=False,
            timeout=ENDED_WITHIN_S,
        )

    def shell(self, script: str) -> str:
        """What a script that must succeed prints."""
        done = self.run("bash", "-euo", "pipefail", "-c", script)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def part(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What a script of the bundle on this node does."""
        return self.run(f"/opt/emr-ensembles/bootstrap/current/{name}", *arguments)

    def fake(self, name: str, script: str) -> None:
        """Put a program on the node's path."""
        path = self.root / "fakes" / name
        path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def calls(self, name: str) -> list[str]:
        """The arguments of every call of a fake program."""
        path = self.root / "calls" / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def add_gpus(self, count: int) -> None:
        """Plug in GPUs, and beside them a bridge of the same vendor, which is none."""
        for number, kind in enumerate(["0x030200"] * count + ["0x068000"]):
            device = f"/sys/bus/pci/devices/0000:00:{number:02x}.0"
            self.shell(f"mkdir {device}; echo 0x10de >{device}/vendor; echo {kind} >{device}/class")

    def nvidia_smi(self, output: str, status: int = 0) -> None:
        """Have nvidia-smi print this, whatever it is asked."""
        (self.root / "calls" / "nvidia-smi-output").write_text(output, encoding="utf-8")
        self.fake("nvidia-smi", f"cat /calls/nvidia-smi-output; exit {status}")

    def tree(self) -> list[str]:
        """All that a script could have changed, with modes, sizes and times."""
        where = "/opt /etc /var /mnt /mnt1 /mnt2 /emr-ensembles-cgroup"
        listing = self.shell(
            f"(find {where} -printf '%p %m %s %T@ %l\\n' || true) 2>/dev/null | sort"
        )
        return listing.splitlines()


def link_programs(directory: Path) -> None:
    """Make the path of nodes: the system's programs, without any Python and driver."""
    directory.chmod(0o755)
    for folder in ("/usr/bin", "/usr/sbin"):
        for program in Path(folder).iterdir():
            link = directory / program.name
            if not program.name.startswith(("python", "nvidia")) and not link.is_symlink():
                link.symlink_to(program)


@contextlib.contextmanager
def up(directory: Path, programs: Path) -> Iterator[Node]:
    """A node with the bundle on it, until the block ends."""
    root = directory / "node"
    for name in ("fakes", "calls", "s3/bucket"):
        (root / name).mkdir(parents=True)
    python = Path(os.path.realpath(sys.executable)).parents[1]
    packages = sysconfig.get_path("purelib")
    process = subprocess.Popen(
        [
            "unshare",
            "--mount",
            "--net",
            "bash",
            "-c",
            _BOOT,
            "boot",
            root,
            programs,
            python,
            packages,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        node = Node(root, process)
        for name, script in _FAKES.items():
            node.fake(name, script)
        try:
            yield node
        finally:
            # The kernel's hierarchy is the machine's, whoever has mounted it.
            node.run(
                "sh", "-c", "cd /emr-ensembles-cgroup/devices && rmdir yarn/* yarn 2>/dev/null"
            )
    finally:
        process.kill()
        process.communicate()


def place_bundle(node: Node) -> tuple[str, str]:
    """Put the bundle on the node and into its S3; its URI and sha256."""
    uri, sha256 = archives.publish_bundle(node.root / "s3" / "bucket")
    bundle = node.root / "opt/emr-ensembles/bootstrap" / sha256[:12]
    bundle.mkdir(parents=True)
    archive = node.root / "s3" / uri.removeprefix("s3://")
    subprocess.run(["tar", "-xzf", str(archive), "-C", str(bundle)], check=True)
    (bundle.parent / "current").symlink_to(sha256[:12])
    return uri, sha256
