from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.emr.requested import Request, today
from pipeline.cli.plan.asked import jobs_of
from pipeline.emr.staging import Code
from tests.cli.emr.submitting import config_file
from tests.emr.clusters.samples import cluster

CODE = Code(b"zip", {"boost.py": b"1"})


def test_a_request_is_known_by_its_key_on_any_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMR_ENSEMBLES_DATE", raising=False)
    monkeypatch.setenv("MY_NAME", "small")
    file = config_file(tmp_path, name="${env:MY_NAME}")
    key = Request(file).key(CODE)
    assert Request(file).key(CODE) == key
    others = {
        Request(file, fresh=True).key(CODE),
        Request(file, jobs=("prepare",)).key(CODE),
        Request(file, overrides=("seed=3",)).key(CODE),
        Request(file).key(Code(b"other", CODE.scripts)),
    }
    monkeypatch.setenv("MY_NAME", "other")
    others.add(Request(file).key(CODE))
    assert len(others - {key}) == 5


def test_the_day_is_that_of_the_environment_or_the_day_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMR_ENSEMBLES_DATE", "2026-11-22")
    assert today() == "2026-11-22"
    monkeypatch.delenv("EMR_ENSEMBLES_DATE")
    assert len(today()) == len("2026-11-22")


def test_jobs_that_the_cluster_was_not_made_for_are_left_out() -> None:
    found = jobs_of(cluster(trainers=["boost"]))
    assert found == ("prepare", "boost", "score", "report")
