"""The step that scores a partition of a table by the champion, unless it is scored, as JSON.

Runs in the project's environment. Each partition is a run of its own.
"""

from __future__ import annotations

import argparse
import sys

from decisions import begin_job
from emr_step import active_cluster, facts_of, new_step, steps_of, tell
from partitions import add_table_arguments, table_of

from pipeline.cli.entry import guarded
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.models.present import CHAMPION
from pipeline.config import load
from pipeline.emr.running.api import Emr
from pipeline.emr.running.job_steps import require_place
from pipeline.emr.running.record import record_of
from pipeline.store.runs import RunPlace

_JOB = "score"


def main() -> int:
    """Print the answer; returns the exit code."""
    parser = argparse.ArgumentParser(description="Which step scores a partition.")
    parser.add_argument("--cluster", required=True)
    add_table_arguments(parser)
    parser.add_argument("--date", required=True)
    args = parser.parse_args()
    return guarded(lambda: _answer(args))


def _answer(args: argparse.Namespace) -> int:
    emr, date = Emr(), args.date
    cluster = active_cluster(emr, args.cluster)
    config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    table, place = table_of(args, config.output), RunPlace(config.output, f"airflow-{_JOB}-{date}")
    earlier = steps_of(emr, cluster.id, _JOB, place.run_id)
    last = earlier[-1] if earlier else None
    if last is not None and (last.is_unfinished or last.is_done):
        return tell([{"Name": last.name}], f"{date}: step {last.id} is there already")
    if table.is_scored(date):
        return tell([], f"{date}: its scores are there")
    require_place(emr.steps(cluster.id), 1, cluster.id)
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
    return tell([step], f"{date}: no scores yet")


if __name__ == "__main__":
    sys.exit(main())
