"""What a plan is asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.bagging.learners.learner import XGBOOST
from pipeline.cli.job_config import TRAINER_OF, JobConfig
from pipeline.cli.output_places import JOBS
from pipeline.config.problems import KeyPath
from pipeline.emr.clusters.rules import GANGS
from pipeline.emr.clusters.settings import ClusterSettings
from pipeline.emr.executors import Layout
from pipeline.spark.resources import GangPlan


def jobs_of(cluster: ClusterSettings) -> tuple[str, ...]:
    """All jobs, without the trainers that a cluster is not made for."""
    return tuple(job for job in JOBS if job not in TRAINER_OF or job in cluster.trainers)


@dataclass(frozen=True)
class Asked:
    """Jobs of a config, on a cluster.

    Parameters
    ----------
    config : JobConfig
        The jobs' configuration.
    cluster : ClusterSettings
        Where they shall run.
    jobs : sequence of str
        Which ones, in their order.
    are_chosen : bool
        Whether somebody has named the jobs; else they are those of the cluster.
    overrides : sequence of str
        What `--set` says of the config; steps say it again.
    texts : mapping of tuple to str
        By key, the config's values before `${…}` was replaced.
    variables : mapping of str to str
        The environment that they were replaced from.
    """

    config: JobConfig
    cluster: ClusterSettings
    jobs: Sequence[str]
    are_chosen: bool = True
    overrides: Sequence[str] = ()
    texts: Mapping[KeyPath, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @property
    def spark(self) -> dict[str, str]:
        """The config's own settings of Spark."""
        return self.config.spark_settings

    @property
    def trainers(self) -> list[str]:
        """Those of the jobs that train."""
        return [job for job in self.jobs if job in TRAINER_OF]

    @property
    def gangs(self) -> list[str]:
        """Those that certainly train by a gang; bagging may find that its rows need one."""
        learner = self.config.bagging.learner or XGBOOST
        is_sharded = self.config.bagging.placement == "gang" and learner == XGBOOST
        is_bag = is_sharded or learner.startswith("pipeline.")  # our own are gangs themselves
        return [job for job in self.trainers if job in GANGS or (job == "bag" and is_bag)]

    @property
    def gpus_per_worker(self) -> int:
        """GPUs of each worker of a gang."""
        return int(self.config.gang.device == "gpu")


@dataclass(frozen=True)
class JobShare:
    """What a job gets of the cluster.

    Parameters
    ----------
    job : str
        Its name.
    layout : Layout
        Its containers.
    is_dynamic : bool
        Whether the executors come and go, and the number is the most.
    replicas : int or None
        Replicas that bagging trains at once where tasks, or jobs of Spark ML, train them.
    is_gang : bool
        Whether a gang trains.
    gang : GangPlan or None
        How it is laid out; None where none trains, or it never fits.
    """

    job: str
    layout: Layout
    is_dynamic: bool
    replicas: int | None
    is_gang: bool
    gang: GangPlan | None
