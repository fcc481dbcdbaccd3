"""What has room on a cluster: one application's layout, and which jobs run side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.cli.job_config import TRAINER_OF, JobConfig
from pipeline.emr.executors import Layout, Node, fit_together, lay_out
from pipeline.errors import UserError


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
        self.require_held(found)
        return found

    def require_held(self, layout: Layout) -> None:
        """Refuse a layout that the cluster can never hold.

        Raises
        ------
        UserError
            With what it asks for and what there is.
        """
        few = {"instances": layout.executors, "cores": layout.cores}
        missing = [f"spark.executor.{name} must be 1 or more" for name in few if few[name] < 1]
        if missing:
            raise UserError("; ".join(missing))
        if self._holds(layout, 1):
            return
        raise UserError(
            f"a driver of {layout.driver.memory_mb} MiB and {layout.executors} executors, each of "
            f"{layout.executor.memory_mb} MiB (spark.executor.memory and its memoryOverhead), "
            f"{layout.cores} cores and {layout.gpus} GPUs, can never fit this cluster "
            f"({self._told()}); lower what `spark` in the config asks for"
        )

    def groups(
        self, jobs: Sequence[str], layout: Layout, at_once: int | None = None
    ) -> list[list[str]]:
        """The jobs in their order, with trainers side by side where all containers fit.

        Parameters
        ----------
        jobs : sequence of str
            Their names.
        layout : Layout
            That of each job.
        at_once : int, optional
            How many applications the cluster lets run at once; more of a group wait there.
        """
        count = sum(job in TRAINER_OF for job in jobs)
        running = count if at_once is None else min(count, at_once)
        together = running > 1 and self._holds(layout, running)
        groups: list[list[str]] = []
        for job in jobs:
            if together and job in TRAINER_OF and groups and groups[-1][0] in TRAINER_OF:
                groups[-1].append(job)
            else:
                groups.append([job])
        return groups

    def _holds(self, layout: Layout, count: int) -> bool:
        return fit_together(layout, count, self.nodes, self.increment_mb)

    def _told(self) -> str:
        return "; ".join(
            f"{count} x {node.memory_mb} MiB, {node.cores} cores, {node.gpus} GPUs"
            for node, count in Counter(self.nodes).items()
        )


def wait_for_each_other(groups: Sequence[Sequence[str]]) -> bool:
    """Whether trainers that stand together in the order of jobs run one after the other."""
    return any(
        before[-1] in TRAINER_OF and after[0] in TRAINER_OF for before, after in pairwise(groups)
    )
