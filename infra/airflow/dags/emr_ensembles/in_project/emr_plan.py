"""Which jobs of a date must be done, and that a cluster would do them, as JSON.

Runs in the project's environment. The cluster is known by its record; it need not be there yet.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from day_run import place_of
from decisions import decided

from pipeline import files
from pipeline.cli.emr.node_versions import node_versions
from pipeline.cli.emr.requested import Request, planned
from pipeline.cli.entry import add_config_arguments, guarded
from pipeline.cli.job_config import JobConfig
from pipeline.cli.plan.asked import jobs_of
from pipeline.cli.plan.plan import Plan
from pipeline.cli.runs.room import wait_for_each_other
from pipeline.config import DATE_VARIABLE, Loaded
from pipeline.emr.running.record import ClusterRecord, read_record

_ONE_BY_ONE = "step_concurrency=1"


def main() -> int:
    """Print the answer; returns the exit code."""
    parser = argparse.ArgumentParser(description="What a date needs, and whether it would work.")
    add_record(parser)
    add_config_arguments(parser)
    args = parser.parse_args()
    return guarded(lambda: _answer(args))


def add_record(parser: argparse.ArgumentParser) -> None:
    """Add `--record`."""
    parser.add_argument(
        "--record", action="append", required=True, dest="records", help="URI; may be repeated"
    )


def would_work(
    args: argparse.Namespace, jobs: tuple[str, ...] = ()
) -> tuple[Loaded[JobConfig], list[tuple[ClusterRecord, Plan]]]:
    """Plan the jobs on each of the clusters; without jobs, on each all that it is made for.

    Raises
    ------
    UserError
        With every reason why it would fail.
    """
    loaded = Request(args.config, tuple(args.overrides)).read(os.environ[DATE_VARIABLE])
    found = []
    for uri in args.records:
        record = read_record(uri, "the cluster to be created")
        settings = record.settings
        request = Request(args.config, tuple(args.overrides), jobs or jobs_of(settings))
        found.append((record, planned(request, loaded, settings, settings.step_concurrency)))
    files.require_writable(loaded.value.output, "output")
    return loaded, found


def _answer(args: argparse.Namespace) -> int:
    loaded, found = would_work(args)
    config = loaded.value
    place, (record, plan) = place_of(config), found[0]
    versions = node_versions(config.output, record)
    jobs = [job for group in plan.groups for job in group]
    decisions = {job: decided(job, config, place, versions) for job in jobs}
    needed = [job for job, decision in decisions.items() if decision.must_run]
    reasons = [f"{job}: {decision.reason}" for job, decision in decisions.items()]
    reasons += [f"note: {note}" for note in plan.notes]
    take_turns = any(wait_for_each_other(plan.groups) for _, plan in found)
    answer: dict[str, Any] = {
        "needed": needed,
        "reasons": reasons,
        # Applications that do not fit at once would wait for what the other holds.
        "cluster": [_ONE_BY_ONE] if take_turns else [],
    }
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
