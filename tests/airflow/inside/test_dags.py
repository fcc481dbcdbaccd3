"""What holds for every DAG file of the folder."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

DAGS = Path(__file__).resolve().parents[3] / "infra" / "airflow" / "dags"
FILES = sorted(path.name for path in DAGS.glob("*.py"))
HEAVY = ("pyspark", "mxnet", "xgboost", "horovod", "sklearn", "pandas")
LIMIT_S = 5.0

PARSE = """
import json, sys
from airflow.dag_processing.dagbag import BundleDagBag
from pathlib import Path
folder, file = Path(sys.argv[1]), sys.argv[2]
bag = BundleDagBag(folder / file, bundle_path=folder, bundle_name="dags-folder")
print("ANSWER" + json.dumps({
    "errors": bag.import_errors,
    "dags": list(bag.dags),
    "seconds": sum(stat.duration.total_seconds() for stat in bag.dagbag_stats),
    "modules": sorted(sys.modules),
}))
"""


@pytest.fixture(scope="module", params=FILES)
def parsed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a process has that Airflow starts to read one DAG file: no connection, no credential."""
    home = str(tmp_path_factory.mktemp("home"))
    environment = {"PATH": "/usr/bin:/bin", "HOME": home, "AIRFLOW_HOME": home}
    environment["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    done = subprocess.run(
        [sys.executable, "-c", PARSE, str(DAGS), request.param],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.partition("ANSWER")[2])
    return {"file": request.param, **answer}


def test_a_dag_file_is_read_without_connections_and_credentials(parsed: Any) -> None:
    assert parsed["errors"] == {}
    assert parsed["dags"] == [Path(parsed["file"]).stem]


def test_a_dag_file_is_read_in_under_five_seconds(parsed: Any) -> None:
    assert 0 < parsed["seconds"] < LIMIT_S


def test_reading_a_dag_file_imports_no_spark_and_no_trainer(parsed: Any) -> None:
    assert {name for name in parsed["modules"] if name.partition(".")[0] in HEAVY} == set()


def test_airflows_environment_has_no_other_spark_than_the_projects() -> None:
    assert find_spec("pyspark") is None


def test_every_task_is_tried_again_and_has_a_limit_of_time(dags: dict[str, Any]) -> None:
    from emr_ensembles import hooks

    for dag in dags.values():
        for task in dag.tasks:
            assert task.retries >= 1, task.task_id
            assert task.execution_timeout is not None, task.task_id
            assert hooks.task_failed in task.on_failure_callback, task.task_id


def test_every_dag_waits_to_be_switched_on_and_makes_up_for_no_past(dags: dict[str, Any]) -> None:
    from emr_ensembles import hooks

    for dag in dags.values():
        assert dag.is_paused_upon_creation
        assert not dag.catchup
        assert dag.max_active_runs == 1
        assert dag.on_failure_callback == hooks.run_failed


def test_every_param_says_what_it_is_and_has_a_default_that_its_schema_allows(
    dags: dict[str, Any],
) -> None:
    for dag in dags.values():
        assert dag.params
        dag.params.validate()
        for name in dag.params:
            param = dag.params.get_param(name)
            assert param.description, name
            assert "type" in param.schema, name
