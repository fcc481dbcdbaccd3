"""`airflow dags test emr_training`: the steps of moto's EMR really run, on the tests' YARN.

S3 is moto's, too. Only the cluster's nodes and their verdicts are told in its place: it has none.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import files
from pipeline.local.hadoop.state import HadoopState
from pipeline.store import champions
from pipeline.store.runs import RunPlace, list_runs, read_run
from tests.airflow.on_emr import AIRFLOW, DATE, airflow_of, on_emr
from tests.cli.rehearsal.rehearsed import small_config
from tests.emr.step_runner import StepRunner

JOBS = ["prepare", "bag", "boost", "deep", "score", "report"]

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.yarn,
    pytest.mark.skipif(not AIRFLOW.exists(), reason="make .venv-airflow/.made"),
]


@pytest.mark.timeout(2_400)
def test_a_date_is_prepared_trained_reported_promoted_and_the_cluster_ended(
    hadoop: HadoopState, s3: str, airflow_home: Path, tmp_path: Path
) -> None:
    with airflow_of(s3) as proxy, StepRunner(hadoop, tmp_path):
        asked = on_emr(
            proxy,
            s3,
            airflow_home,
            tmp_path,
            works=False,
            target="cpu",
            core={"types": ["c5.large"], "count": 2},
            cpu_types={"c5.large": {"vcpus": 2, "memory_gib": 5}},
        )
        source = f"{asked.base}/table/dt={DATE}.parquet"
        config = small_config(
            tmp_path,
            "small",
            output="s3://bucket/unused",
            source={"kind": "parquet", "uri": source.replace(DATE, "${date}")},
        )
        files.upload(tmp_path / "table.parquet", source)
        assert pq.read_table(tmp_path / "table.parquet").num_rows > 0
        conf = {
            **asked.conf,
            "config": str(config),
            "registry": f"{asked.base}/champions",
        }
        command = [str(AIRFLOW), "dags", "test", "emr_training", DATE, "-c", json.dumps(conf)]
        run = asked.process(command)
        assert run.code == 0, run.said[-20_000:]
        assert asked.acting.jobs == [(job, "COMPLETED") for job in _in_order(asked.acting.jobs)]
        assert asked.acting.states == ["TERMINATED"]
    output = f"{asked.base}/output/{DATE}"
    (run_id,) = list_runs(output)
    record = read_run(RunPlace(output, run_id))
    assert record["outcome"] == "success"
    assert set(JOBS) <= set(record["jobs"])
    assert files.exists(f"{output}/report/report.html")
    models = json.loads(files.read_bytes(f"{output}/report/report.json"))["models"]
    assert {"bagging", "boosting", "deep"} <= set(models)
    champion = champions.find(f"{asked.base}/champions/small")
    assert champion is not None
    assert champion.number == 1


def _in_order(jobs: list[tuple[str, str]]) -> list[str]:
    """All jobs; the trainers in the order in which they happened to be submitted."""
    names = [job for job, _ in jobs]
    assert sorted(names[1:4]) == sorted(JOBS[1:4])
    return [JOBS[0], *names[1:4], *JOBS[4:]]
