"""A step: one job's spark-submit arguments, for a cluster, the rehearsal and Airflow alike.

Only the locations differ between them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from pipeline.emr.executors import Layout
from pipeline.emr.step_secrets import (
    DRIVER_VARIABLE,
    EXECUTOR_VARIABLE,
    is_secret_setting,
    require_no_secrets,
)
from pipeline.errors import UserError

# Spark refuses barrier stages under dynamic allocation, and bagging counts its executors.
FIXED_SIZE = frozenset({"bag", "boost", "deep", "lr_range", "batch_sweep"})

TAG = "emr-ensembles"
_TAGS = "spark.yarn.tags"

MOST_CHARACTERS = 10_240
"""So long all that a step runs may be together."""

_RUNNER = "command-runner.jar"
_LONGEST_NAME = 256
_DIGITS = 12


class TooLongError(UserError):
    """A step whose arguments are longer than EMR takes."""


@dataclass(frozen=True)
class Places:
    """Where a step's parts lie.

    Parameters
    ----------
    code : str
        URI of the zip with the package `pipeline`.
    entry_points : str
        URI of the directory with `jobs/*.py`.
    config : str
        URI of the job's YAML.
    python : str
        The interpreter on the nodes; a relative path lies in what `archive` brings.
    archive : str, optional
        URI of a packed environment, which YARN unpacks into each container.
    environment : mapping of str to str
        Further variables of driver and executors; a secret among them is refused.
    """

    code: str
    entry_points: str
    config: str
    python: str
    archive: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def step_arguments(
    job: str,
    places: Places,
    layout: Layout,
    *,
    name: str,
    run_id: str,
    settings: Mapping[str, str],
    arguments: Sequence[str] = (),
    further_tags: Sequence[str] = (),
) -> list[str]:
    """What a step runs: `spark-submit …`.

    Parameters
    ----------
    job : str
        One of the jobs in `jobs/`.
    places : Places
        Where code, config and environment lie.
    layout : Layout
        The application's containers.
    name : str
        Names the application.
    run_id : str
        The run that the job is a part of.
    settings : mapping of str to str
        The config's own settings of Spark; they win. Secrets among them are left out: arguments
        are there for everyone to read, and the job takes them from its config.
    arguments : sequence of str
        The job's further arguments.
    further_tags : sequence of str
        By which YARN finds the application, besides the run and the job.

    Raises
    ------
    UserError
        For a secret in the environment, or in the job's further arguments.
    """
    require_no_secrets(places.environment, arguments)
    own = {
        key: value
        for key, value in settings.items()
        if key != _TAGS and not is_secret_setting(key, value)  # the job sets these itself
    }
    tags = [TAG, run_id, job, *further_tags, *filter(None, [settings.get(_TAGS)])]
    whole = {
        **_allocation(job, layout),
        **layout.settings(),
        **_environment(places),
        **own,
        _TAGS: ",".join(tags),
    }
    conf = [part for key, value in whole.items() for part in ("--conf", f"{key}={value}")]
    return [
        *("spark-submit", "--master", "yarn", "--deploy-mode", "cluster"),
        *("--name", f"{name} {job}", "--py-files", places.code),
        *conf,
        f"{places.entry_points}/{job}.py",
        *("--config", places.config, "--run-id", run_id),
        *arguments,
    ]


def api_step(name: str, arguments: Sequence[str], on_failure: str) -> dict[str, Any]:
    """A step as EMR's API takes it.

    Parameters
    ----------
    name : str
        Its name, of which what is too long is left out at the front.
    arguments : sequence of str
        What it runs.
    on_failure : str
        `CANCEL_AND_WAIT` or `CONTINUE`; of steps that run at once EMR takes the latter only.

    Raises
    ------
    TooLongError
        When the arguments are longer than EMR takes.
    """
    length = len(_RUNNER) + sum(len(each) for each in arguments)
    if length > MOST_CHARACTERS:
        raise TooLongError(
            f"step {name}: its arguments are {length:,} characters, and EMR takes "
            f"{MOST_CHARACTERS:,}: write what --set says into the config, and fewer or shorter "
            "settings below spark"
        )
    return {
        "Name": name[-_LONGEST_NAME:],
        "ActionOnFailure": on_failure,
        "HadoopJarStep": {"Jar": _RUNNER, "Args": list(arguments)},
    }


def output_tag(output: str) -> str:
    """The tag by which all that writes to an output URI is found."""
    return f"output-{hashlib.sha256(output.encode()).hexdigest()[:_DIGITS]}"


def tags_in(arguments: Sequence[str]) -> list[str]:
    """The tags in a step's arguments, or none where it is not one of ours."""
    tags = setting_in(arguments, _TAGS).split(",")
    return tags if tags[0] == TAG and len(tags) > 2 else []


def variable_in(arguments: Sequence[str], name: str) -> str:
    """A variable of the driver in a step's arguments; empty where it has none."""
    return setting_in(arguments, f"{DRIVER_VARIABLE}{name}")


def setting_in(arguments: Sequence[str], name: str) -> str:
    """A setting of Spark in a step's arguments; empty where it has none."""
    start = f"{name}="
    for flag, value in pairwise(arguments):
        if flag == "--conf" and value.startswith(start):
            return value.removeprefix(start)
    return ""


def _allocation(job: str, layout: Layout) -> dict[str, str]:
    if job in FIXED_SIZE:
        return {"spark.dynamicAllocation.enabled": "false"}
    most = str(layout.executors)
    return {
        "spark.dynamicAllocation.initialExecutors": most,
        "spark.dynamicAllocation.maxExecutors": most,
    }


def _environment(places: Places) -> dict[str, str]:
    variables = {
        **places.environment,
        "PYSPARK_PYTHON": places.python,
        "PYSPARK_DRIVER_PYTHON": places.python,
    }
    # These two win over the variables, and a cluster's defaults may have them.
    found = {"spark.pyspark.python": places.python, "spark.pyspark.driver.python": places.python}
    if places.archive is not None:
        found["spark.archives"] = f"{places.archive}#environment"
    for name, value in variables.items():
        found[f"{DRIVER_VARIABLE}{name}"] = value
        found[f"{EXECUTOR_VARIABLE}{name}"] = value
    return found
