"""What every job has in common: arguments, config, session, record, exit code.

Exit codes: 0 success, 1 failure, 2 the user's error, 130 interrupted, 143 terminated.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from pipeline.cli.output_places import FREE_KEYS
from pipeline.cli.runs.logs import set_up_logging
from pipeline.cli.runs.outcome import Terminated, explain
from pipeline.config import load
from pipeline.errors import EnsemblesError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipeline.cli.job_config import JobConfig

logger = logging.getLogger(__name__)

Job: TypeAlias = Callable[["JobConfig", "SparkSession", argparse.Namespace], Mapping[str, Any]]
"""Does the work; returns what the run's record should say of it."""

_GANG_JOBS = ("boost", "deep")

Check: TypeAlias = Callable[["JobConfig", argparse.Namespace], None]
"""Refuses arguments that make no sense together, or with the config."""


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a config."""
    parser.add_argument(
        "--config", required=True, metavar="FILE", help="the job's YAML file, or its URI"
    )
    add_overrides(parser)


def add_overrides(
    parser: argparse.ArgumentParser,
    option: str = "--set",
    of: str = "config",
    example: str = "boosting.rounds=50",
    dest: str = "overrides",
) -> None:
    """Add `--set`, or another option that overrides keys of a file."""
    parser.add_argument(
        option,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest=dest,
        help=f"override one key of the {of}, e.g. {option} {example}; may be repeated",
    )


def run_job(
    name: str,
    job: Job,
    parser: argparse.ArgumentParser,
    arguments: Sequence[str] | None,
    check: Check | None = None,
) -> int:
    """Parse, validate, start Spark, run the job; returns the exit code.

    The whole config, what `check` says of the arguments, and that the output can be written, is
    checked before Spark starts.
    """
    add_config_arguments(parser)
    parser.add_argument(
        "--run-id", metavar="ID", help="the run that this job is a part of; default: a new one"
    )
    args = parser.parse_args(arguments)
    set_up_logging()
    end_cleanly_when_told()
    return guarded(lambda: _recorded(name, job, args, check))


def guarded(action: Callable[[], int]) -> int:
    """Run something; an error becomes a message on stderr and an exit code."""
    try:
        return action()
    except (Exception, KeyboardInterrupt, Terminated) as error:  # noqa: BLE001 - all end here
        outcome = explain(error)
        said = outcome.message if outcome.name == "interrupted" else f"error: {outcome.message}"
        notes = getattr(error, "__notes__", [])
        if not notes and outcome.exit_code == 1 and not isinstance(error, EnsemblesError):
            traceback.print_exc()  # there is no log file to hold it
        sys.stderr.write("\n".join([said, *notes]) + "\n")
        return outcome.exit_code


def _recorded(name: str, job: Job, args: argparse.Namespace, check: Check | None) -> int:
    # Commands that need no Spark import this module too.
    from pipeline.cli.job_config import JobConfig
    from pipeline.cli.runs.job_run import JobRun
    from pipeline.cli.runs.outputs import require_free

    config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    if check is not None:
        check(config, args)
    run = JobRun(name, config, args.run_id, vars(args))
    args.run_id = run.run_id
    if run.is_done:
        logger.info("%s: an earlier attempt at this application has done it", name)
        return 0
    with run:
        require_free(name, config, args)
        run.note(**_with_session(name, job, config, args))
    return 0


def _with_session(
    name: str, job: Job, config: JobConfig, args: argparse.Namespace
) -> Mapping[str, Any]:
    from pipeline.spark.gang import wait_for_executors
    from pipeline.spark.resources import plan_gang
    from pipeline.spark.session import make_session

    gpus = config.gang.gpus_per_executor if config.gang.device == "gpu" else 0
    has_gang = name in _GANG_JOBS
    spark = make_session(config.name, config.spark_settings, gpus, has_gang=has_gang)
    _take_ctrl_c_back()
    try:
        if has_gang:  # what can never fit, or does not come, is told before anything is read
            plan = plan_gang(spark, config.gang.workers, int(config.gang.device == "gpu"))
            wait_for_executors(spark, plan, name, config.gang.wait)
        return job(config, spark, args)
    finally:
        _stop(spark)


def _stop(spark: SparkSession) -> None:
    try:
        spark.stop()
    except Exception as error:  # noqa: BLE001 - after Ctrl-C Spark's JVM may be gone before us
        logger.debug("Spark did not stop: %s", error)


def _take_ctrl_c_back() -> None:
    """Have Ctrl-C raise KeyboardInterrupt again.

    Spark's own handler asks the JVM first to cancel jobs; Ctrl-C has reached the JVM as well, and
    the error that it is gone would stand in the place of the interrupt.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end_cleanly_when_told() -> None:
    """SIGTERM, by which YARN and schedulers end a job, cleans up as Ctrl-C does."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise Terminated

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
