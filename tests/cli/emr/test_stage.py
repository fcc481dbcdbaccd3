from __future__ import annotations

import json

import pytest
import yaml
from botocore.session import get_session
from botocore.validate import validate_parameters

from pipeline import files
from pipeline.cli.main import main
from pipeline.emr.clusters.request import RECORD_TAG
from tests.cli.emr.launching import Launching


def test_all_that_a_cluster_needs_is_brought_and_nothing_is_launched(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launched.emr("stage", *launched.staged()) == 0
    request = json.loads(capsys.readouterr().out)
    model = get_session().get_service_model("emr").operation_model("RunJobFlow")
    validate_parameters(request, model.input_shape)
    tags = {each["Key"]: each["Value"] for each in request["Tags"]}
    assert files.exists(tags[RECORD_TAG])
    [action] = request["BootstrapActions"]
    script = action["ScriptBootstrapAction"]
    assert files.exists(script["Path"])
    for option in ("--bundle", "--environment"):
        assert files.exists(script["Args"][script["Args"].index(option) + 1])
    assert launched.proxy.asked["RunJobFlow"] == 0
    assert launched.clusters() == []


def test_the_request_is_the_one_that_create_makes(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    launched.emr("stage", *launched.staged())
    name = json.loads(capsys.readouterr().out)["Name"]
    assert launched.create("--no-wait", "--unchecked") == 0
    assert [each.name for each in launched.clusters()] == [name]


def test_parameters_are_those_of_the_clusters_template(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launched.emr("stage", *launched.staged(), "--parameters") == 0
    lines = capsys.readouterr().out.splitlines()
    given = dict(line.split("=", 1) for line in lines)
    assert main(["emr", "template", "--cluster", str(launched.file)]) == 0
    template = yaml.safe_load(capsys.readouterr().out)
    assert list(given) == list(template["Parameters"])
    assert files.exists(given["Record"])
    assert given["Verdicts"] == launched.verdicts


def test_the_region_is_asked_only_when_that_is_wanted(
    launched: Launching, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*launched.staged(), "--set", "subnets=[subnet-0000]"]
    assert launched.emr("stage", *words, "--check") == 2
    assert "subnet-0000 is not in us-east-1" in capsys.readouterr().err
    assert files.names(launched.base) == []
    assert launched.emr("stage", *words) == 0
