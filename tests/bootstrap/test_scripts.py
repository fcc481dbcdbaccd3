"""What holds for every part: it installs once, sees damage, repairs it, and tells what it would."""

from pathlib import Path

import pytest

from tests.bootstrap import archives
from tests.bootstrap.node import BOOTSTRAP, Node

pytestmark = pytest.mark.timeout(120)

ENVIRONMENT = "/opt/emr-ensembles/env/cpu-0123456789ab"
UNITS = "/etc/systemd/system"
# Of each part: what damages it, and what it says then.
DAMAGE = {
    "environment.sh": {
        f"rm {ENVIRONMENT}/bin/python": "bin/python is missing",
        f"truncate -s 3 {ENVIRONMENT}/{archives.SITE_PACKAGES}/mxnet.py": (
            "mxnet.py is missing or has another size (files like that: 1)"
        ),
        f"rm -r {ENVIRONMENT}": "there is no environment",
        "rm /fakes/python3.11": "python3.11 is not installed",
    },
    "scratch.sh": {
        "chmod 755 /mnt1/emr-ensembles/scratch": "/mnt1/emr-ensembles/scratch is not",
        "rm -r /mnt/emr-ensembles": "but: missing",
    },
    "ports.sh": {
        "rm /etc/sysctl.d/90-emr-ensembles-ports.conf": "ports.conf is missing",
        "sysctl -q -w net.ipv4.ip_local_port_range='1024 65000'": (
            "from 1024 to 65000, not from 32768 to 60999"
        ),
    },
    "cgroup.sh": {
        "umount /emr-ensembles-cgroup/devices": "is not mounted",
        "rmdir /emr-ensembles-cgroup/devices/yarn": "but: missing",
        f"echo >>{UNITS}/emr-ensembles-cgroup.service": "has other contents",
        "rm /calls/enabled-emr-ensembles-cgroup.service": "is lost with a reboot",
    },
    "gpus.sh": {
        "echo >/opt/emr-ensembles/bin/discover-gpus": "has other contents",
        "chmod 644 /opt/emr-ensembles/bin/discover-gpus": "has mode 644, not 755",
    },
    "watch.sh": {
        f"rm {UNITS}/emr-ensembles-watch.service": "watch.service is missing",
        "rm /calls/active-emr-ensembles-watch.service": "is not running",
    },
}


@pytest.mark.parametrize("script", DAMAGE)
def test_a_script_installs_once_and_repairs_what_is_damaged(gpu_node: Node, script: str) -> None:
    node, arguments = gpu_node, []
    if script == "environment.sh":
        uri, sha256 = archives.publish_environment(node.root / "s3" / "bucket")
        arguments = ["--archive", uri, "--sha256", sha256]

    before = node.tree()
    assert node.part(script, "--verify").returncode == 3
    dry = node.part(script, "--dry-run", *arguments)
    assert dry.returncode == 0
    assert "; would " in dry.stdout
    assert node.tree() == before

    first = node.part(script, *arguments)
    assert (first.returncode, first.stdout) == (0, f"{script}: done\n"), first.stderr
    verified = node.part(script, "--verify")
    assert (verified.returncode, verified.stdout) == (0, f"{script}: as it should be\n")

    installed = node.tree()
    again = node.part(script, *arguments)
    assert (again.returncode, again.stdout) == (0, f"{script}: nothing to do\n")
    assert node.tree() == installed

    for damage, told in DAMAGE[script].items():
        node.shell(damage)
        damaged = node.part(script, "--verify")
        assert damaged.returncode == 3, damage
        assert told in damaged.stderr
        assert damaged.stderr.count("\n") == 1
        repaired = node.part(script, *arguments)
        assert (repaired.returncode, repaired.stdout) == (0, f"{script}: done\n"), repaired.stderr
        assert node.part(script, "--verify").returncode == 0


@pytest.mark.parametrize("script", ["cgroup.sh", "gpus.sh"])
def test_what_only_gpus_need_is_skipped_on_a_cpu_node(node: Node, script: str) -> None:
    node.add_gpus(0)
    before = node.tree()
    for options in ([], ["--verify"], ["--dry-run"]):
        done = node.part(script, *options)
        assert done.returncode == 0
        assert done.stdout == f"{script}: skipped: this node has no NVIDIA GPU\n"
    assert node.tree() == before


def test_wrong_arguments_are_refused_in_one_line(node: Node) -> None:
    archive = "s3://b/emr-ensembles-cpu-0123456789ab.tar.gz"
    wrong = [
        (["scratch.sh", "--verfy"], "unknown option --verfy; there are: --verify --dry-run"),
        (["ports.sh", "--verify", "--dry-run"], "give one of --verify and --dry-run"),
        (["gpus.sh", "now"], "unexpected argument 'now'"),
        (["watch.sh", "--limit", "5"], "unknown option --limit"),
        (["check-node", "--limit", "soon"], "--limit must be a number of seconds, not 'soon'"),
        (["environment.sh"], "--archive must be the s3:// URI or the absolute path"),
        (["environment.sh", "--archive", "s3://b/env.tar.gz"], "not 's3://b/env.tar.gz'"),
        (["environment.sh", "--archive", archive], "--sha256 must be 64 hexadecimal digits"),
        (["environment.sh", "--archive"], "--archive needs a value"),
        (["node.sh", "--bundle", "bundle.tar.gz"], "--bundle must be the s3:// URI"),
        (["watch.sh", "--verdicts", "/tmp"], "--verdicts must be an s3:// URI, below which nodes"),
        (["check-node", "--verdicts", "s3:///v"], "--verdicts must be an s3:// URI, below which"),
        (["watch.sh", "--verdicts", ""], "--verdicts must be an s3:// URI, below which nodes"),
    ]
    for (script, *arguments), told in wrong:
        done = node.part(script, *arguments)
        assert done.returncode == 2, script
        assert told in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_command_that_fails_unexpectedly_is_named_in_one_line(node: Node) -> None:
    node.fake("sysctl", "exit 7")
    done = node.part("ports.sh")
    assert done.returncode == 7
    assert done.stderr == (
        'ports.sh: error: a command failed with status 7: sysctl --quiet --load="$FILE"\n'
    )


def test_every_script_stops_at_its_first_error() -> None:
    scripts = [path for path in BOOTSTRAP.iterdir() if _is_script(path)]
    assert len(scripts) == 10
    for path in scripts:
        code = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        assert code[0] == "set -euo pipefail", path.name


def _is_script(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(b"#!")
