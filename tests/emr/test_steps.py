from dataclasses import replace
from itertools import pairwise

import botocore.session
import pytest
from botocore.validate import ParamValidator

from pipeline.emr.executors import Layout
from pipeline.emr.steps import (
    FIXED_SIZE,
    MOST_CHARACTERS,
    Places,
    TooLongError,
    api_step,
    setting_in,
    step_arguments,
    tags_in,
    variable_in,
)
from pipeline.errors import UserError

LAYOUT = Layout(2, 3, 1, 1_000, 2_000, 700, 800)
PLACES = Places(
    code="s3://bucket/code/pipeline.zip",
    entry_points="s3://bucket/code",
    config="s3://bucket/flights.yaml",
    python="/opt/emr-ensembles/env/gpu-0123456789ab/bin/python",
)


def step(job: str = "boost", places: Places = PLACES, **settings: str) -> list[str]:
    return step_arguments(
        job,
        places,
        LAYOUT,
        name="flights",
        run_id="run-1",
        settings=settings,
        arguments=["--set", "seed=2"],
    )


def conf(arguments: list[str]) -> dict[str, str]:
    found = pairwise(arguments)
    return dict(value.split("=", 1) for flag, value in found if flag == "--conf")


def test_a_step_submits_the_job_in_cluster_mode_with_its_config_and_run() -> None:
    arguments = step()
    assert arguments[:5] == ["spark-submit", "--master", "yarn", "--deploy-mode", "cluster"]
    script = arguments.index("s3://bucket/code/boost.py")
    expected = ["--config", "s3://bucket/flights.yaml", "--run-id", "run-1", "--set", "seed=2"]
    assert arguments[script + 1 :] == expected
    assert arguments[arguments.index("--py-files") + 1] == PLACES.code
    assert conf(arguments)["spark.yarn.tags"] == "emr-ensembles,run-1,boost"
    assert conf(step(**{"spark.yarn.tags": "cost-center-7"}))["spark.yarn.tags"] == (
        "emr-ensembles,run-1,boost,cost-center-7"
    )


@pytest.mark.parametrize("job", sorted(FIXED_SIZE))
def test_jobs_that_train_have_dynamic_allocation_off(job: str) -> None:
    found = conf(step(job))
    assert found["spark.dynamicAllocation.enabled"] == "false"
    assert found["spark.executor.instances"] == "2"


@pytest.mark.parametrize("job", ["prepare", "score", "report"])
def test_other_jobs_leave_it_to_the_cluster_up_to_the_layouts_size(job: str) -> None:
    found = conf(step(job))
    assert "spark.dynamicAllocation.enabled" not in found
    assert found["spark.dynamicAllocation.maxExecutors"] == "2"


def test_driver_and_executors_run_the_nodes_environment() -> None:
    found = conf(step())
    for where in ("spark.yarn.appMasterEnv", "spark.executorEnv"):
        assert found[f"{where}.PYSPARK_PYTHON"] == PLACES.python
        assert found[f"{where}.PYSPARK_DRIVER_PYTHON"] == PLACES.python
    assert found["spark.pyspark.python"] == PLACES.python
    assert found["spark.pyspark.driver.python"] == PLACES.python
    assert "spark.archives" not in found


def test_a_packed_environment_is_unpacked_into_each_container() -> None:
    places = Places("c", "e", "f", "./environment/bin/python", archive="s3://bucket/env.tar.gz")
    found = conf(step(places=places))
    assert found["spark.archives"] == "s3://bucket/env.tar.gz#environment"
    assert found["spark.executorEnv.PYSPARK_PYTHON"] == "./environment/bin/python"


def test_a_configs_settings_win_and_stand_once() -> None:
    arguments = step(**{"spark.executor.memory": "9g", "spark.sql.shuffle.partitions": "8"})
    assert conf(arguments)["spark.executor.memory"] == "9g"
    assert conf(arguments)["spark.sql.shuffle.partitions"] == "8"
    assert sum(word.startswith("spark.executor.memory=") for word in arguments) == 1


def test_a_secret_is_in_no_argument() -> None:
    arguments = step(**{"spark.hadoop.fs.s3a.secret.key": "hush", "spark.x": "y"})
    assert "hush" not in " ".join(arguments)
    assert conf(arguments)["spark.x"] == "y"


def test_a_secret_variable_or_argument_makes_no_step() -> None:
    options = {"JAVA_OPTS_X": "-Djavax.net.ssl.trustStorePassword=hunter2"}
    with pytest.raises(UserError, match="the variable JAVA_OPTS_X: a secret"):
        step(places=replace(PLACES, environment=options))
    with pytest.raises(UserError, match=r"--set spark\.spark\.x\.token=\*+: a secret"):
        step_arguments(
            "boost",
            PLACES,
            LAYOUT,
            name="flights",
            run_id="run-1",
            settings={},
            arguments=["--set", "spark.spark.x.token=hunter2"],
        )


def test_a_secret_variable_among_the_settings_is_in_no_argument() -> None:
    name = "spark.yarn.appMasterEnv.DB_PASS"
    assert "hunter2" not in " ".join(step(**{name: "hunter2"}))


def test_no_setting_limits_the_address_space_of_python() -> None:
    assert "spark.executor.pyspark.memory" not in conf(step())


def test_a_step_is_what_emrs_api_takes() -> None:
    made = api_step("flights boost run-1", ["spark-submit", "x"], "CONTINUE")
    assert made == {
        "Name": "flights boost run-1",
        "ActionOnFailure": "CONTINUE",
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["spark-submit", "x"]},
    }
    shape = botocore.session.get_session().get_service_model("emr").shape_for("StepConfig")
    assert not ParamValidator().validate(made, shape).has_errors()


def test_a_long_name_keeps_its_end_by_which_steps_differ() -> None:
    name = api_step(f"{'x' * 300} boost run-1", [], "CONTINUE")["Name"]
    assert len(name) == 256
    assert name.endswith("x boost run-1")


def test_more_characters_than_emr_takes_are_refused_with_what_to_do() -> None:
    fits = "x" * (MOST_CHARACTERS - len("command-runner.jar"))
    api_step("s", [fits], "CONTINUE")
    with pytest.raises(TooLongError, match="arguments are 10,241 characters, and EMR takes 10,240"):
        api_step("s", [fits, "x"], "CONTINUE")


def test_what_stands_in_a_steps_arguments_is_read_back() -> None:
    places = replace(PLACES, environment={"DAY": "2026-11-29"})
    arguments = step(places=places, **{"spark.x": "a=b"})
    assert tags_in(arguments) == ["emr-ensembles", "run-1", "boost"]
    assert variable_in(arguments, "DAY") == "2026-11-29"
    assert setting_in(arguments, "spark.x") == "a=b"
    assert setting_in(arguments, "spark.y") == ""
    assert tags_in(["spark-submit", "--conf", "spark.yarn.tags=somebody,else"]) == []
