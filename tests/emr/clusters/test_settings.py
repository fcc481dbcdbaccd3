from __future__ import annotations

import pytest

from pipeline.emr.instances.release import Release
from pipeline.errors import ConfigError
from tests.emr.clusters.samples import cluster


def test_a_cluster_ends_by_itself_when_it_is_idle_unless_the_file_gives_it_longer() -> None:
    assert cluster().limits.idle_minutes == 30
    assert cluster(limits={"idle_minutes": 600}).limits.idle_minutes == 600
    with pytest.raises(ConfigError, match="must be at most 10080"):
        cluster(limits={"idle_minutes": 10_081})


def test_a_cluster_cannot_be_made_to_end_before_it_has_steps() -> None:
    with pytest.raises(ConfigError, match="keep_alive: unknown key"):
        cluster(keep_alive=False)


def test_a_file_that_names_no_trainers_is_held_against_all_of_them() -> None:
    assert cluster().trainers == ["bag", "boost", "deep"]
    with pytest.raises(ConfigError, match="name one at least of bag, boost, deep"):
        cluster(trainers=[])


def test_the_primary_node_is_no_worker() -> None:
    found = cluster(task={"types": ["g5.4xlarge"]})
    assert list(found.workers) == ["core", "task"]
    assert list(found.fleets) == ["primary", "core", "task"]
    assert list(cluster().fleets) == ["primary", "core"]


def test_a_release_is_compared_as_numbers() -> None:
    assert cluster(release="emr-7.9.0").emr_release < Release(7, 14, 0)


@pytest.mark.parametrize(
    ("release", "said"),
    [
        ("7.14.0", "not a label of EMR; write it as emr-7.14.0"),
        ("emr-7.0.0", "no Python 3.11"),
        ("emr-spark-8.1.0", "Spark 4"),
        ("emr-8.0.0", "written for EMR 7"),
    ],
)
def test_a_release_that_does_not_run_the_jobs_is_refused(release: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        cluster(release=release)


def test_a_cluster_needs_a_subnet() -> None:
    with pytest.raises(ConfigError, match="subnets: name a subnet at least"):
        cluster(subnets=[])


@pytest.mark.parametrize("image", ["my-image", "ami-", "ami-0123456789ABCDEF0", "ami-0123 "])
def test_an_image_is_named_by_its_id(image: str) -> None:
    with pytest.raises(ConfigError, match="image: expected the id of an image, ami-… with hex"):
        cluster(image=image)


def test_a_cluster_has_emrs_own_image_unless_the_file_names_another() -> None:
    assert cluster().image is None
    assert cluster(image="ami-0123456789abcdef0").image == "ami-0123456789abcdef0"
