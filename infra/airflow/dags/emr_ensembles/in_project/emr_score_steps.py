"""The steps that score partitions of a table by the champion, as JSON.

Runs in the project's environment. Each partition is a run of its own: one that fails keeps no other
from being scored.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from decisions import begin_job
from emr_step import active_cluster, facts_of, new_step, steps_of
from partitions import ScoredTable, add_table_arguments, table_of

from pipeline.cli.entry import guarded
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.models.present import CHAMPION
from pipeline.config import load
from pipeline.emr.running.api import Emr
from pipeline.emr.running.job_steps import require_place
from pipeline.emr.running.record import record_of
from pipeline.emr.running.states import Cluster
from pipeline.store.runs import RunPlace

_JOB = "score"


def main() -> int:
    """Print the answer; returns the exit code."""
    parser = argparse.ArgumentParser(description="Which steps score partitions.")
    parser.add_argument("--cluster", required=True)
    add_table_arguments(parser)
    parser.add_argument("--date", action="append", required=True, dest="dates")
    args = parser.parse_args()
    return guarded(lambda: _answer(args))


def _answer(args: argparse.Namespace) -> int:
    emr = Emr()
    cluster = active_cluster(emr, args.cluster)
    config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    table = table_of(args, config.output)
    found = [_step(args, emr, cluster, config, table, date) for date in args.dates]
    steps = [step for step in found if step is not None]
    require_place(emr.steps(cluster.id), len(steps), cluster.id)
    reason = f"{len(steps)} of {len(args.dates)} partitions have no scores yet"
    sys.stdout.write(json.dumps({"steps": steps, "reason": reason}) + "\n")
    return 0


def _step(
    args: argparse.Namespace,
    emr: Emr,
    cluster: Cluster,
    config: JobConfig,
    table: ScoredTable,
    date: str,
) -> dict[str, Any] | None:
    """That of one partition; None where its scores are there."""
    place = RunPlace(config.output, f"airflow-{_JOB}-{date}")
    earlier = steps_of(emr, cluster.id, _JOB, place.run_id)
    last = earlier[-1] if earlier else None
    if last is not None and (last.is_unfinished or last.is_done):
        return {"Name": last.name}
    if table.is_scored(date):
        return None
    record = record_of(cluster)
    given = ("--model", CHAMPION, "--input", table.input_of(date), "--format", args.format)
    step = new_step(
        record,
        args,
        _JOB,
        place.run_id,
        date,
        earlier=earlier,
        jobs=(_JOB,),
        arguments=(*given, "--output", table.scores_of(date)),
    )
    begin_job(place, config, _JOB, facts_of(cluster, record, (_JOB,)))
    return step


if __name__ == "__main__":
    sys.exit(main())
