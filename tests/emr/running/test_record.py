from __future__ import annotations

import json
import uuid

import pytest

from pipeline import files
from pipeline.emr.clusters.request import RECORD_TAG
from pipeline.emr.running.record import (
    ClusterRecord,
    has_record,
    read_record,
    record_of,
    record_uri,
    write_record,
)
from pipeline.emr.running.states import Cluster
from pipeline.errors import UserError
from tests.emr.clusters import samples


def cluster(uri: str | None) -> Cluster:
    tags = {} if uri is None else {RECORD_TAG: uri}
    return Cluster("j-1", "emr-ensembles-small-0123456789ab", "WAITING", tags=tags)


@pytest.fixture
def place(s3: str) -> str:
    return f"{s3}/{uuid.uuid4().hex}"


@pytest.fixture
def record(place: str) -> ClusterRecord:
    settings = samples.cluster(prices={"m6i.xlarge": 0.25}, limits={"idle_minutes": 7})
    return ClusterRecord(settings, samples.artifacts(), place)


def test_a_record_is_read_as_it_was_written(record: ClusterRecord) -> None:
    uri = record_uri(record.base, "small")
    write_record(record, uri)
    assert uri == f"{record.base}/clusters/small.json"
    assert record_of(cluster(uri)) == record
    assert record.staging == f"{record.base}/staging"


def test_the_record_of_a_cluster_to_be_created_is_read_by_its_place(record: ClusterRecord) -> None:
    uri = record_uri(record.base, "small")
    with pytest.raises(UserError, match=r"the cluster to be: its record .* is gone"):
        read_record(uri, "the cluster to be")
    write_record(record, uri)
    assert read_record(uri, "the cluster to be") == record


def test_a_later_cluster_of_the_same_name_replaces_it(record: ClusterRecord) -> None:
    uri = record_uri(record.base, "small")
    write_record(record, uri)
    later = ClusterRecord(samples.cluster(), record.artifacts, record.base)
    write_record(later, uri)
    assert record_of(cluster(uri)) == later


def test_a_cluster_of_others_has_none() -> None:
    with pytest.raises(UserError, match=f"j-1 .* has no tag {RECORD_TAG}"):
        record_of(cluster(None))


def test_a_record_that_is_gone_is_told_with_the_remedy(place: str) -> None:
    with pytest.raises(UserError, match="is gone; repeat emr-ensembles emr create"):
        record_of(cluster(f"{place}/none.json"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not the record of a cluster"),
        (b"[]", "not the record of a cluster"),
        (b'{"format": 1}', "not the record of a cluster"),
        (b'{"format": 2}', "written in format 2, and this version reads 1"),
    ],
)
def test_what_cannot_be_read_as_a_record_is_the_users_error(
    place: str, content: bytes, said: str
) -> None:
    uri = f"{place}/damaged.json"
    files.write_bytes(uri, content)
    with pytest.raises(UserError, match=said):
        record_of(cluster(uri))


def test_a_record_holds_the_file_the_artifacts_and_no_more(record: ClusterRecord) -> None:
    uri = record_uri(record.base, "small")
    write_record(record, uri)
    content = json.loads(files.read_bytes(uri))
    assert set(content) == {"format", "cluster", "artifacts", "base"}
    assert content["cluster"]["prices"] == {"m6i.xlarge": 0.25}


@pytest.mark.parametrize("base", ["s3://bucket/a&b", f"s3://bucket/{'x' * 250}"])
def test_a_place_that_a_tag_cannot_name_is_refused(base: str) -> None:
    with pytest.raises(UserError, match="a tag cannot hold it"):
        record_uri(base, "small")


def test_a_record_that_can_be_read_is_told_from_a_damaged_one(record: ClusterRecord) -> None:
    uri = record_uri(record.base, "small")
    assert not has_record(uri)
    write_record(record, uri)
    assert has_record(uri)
    for content, is_one in ((b"{", False), (b"[]", False), (b'{"format": 2}', True)):
        files.write_bytes(uri, content)
        assert has_record(uri) is is_one
