"""What cfn-lint and checkov say of the templates; `make lint-infra` asks both."""

import subprocess
from pathlib import Path

import pytest
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs

from tests.infra.cloudformation.templates import NAMES, ROOT, TEMPLATES, load

CHECKOV = ROOT / ".venv-infra" / "bin" / "checkov"
# One whose names of EMR's buckets are exceptions, and others.
REGIONS = ["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-2"]


def test_there_is_a_template_for_each_part() -> None:
    assert NAMES == ["buckets", "image", "network", "roles", "security"]


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_cfn_lint_finds_nothing(path: Path) -> None:
    found = lint_file(path, config=ManualArgs(regions=REGIONS))
    assert [f"{match.rule.id} {match.message}" for match in found] == []


def test_no_rule_of_cfn_lint_is_ignored() -> None:
    for name in NAMES:
        template = load(name)
        assert "cfn-lint" not in template.get("Metadata", {})
        for resource in template["Resources"].values():
            assert "cfn-lint" not in resource.get("Metadata", {})


@pytest.mark.slow
def test_checkov_finds_nothing_without_a_network(tmp_path: Path) -> None:
    if not CHECKOV.exists():
        pytest.skip("checkov is not asked: there is no .venv-infra; make lint-infra makes it")
    done = subprocess.run(
        [
            *(str(CHECKOV), "--skip-download", "--framework", "cloudformation", "--compact"),
            *("-o", "json", "-d", str(ROOT / "infra" / "cloudformation")),
        ],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"failed": 0' in done.stdout
    assert '"parsing_errors": 0' in done.stdout
    assert '"passed": 0' not in done.stdout


def test_every_exception_of_checkov_says_why() -> None:
    for name in NAMES:
        for resource in load(name)["Resources"].values():
            for skipped in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
                assert skipped["id"].startswith("CKV")
                assert len(skipped["comment"]) > 20


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_described_and_limited(name: str) -> None:
    template = load(name)
    assert template["Description"]
    for parameter, body in template["Parameters"].items():
        assert body["Description"], parameter
        assert {"AllowedPattern", "AllowedValues", "MinValue"} & set(body), parameter
        assert ("AllowedPattern" in body) == ("ConstraintDescription" in body), parameter
    for output, body in template["Outputs"].items():
        assert body["Description"], output
