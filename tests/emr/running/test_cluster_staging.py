from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from pipeline import files
from pipeline.emr.clusters.request import CLUSTER_TAG, RECORD_TAG
from pipeline.emr.running.cluster_staging import prepare_cluster
from pipeline.emr.running.record import record_of
from pipeline.emr.running.states import Cluster
from pipeline.errors import UserError
from tests.emr.clusters import samples
from tests.emr.running.fake_environment import packed

BOOTSTRAP = samples.ROOT / "bootstrap"


@pytest.fixture
def base(s3: str) -> str:
    return f"{s3}/{uuid.uuid4().hex}"


def test_the_request_names_its_record_from_which_the_same_cluster_follows(
    base: str, tmp_path: Path
) -> None:
    settings = samples.cluster()
    staging = prepare_cluster(settings, base, str(packed(tmp_path).path), BOOTSTRAP)
    staging.bring()
    request, record, uri = staging.request, staging.record, staging.record_uri
    tags = {each["Key"]: each["Value"] for each in request["Tags"]}
    assert tags[RECORD_TAG] == uri == f"{base}/clusters/{request['Name']}.json"
    assert tags[CLUSTER_TAG] == request["Name"]
    assert record_of(Cluster("j-1", request["Name"], "WAITING", tags=tags)) == record
    assert record.settings == settings
    assert files.exists(record.artifacts.bundle)


def test_prices_change_the_record_and_not_the_clusters_name(base: str, tmp_path: Path) -> None:
    environment = str(packed(tmp_path).path)
    plain = prepare_cluster(samples.cluster(), base, environment, BOOTSTRAP)
    priced = samples.cluster(prices={"g5.2xlarge": 1.5})
    assert prepare_cluster(priced, base, environment, BOOTSTRAP).name == plain.name
    larger = samples.cluster(root_volume_gb=60)
    assert prepare_cluster(larger, base, environment, BOOTSTRAP).name != plain.name


def test_an_environment_for_other_nodes_is_refused_before_it_is_uploaded(
    base: str, tmp_path: Path
) -> None:
    cpu = packed(tmp_path, "cpu")
    with pytest.raises(UserError, match="needs the environment for gpu nodes"):
        prepare_cluster(samples.cluster(), base, str(cpu.path), BOOTSTRAP)
    assert files.names(base) == []
