"""What has room on the cluster: one application's layout, and which jobs run side by side."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.cli.job_config import TRAINER_OF, JobConfig
from pipeline.emr.executors import Layout, Node, fit_together, lay_out
from pipeline.errors import UserError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Room:
    """A cluster's nodes.

    Parameters
    ----------
    nodes : sequence of Node
        What YARN may give away on each.
    increment_mb : int
        What it rounds containers' memory up to, MiB.
    """

    nodes: Sequence[Node]
    increment_mb: int

    def layout(self, config: JobConfig) -> Layout:
        """The layout of each job.

        Raises
        ------
        UserError
            When the cluster can never hold it.
        """
        found = lay_out(self.nodes, self.increment_mb).with_settings(config.spark_settings)
        if self._holds(found, 1):
            return found
        told = "; ".join(
            f"{node.memory_mb} MiB, {node.cores} cores, {node.gpus} GPUs" for node in self.nodes
        )
        raise UserError(
            f"a driver of {found.driver.memory_mb} MiB and {found.executors} executors, each of "
            f"{found.executor.memory_mb} MiB (spark.executor.memory and its memoryOverhead), "
            f"{found.cores} cores and {found.gpus} GPUs, can never fit this cluster ({told}); "
            "lower what `spark` in the config asks for"
        )

    def groups(self, jobs: Sequence[str], layout: Layout) -> list[list[str]]:
        """The jobs in their order, with trainers side by side where all containers fit."""
        trainers = [job for job in jobs if job in TRAINER_OF]
        together = len(trainers) > 1 and self._holds(layout, len(trainers))
        groups: list[list[str]] = []
        for job in jobs:
            if together and job in TRAINER_OF and groups and groups[-1][0] in TRAINER_OF:
                groups[-1].append(job)
            else:
                groups.append([job])
        if len(trainers) > 1:
            how = "side by side" if together else "one after the other: together they would not fit"
            logger.info("%s run %s", ", ".join(trainers), how)
        return groups

    def _holds(self, layout: Layout, count: int) -> bool:
        return fit_together(layout, count, self.nodes, self.increment_mb)
