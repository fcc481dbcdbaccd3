"""The graphs and the params of the DAGs on EMR, and which cluster their params come to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

TRAINING = {
    "plan": {"create", "terminate"},
    "create": {"ready", "terminate"},
    "ready": {"prepare", "terminate"},
    "prepare": {"bag", "boost", "deep"},
    "bag": {"score"},
    "boost": {"score"},
    "deep": {"score"},
    "score": {"report"},
    "report": {"promote", "terminate"},
    "promote": set(),
    "terminate": set(),
}
SCORING = {
    "plan": {"create", "partitions", "terminate"},
    "partitions": {"score"},
    "create": {"ready", "terminate"},
    "ready": {"score", "terminate"},
    "score": {"scored", "terminate"},
    "scored": set(),
    "terminate": set(),
}
DATE = "2026-11-21"
ASKED = ("emr_training", DATE)
ON_EMR = {"emr_training": TRAINING, "emr_scoring": SCORING}

PARAMS: dict[str, Any] = {
    "cluster": "g5",
    "cluster_overrides": ["limits.idle_minutes=10"],
    "instance_types": [["g5.2xlarge"], ["g5.4xlarge", "g5.8xlarge"]],
    "core_count": 3,
    "release": "emr-7.14.0",
    "base": "s3://bucket/base",
    "output": "s3://bucket/output",
    "environment": "s3://bucket/environment.tar.gz",
    "logs": None,
    "trainers": ["boost"],
}


@pytest.mark.parametrize(("dag", "order"), ON_EMR.items())
def test_tasks_follow_each_other(dags: dict[str, Any], dag: str, order: dict[str, Any]) -> None:
    found = {task.task_id: task.downstream_task_ids for task in dags[dag].tasks}
    assert found == order


@pytest.mark.parametrize("dag", ON_EMR)
def test_the_cluster_ends_whatever_happens_and_a_failure_of_that_is_one_of_the_run(
    dags: dict[str, Any], dag: str
) -> None:
    tasks = {task.task_id: task for task in dags[dag].tasks}
    assert [name for name, task in tasks.items() if task.is_setup] == ["plan", "create", "ready"]
    terminate = tasks["terminate"]
    assert terminate.is_teardown
    assert terminate.trigger_rule == "all_done_setup_success"
    assert terminate.on_failure_fail_dagrun
    assert dags[dag].dagrun_timeout is None  # it would skip the teardown


@pytest.mark.parametrize("dag", ON_EMR)
def test_a_run_fails_with_any_of_its_jobs(dags: dict[str, Any], dag: str) -> None:
    """Of a run whose only leaf is a teardown that counts, nothing else would."""
    counted = {task.task_id for task in dags[dag].leaves if not task.is_teardown}
    assert counted
    rules = {task.task_id: task.trigger_rule for task in dags[dag].tasks}
    own = {"scored": "all_done"}  # it looks itself
    assert {name: rules[name] for name in counted} in ({"promote": "none_failed"}, own)


def test_what_waits_for_hours_waits_in_the_triggerer(dags: dict[str, Any]) -> None:
    from emr_ensembles.step_operator import StepOperator

    for dag in ON_EMR:
        every = [task.unmap({"date": DATE}) if task.is_mapped else task for task in dags[dag].tasks]
        steps = [task for task in every if isinstance(task, StepOperator)]
        assert steps
        for task in steps:
            assert task.deferrable
            assert task.waiter_delay * task.waiter_max_attempts == 24 * 3_600
            assert task.execution_timeout.total_seconds() == 24 * 3_600


def test_scoring_runs_when_a_model_is_published_and_by_date(
    dags: dict[str, Any],
) -> None:
    from emr_ensembles.assets import PUBLISHED_MODEL

    timetable = dags["emr_scoring"].timetable
    assert list(timetable.asset_condition.objects) == [PUBLISHED_MODEL]
    assert timetable.timetable.expression == "0 0 * * *"
    (promote,) = [task for task in dags["emr_training"].tasks if task.task_id == "promote"]
    assert promote.outlets == [PUBLISHED_MODEL]


@pytest.mark.parametrize(
    ("date", "kind", "is_of_one"),
    [
        (DATE, "scheduled", False),
        (DATE, "backfill", True),
        (DATE, "manual", True),
        (None, "manual", False),
        (None, "asset_triggered", False),
    ],
)
def test_only_who_names_a_date_scores_nothing_but_its_partition(
    date: str | None, kind: str, is_of_one: bool
) -> None:
    from airflow.sdk.api.datamodels._generated import DagRunType

    from emr_ensembles.scoring import is_of_one_date

    # As a task gets it: not all enums of texts are texts to str().
    run = SimpleNamespace(logical_date=date, run_type=DagRunType(kind))
    assert is_of_one_date(run) == is_of_one


def test_trainers_take_turns_in_the_pool_that_a_variable_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from emr_ensembles.emr_pool import POOL_VARIABLE
    from emr_ensembles.step_operator import JobStep

    monkeypatch.setenv(POOL_VARIABLE, "gpus")
    assert [JobStep(job=job).pool for job in ("bag", "boost", "deep")] == ["gpus"] * 3
    assert JobStep(job="prepare").pool == "default_pool"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cluster", ""),
        ("cluster_overrides", ["core.count"]),
        ("instance_types", ["g5.2xlarge"]),
        ("instance_types", [[]]),
        ("instance_types", [["g5"]]),
        ("instance_types", [["g5.2xlarge"]] * 6),
        ("core_count", 0),
        ("core_count", "four"),
        ("release", "7.14.0"),
        ("base", ""),
    ],
)
def test_a_param_that_makes_no_sense_is_refused(
    dags: dict[str, Any], name: str, value: object
) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    for dag in ON_EMR:
        with pytest.raises(ParamValidationError):
            dags[dag].params.get_param(name).resolve(value)


def test_params_are_set_over_the_cluster_file_for_each_list_of_types(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from emr_ensembles.asked_cluster import AskedCluster

    monkeypatch.setenv("EMR_ENSEMBLES_HOME", "/opt/clone")
    asked = AskedCluster.asked(PARAMS, *ASKED)
    assert asked.file == "/opt/clone/conf/clusters/g5.yaml"
    always = (
        *("limits.idle_minutes=10", "release=emr-7.14.0"),
        *("core.count=3", "trainers=[boost]"),
    )
    assert asked.alternatives == (
        (*always, "core.types=[g5.2xlarge]"),
        (*always, "core.types=[g5.4xlarge, g5.8xlarge]"),
    )
    assert asked.purpose.startswith("emr_training-2026-11-21-")
    of_uri = AskedCluster.asked({**PARAMS, "cluster": "s3://b/c.yaml"}, *ASKED)
    assert of_uri.file == "s3://b/c.yaml"


def test_a_base_is_that_of_the_param_of_the_dag_or_of_all_and_else_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from emr_ensembles.asked_cluster import AskedCluster
    from pipeline.errors import UserError

    for name in ("EMR_ENSEMBLES_BASE", "EMR_ENSEMBLES_EMR_TRAINING_BASE"):
        monkeypatch.delenv(name, raising=False)
    unset = {**PARAMS, "base": None}
    with pytest.raises(UserError, match="base is missing: give the param, or set EMR_ENSEMBLES_B"):
        AskedCluster.asked(unset, *ASKED)
    monkeypatch.setenv("EMR_ENSEMBLES_BASE", "s3://all")
    assert AskedCluster.asked(unset, *ASKED).base == "s3://all"
    monkeypatch.setenv("EMR_ENSEMBLES_EMR_TRAINING_BASE", "s3://own")
    assert AskedCluster.asked(unset, *ASKED).base == "s3://own"
    assert AskedCluster.asked(PARAMS, *ASKED).base == "s3://bucket/base"


class _Emr:
    """Clusters as a list has them; what was ended."""

    def __init__(self, *clusters: Any) -> None:
        self._clusters = clusters
        self.ended: list[str] = []

    def clusters(self, states: Any, since: Any = None) -> list[Any]:
        return [each for each in self._clusters if each.state in states]

    def cluster(self, cluster_id: str) -> Any:
        return next(each for each in self._clusters if each.id == cluster_id)

    def terminate(self, cluster_id: str) -> None:
        self.ended.append(cluster_id)


def _cluster(number: str, name: str, state: str, message: str = "") -> Any:
    from pipeline.emr.running.states import Cluster

    return Cluster(number, name, state, "INTERNAL_ERROR", message)


def _names(*digits: str) -> list[Any]:
    return [SimpleNamespace(name=f"emr-ensembles-g5-x-{digit * 12}") for digit in digits]


def test_a_cluster_of_the_run_that_is_there_is_taken_and_others_of_the_run_are_ended() -> None:
    from emr_ensembles.create_cluster import there_of

    one, two, old = _names("1", "2", "3")
    emr = _Emr(_cluster("j-3", old.name, "WAITING"), _cluster("j-2", two.name, "STARTING"))
    assert there_of([one, two], emr, "g5-x") == two
    assert emr.ended == ["j-3"]
    assert there_of([one, two], _Emr(), "g5-x") is None


def test_only_a_want_of_instances_leads_to_the_next_types() -> None:
    from emr_ensembles.create_cluster import untried_of

    stagings = one, two = _names("1", "2")
    room = "There is insufficient capacity for the requested instance type"
    ended = "TERMINATED_WITH_ERRORS"
    assert untried_of(stagings, _Emr()) == one
    assert untried_of(stagings, _Emr(_cluster("j-1", one.name, ended, room))) == two
    assert untried_of(stagings, _Emr(_cluster("j-1", one.name, ended, "a disk failed"))) == one
    both = [_cluster("j-1", one.name, ended, room), _cluster("j-2", two.name, ended, room)]
    assert untried_of(stagings, _Emr(*both)) == one


def test_a_cleared_run_with_nothing_to_do_has_no_cluster_though_it_had_one_before() -> None:
    import jinja2

    from emr_ensembles import on_emr

    returned: dict[str, Any] = {"plan": {"cluster": []}, "create": "j-OLD"}
    ti = SimpleNamespace(xcom_pull=lambda task_ids: returned.get(task_ids))

    def seen() -> tuple[str, str | None]:
        shown = jinja2.Template(on_emr.CLUSTER_ID).render(ti=ti)
        return shown, on_emr.cluster_of({"ti": ti})

    assert seen() == ("j-OLD", "j-OLD")
    del returned["plan"]
    assert seen() == ("", None)


def test_two_airflows_of_one_account_do_not_share_a_cluster() -> None:
    from emr_ensembles.asked_cluster import AskedCluster

    mine = AskedCluster.asked({**PARAMS, "output": "s3://bucket/mine"}, *ASKED)
    theirs = AskedCluster.asked({**PARAMS, "output": "s3://bucket/theirs"}, *ASKED)
    assert mine.purpose != theirs.purpose
