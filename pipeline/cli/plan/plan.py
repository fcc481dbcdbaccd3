"""What would run where, and every reason why it would fail: from two files, nothing is asked."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.cli.job_config import JobConfig
from pipeline.cli.plan.asked import Asked, JobShare, jobs_of
from pipeline.cli.plan.layout import lay_out, room_of
from pipeline.cli.plan.notes import notes_of
from pipeline.cli.plan.shares import shares_of
from pipeline.cli.plan.spark_settings import setting_problems
from pipeline.cli.plan.training import training_problems
from pipeline.cli.plan.uris import uri_problems
from pipeline.cli.plan.variables import carried_variables, secret_problems
from pipeline.config.problems import KeyPath
from pipeline.emr.clusters.room import hourly_bound, types_without_price
from pipeline.emr.clusters.settings import ClusterSettings
from pipeline.emr.executors import Layout


@dataclass(frozen=True)
class Plan:
    """Jobs on a cluster.

    Parameters
    ----------
    config : JobConfig
        The jobs' configuration.
    cluster : ClusterSettings
        Where they run.
    layout : Layout
        The containers of each job, after the config's own settings of Spark.
    groups : list of list of str
        The jobs in their order; those of one group run side by side.
    shares : list of JobShare
        What each job gets.
    hourly : float or None
        The most that the instances cost in an hour; None where a price is missing.
    unpriced : list of str
        Types without a price.
    variables : tuple of str
        Names of the variables that the jobs' environment needs; none is secret.
    problems : list of str
        Every reason why it would fail.
    notes : list of str
        What else to know.
    """

    config: JobConfig
    cluster: ClusterSettings
    layout: Layout
    groups: list[list[str]]
    shares: list[JobShare]
    hourly: float | None
    unpriced: list[str]
    variables: tuple[str, ...]
    problems: list[str]
    notes: list[str]


def plan(
    config: JobConfig,
    cluster: ClusterSettings,
    jobs: Sequence[str] | None = None,
    *,
    overrides: Sequence[str] = (),
    texts: Mapping[KeyPath, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Plan:
    """Plan jobs.

    Parameters
    ----------
    config : JobConfig
        Their configuration.
    cluster : ClusterSettings
        Where they shall run.
    jobs : sequence of str, optional
        Which ones, in their order; by default all, without the trainers that the cluster file
        leaves out.
    overrides : sequence of str
        What `--set` says of the config.
    texts : mapping of tuple to str, optional
        By key, the config's values before `${…}` was replaced: `raw` of its document.
    variables : mapping of str to str, optional
        The environment that they were replaced from; by default this process's own.
    """
    asked = Asked(
        config,
        cluster,
        jobs_of(cluster) if jobs is None else jobs,
        are_chosen=jobs is not None,
        overrides=overrides,
        texts={} if texts is None else texts,
        variables=os.environ if variables is None else variables,
    )
    layout, problems = lay_out(asked)
    groups = _groups(asked, layout, is_held=not problems)
    return Plan(
        config=config,
        cluster=cluster,
        layout=layout,
        groups=groups,
        shares=shares_of(asked, layout),
        hourly=hourly_bound(cluster),
        unpriced=types_without_price(cluster),
        variables=carried_variables(asked),
        problems=[
            *training_problems(asked, layout),
            *problems,
            *setting_problems(asked, layout),
            *uri_problems(asked),
            *secret_problems(asked),
        ],
        notes=list(notes_of(asked, layout, groups)),
    )


def _groups(asked: Asked, layout: Layout, *, is_held: bool) -> list[list[str]]:
    if not is_held:  # then no number of them fits
        return [[job] for job in asked.jobs]
    return room_of(asked.cluster).groups(asked.jobs, layout, asked.cluster.step_concurrency)
