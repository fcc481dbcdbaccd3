from __future__ import annotations

import botocore.session

from pipeline.emr.clusters.roles import API_NAMES, ROLES
from tests.emr.clusters.samples import cluster


def test_every_fleet_of_a_cluster_file_has_a_name_that_the_api_knows() -> None:
    fleets = cluster(task={"types": ["g5.2xlarge"]}).fleets
    assert list(API_NAMES) == list(fleets)  # the primary node first
    shape = botocore.session.get_session().get_service_model("emr").shape_for("InstanceFleetType")
    assert set(API_NAMES.values()) == set(shape.enum)
    assert {ROLES[name] for name in shape.enum} == set(fleets)
