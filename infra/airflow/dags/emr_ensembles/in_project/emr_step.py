"""The step that does a job of a date on a cluster, unless it need not be done, as JSON.

Runs in the project's environment.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from day_run import place_of
from decisions import begin_job, decided, note_kept

from pipeline.cli.emr.node_versions import node_versions
from pipeline.cli.emr.submission import submission
from pipeline.cli.entry import add_config_arguments, guarded
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.output_places import JOBS
from pipeline.cli.plan.asked import jobs_of
from pipeline.config import DATE_VARIABLE, load
from pipeline.emr.running.api import Emr
from pipeline.emr.running.failures import why_ended
from pipeline.emr.running.job_steps import job_steps, require_place
from pipeline.emr.running.record import ClusterRecord, record_of
from pipeline.emr.running.states import Cluster, Step
from pipeline.errors import UserError


def main() -> int:
    """Print the answer; returns the exit code."""
    parser = argparse.ArgumentParser(description="Which step does a job of a date.")
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--job", required=True, choices=JOBS)
    add_config_arguments(parser)
    args = parser.parse_args()
    return guarded(lambda: _answer(args))


def active_cluster(emr: Emr, cluster_id: str) -> Cluster:
    """A cluster that takes steps.

    Raises
    ------
    UserError
        When it has ended: the DAG run must have another one.
    """
    cluster = emr.cluster(cluster_id)
    if not cluster.is_active:
        said = "; ".join(why_ended(cluster))
        raise UserError(
            f"cluster {cluster.id} is {cluster.state.lower()}: {said}; clear the DAG run, which "
            "then goes on where it was, on another cluster"
        )
    return cluster


def steps_of(emr: Emr, cluster_id: str, job: str, run_id: str) -> list[Step]:
    """The steps that have done a job of a run, or do it, or will; the oldest first."""
    found = job_steps(emr.steps(cluster_id))
    return [each.step for each in found if (each.job, each.run_id) == (job, run_id)]


def facts_of(cluster: Cluster, record: ClusterRecord, jobs: Sequence[str]) -> dict[str, Any]:
    """What a record says of a run on a cluster, which outlives this process."""
    release = record.settings.release
    return {"owner": None, "cluster": cluster.id, "release": release, "expected": list(jobs)}


def new_step(
    record: ClusterRecord,
    args: argparse.Namespace,
    job: str,
    run_id: str,
    date: str,
    *,
    earlier: Sequence[Step] = (),
    jobs: Sequence[str] = (),
    arguments: Sequence[str] = (),
) -> dict[str, Any]:
    """A step, whose name those before it on the cluster do not have; all it needs is staged."""
    made = submission(
        record, args.config, run_id=run_id, date=date, jobs=jobs, overrides=args.overrides
    )
    step = made.step(job, arguments)
    # Of tasks side by side one that fails must not cancel the others: what follows is Airflow's.
    step["ActionOnFailure"] = "CONTINUE"
    if earlier:
        step["Name"] += f" again {len(earlier)}"
    return step


def _answer(args: argparse.Namespace) -> int:
    emr = Emr()
    cluster = active_cluster(emr, args.cluster)
    record = record_of(cluster)
    config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    place = place_of(config)
    jobs = jobs_of(record.settings)
    facts = facts_of(cluster, record, jobs)
    if args.job not in jobs:
        return tell([], f"{args.job}: not among the trainers that were asked for")
    earlier = steps_of(emr, cluster.id, args.job, place.run_id)
    last = earlier[-1] if earlier else None
    if last is not None and last.is_unfinished:
        return tell([{"Name": last.name}], f"{args.job}: step {last.id} is there already")
    decision = decided(args.job, config, place, node_versions(config.output, record))
    if not decision.must_run:
        if last is not None and last.is_done:
            return tell([{"Name": last.name}], f"{args.job}: step {last.id} has done it")
        note_kept(place, config, args.job, decision, **facts)
        return tell([], f"{args.job}: kept, {decision.reason}")
    require_place(emr.steps(cluster.id), 1, cluster.id)
    date = os.environ[DATE_VARIABLE]
    step = new_step(record, args, args.job, place.run_id, date, earlier=earlier)
    begin_job(place, config, args.job, facts)
    return tell([step], f"{args.job}: {decision.reason}")


def tell(steps: list[dict[str, Any]], reason: str) -> int:
    """Print the steps that there must be, and why; returns the exit code."""
    sys.stdout.write(json.dumps({"steps": steps, "reason": reason}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
