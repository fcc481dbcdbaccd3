"""Why steps have failed, with their last lines; the exit code is that of the first of the jobs.

Runs in the project's environment. What it has to say goes to stderr.
"""

from __future__ import annotations

import argparse
import logging
import sys

from pipeline.cli.emr.failed_step import LogPatience, explain
from pipeline.cli.entry import add_config_arguments, guarded
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.runs.logs import set_up_logging
from pipeline.config import load
from pipeline.emr.running.api import Emr
from pipeline.emr.running.failures import why_ended
from pipeline.emr.running.job_steps import JobStep, job_steps
from pipeline.emr.running.states import Cluster
from pipeline.emr.running.step_logs import ClusterLogs
from pipeline.store.runs import RunPlace

logger = logging.getLogger("pipeline.airflow")

_LOG_MINUTES = 7.0


def main() -> int:
    """Say why; returns the exit code."""
    parser = argparse.ArgumentParser(description="Why steps have failed.")
    parser.add_argument("--cluster", required=True)
    parser.add_argument("--step", action="append", required=True, dest="steps")
    add_config_arguments(parser)
    # What else the steps were asked for by, they say themselves.
    args, _ = parser.parse_known_args()
    set_up_logging()
    return guarded(lambda: _explained(args))


def _explained(args: argparse.Namespace) -> int:
    emr = Emr()
    config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    found = [each for each in job_steps(emr.steps(args.cluster)) if each.step.id in args.steps]
    left = [each for each in found if not each.step.is_done]
    failed = [each for each in left if each.step.state == "FAILED"]
    cluster = emr.cluster(args.cluster)
    minutes = _LOG_MINUTES / max(len(failed), 1)  # for all of them
    codes = [_of_failed(each, cluster, config, emr, minutes) for each in failed]
    cluster = emr.cluster(args.cluster)
    if not cluster.is_active:
        said = "; ".join(why_ended(cluster))
        logger.error("cluster %s is %s: %s", cluster.id, cluster.state.lower(), said)
    for each in left:
        if each not in failed:
            said = f": {each.step.message}" if each.step.message else ""
            logger.error(
                "%s: step %s is %s%s", each.job, each.step.id, each.step.state.lower(), said
            )
    return next((code for code in codes if code), int(bool(left)))


def _of_failed(each: JobStep, cluster: Cluster, config: JobConfig, emr: Emr, minutes: float) -> int:
    place = RunPlace(config.output, each.run_id)
    logs = None if cluster.logs is None else ClusterLogs(cluster.logs, cluster.id)
    return explain(each.job, each.step, place, logs, LogPatience(minutes, emr.sleep))


if __name__ == "__main__":
    sys.exit(main())
