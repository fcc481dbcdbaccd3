from __future__ import annotations

from pathlib import Path

import pipeline
from pipeline.cli.emr.node_versions import node_versions
from pipeline.emr.running.record import ClusterRecord
from pipeline.store import runs
from pipeline.store.runs import RunPlace
from tests.emr.clusters.samples import artifacts, cluster

RECORD = ClusterRecord(cluster(), artifacts(), "s3://bucket/base")


def note(output: str, run_id: str, release: str, python: str, xgboost: str) -> None:
    place = RunPlace(output, run_id)
    runs.begin(place, {"release": release})
    versions = {"xgboost": xgboost, "emr-ensembles": "0.0.1"}
    runs.note_job(place, "boost", {"outcome": "success", "python": python, "versions": versions})


def test_the_newest_job_in_the_same_environment_tells_what_nodes_have(tmp_path: Path) -> None:
    output, python = str(tmp_path), RECORD.artifacts.python
    release = RECORD.settings.release
    note(output, "20260101-000000-aaaa", release, python, "1.0")
    note(output, "20260102-000000-aaaa", release, python, "2.0")
    note(output, "20260103-000000-aaaa", "emr-7.9.0", python, "3.0")
    note(output, "20260104-000000-aaaa", release, "/usr/bin/python3", "4.0")
    found = node_versions(output, RECORD)
    assert found == {"xgboost": "2.0", "emr-ensembles": pipeline.__version__}


def test_where_no_such_job_ran_nobody_knows(tmp_path: Path) -> None:
    note(str(tmp_path), "20260104-000000-aaaa", "emr-7.9.0", "/usr/bin/python3", "4.0")
    assert node_versions(str(tmp_path), RECORD) is None
