"""The bootstrap action: from the arguments that EMR gives it to a node that is set up."""

import pytest

from tests.bootstrap import archives
from tests.bootstrap.node import BOOTSTRAP, Node

pytestmark = pytest.mark.timeout(120)

ACTION = "/action/node.sh"


@pytest.fixture
def arguments(node: Node) -> list[str]:
    """The action's arguments, on a node that has no more than EMR brings: the action."""
    node.shell("rm -r /opt/emr-ensembles; mkdir /action")
    (node.root / "action" / "node.sh").write_bytes((BOOTSTRAP / "node.sh").read_bytes())
    node.shell(f"chmod 755 {ACTION}")
    bucket = node.root / "s3" / "bucket"
    bundle, bundle_sha256 = archives.publish_bundle(bucket)
    environment, environment_sha256 = archives.publish_environment(bucket)
    return [
        *("--bundle", bundle, "--bundle-sha256", bundle_sha256),
        *("--environment", environment, "--environment-sha256", environment_sha256),
    ]


def test_one_action_sets_up_a_gpu_node_and_changes_nothing_the_second_time(
    gpu_node: Node, arguments: list[str]
) -> None:
    assert gpu_node.run(ACTION, "--verify").returncode == 3
    first = gpu_node.run(ACTION, *arguments)
    assert first.returncode == 0, first.stderr
    parts = ["environment", "scratch", "ports", "cgroup", "gpus", "watch"]
    assert first.stdout.splitlines() == [f"{part}.sh: done" for part in parts]
    installed = gpu_node.tree()
    reads = len(gpu_node.calls("aws"))
    again = gpu_node.run(ACTION, *arguments)
    assert again.stdout.splitlines() == [f"{part}.sh: nothing to do" for part in parts]
    kept = [line for line in gpu_node.tree() if "/bootstrap" not in line]
    assert kept == [line for line in installed if "/bootstrap" not in line]
    assert len(gpu_node.calls("aws")) == reads
    assert gpu_node.run(ACTION, "--verify").returncode == 0
    assert gpu_node.run(ACTION, "--verify", *arguments).returncode == 0


def test_a_cpu_node_is_set_up_without_the_parts_for_gpus(node: Node, arguments: list[str]) -> None:
    done = node.run(ACTION, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("skipped: this node has no NVIDIA GPU") == 2
    assert node.run(ACTION, "--verify").returncode == 0


def test_the_action_tells_the_node_where_to_put_its_verdicts_and_keeps_it_so(
    node: Node, arguments: list[str]
) -> None:
    verdicts = ["--verdicts", "s3://bucket/verdicts"]
    assert node.run(ACTION, *arguments, *verdicts).returncode == 0
    assert node.shell("cat /opt/emr-ensembles/verdicts") == "s3://bucket/verdicts"
    for given in ([], verdicts):
        again = node.run(ACTION, *arguments, *given)
        assert again.stdout.splitlines()[-1] == "watch.sh: nothing to do"
        assert node.run(ACTION, "--verify", *arguments, *given).returncode == 0
    assert node.shell("cat /opt/emr-ensembles/verdicts") == "s3://bucket/verdicts"


def test_another_uri_for_verdicts_is_seen_and_taken(node: Node, arguments: list[str]) -> None:
    assert node.run(ACTION, *arguments).returncode == 0
    arguments += ["--verdicts", "s3://bucket/others"]
    verified = node.run(ACTION, "--verify", *arguments)
    assert verified.returncode == 16
    assert "verdicts names not s3://bucket/others but: nothing" in verified.stderr
    told = node.run(ACTION, "--dry-run", *arguments).stdout
    assert "and have verdicts uploaded below s3://bucket/others" in told
    assert node.run(ACTION, "--verify", *arguments).returncode == 16
    starts = node.calls("systemctl").count("restart emr-ensembles-watch.service")
    assert node.run(ACTION, *arguments).returncode == 0
    assert node.run(ACTION, "--verify", *arguments).returncode == 0
    # So what an earlier watch has found is uploaded, too.
    assert node.calls("systemctl").count("restart emr-ensembles-watch.service") == starts + 1


def test_verdicts_that_are_not_on_s3_are_refused_before_anything_is_changed(
    node: Node, arguments: list[str]
) -> None:
    before = node.tree()
    done = node.run(ACTION, *arguments, "--verdicts", "/tmp/verdicts")
    assert done.returncode == 2
    assert "--verdicts must be an s3:// URI" in done.stderr
    assert node.tree() == before


def test_a_part_that_fails_gives_its_reason_last_and_its_own_exit_code(
    node: Node, arguments: list[str]
) -> None:
    node.fake("sysctl", "echo 'permission denied' >&2; exit 1")
    done = node.run(ACTION, *arguments)
    assert done.returncode == 13
    assert done.stderr.splitlines()[-1].startswith("ports.sh: error: a command failed")
    assert "watch.sh" not in done.stdout


def test_verify_names_all_that_is_wrong(node: Node, arguments: list[str]) -> None:
    assert node.run(ACTION, *arguments).returncode == 0
    node.shell("rm -r /mnt/emr-ensembles /etc/sysctl.d")
    verified = node.run(ACTION, "--verify")
    assert verified.returncode == 12
    told = [line.split(":")[0] for line in verified.stderr.splitlines()]
    assert told == ["scratch.sh", "ports.sh"]


def test_a_damaged_bundle_is_seen_and_brought_again(node: Node, arguments: list[str]) -> None:
    assert node.run(ACTION, *arguments).returncode == 0
    node.shell("echo exit >>/opt/emr-ensembles/bootstrap/current/ports.sh")
    verified = node.run(ACTION, "--verify")
    assert verified.returncode == 3
    assert "is damaged" in verified.stderr
    assert node.run(ACTION, *arguments).returncode == 0
    assert node.run(ACTION, "--verify").returncode == 0


def test_a_bundle_with_another_sha256_is_not_run(node: Node, arguments: list[str]) -> None:
    arguments[3] = "0" * 64
    done = node.run(ACTION, *arguments)
    assert done.returncode == 1
    assert "nothing of it was used" in done.stderr
    assert node.shell("ls -A /opt/emr-ensembles/bootstrap") == ""


def test_a_dry_run_changes_nothing_and_says_what_would_be_done(
    node: Node, arguments: list[str]
) -> None:
    before = node.tree()
    done = node.run(ACTION, "--dry-run", *arguments)
    assert done.returncode == 0
    assert f"would read {arguments[1]}" in done.stdout
    assert node.tree() == before
    assert node.run(ACTION, *arguments).returncode == 0
    node.shell("rm -r /mnt/emr-ensembles")
    told = node.run(ACTION, "--dry-run", *arguments).stdout
    assert "scratch.sh: /mnt/emr-ensembles/scratch is not a directory" in told
    assert "; would make /mnt/emr-ensembles/scratch" in told


def test_a_new_version_takes_the_place_of_the_old_one(node: Node, arguments: list[str]) -> None:
    assert node.run(ACTION, *arguments).returncode == 0
    old = node.shell("readlink /opt/emr-ensembles/bootstrap/current")
    work = "/tmp/new"
    uri = "/tmp/new.tar.gz"
    node.shell(
        f"cp -r /opt/emr-ensembles/bootstrap/{old} {work}; cd {work};"
        " echo '# new' >>emr-ensembles-watch.service;"
        " sha256sum $(ls | grep -v SHA256SUMS) >SHA256SUMS;"
        f" tar -czf {uri} ."
    )
    sha256 = node.shell(f"sha256sum {uri}").split()[0]
    arguments[1], arguments[3] = uri, sha256
    done = node.run(ACTION, *arguments)
    assert done.returncode == 0, done.stderr
    assert "watch.sh: done" in done.stdout
    assert node.shell("readlink /opt/emr-ensembles/bootstrap/current") == sha256[:12]
    assert node.shell("tail -n 1 /etc/systemd/system/emr-ensembles-watch.service") == "# new"


def test_the_action_asks_for_root_by_sudo(node: Node, arguments: list[str]) -> None:
    node.fake("sudo", 'echo "$*" >>/calls/sudo')
    node.shell("chmod 777 /calls")
    user = ["setpriv", "--reuid", "65534", "--clear-groups"]
    assert node.run(*user, ACTION, *arguments).returncode == 0
    assert node.calls("sudo")[0].split()[:2] == ["--non-interactive", "--"]
    assert node.calls("sudo")[0].endswith(f"{ACTION} {' '.join(arguments)}")
