"""What every job has in common: arguments, config, session, log lines, exit code.

Exit codes: 0 success, 1 failure, 2 the user's error, 130 interrupted.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.config import load
from pipeline.errors import EnsemblesError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

logger = logging.getLogger("pipeline")

INTERRUPTED = 130

Job: TypeAlias = Callable[[JobConfig, "SparkSession", argparse.Namespace], Any]


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a config."""
    parser.add_argument("--config", required=True, metavar="FILE", help="the job's YAML file")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="override one key of the config, e.g. --set boosting.rounds=50; may be repeated",
    )


def run_job(job: Job, parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Parse, validate, start Spark, run the job; returns the exit code.

    The whole config is validated before Spark starts.
    """
    add_config_arguments(parser)
    args = parser.parse_args(arguments)
    set_up_logging()
    return guarded(lambda: _with_session(job, args))


def guarded(action: Callable[[], int]) -> int:
    """Run something; an error becomes a message on stderr and an exit code."""
    try:
        return action()
    except EnsemblesError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever it is, its cause is said in one paragraph
        return _unexpected(error)


def set_up_logging() -> None:
    """Log lines of this project on stderr; those of libraries only when they are warnings."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.WARNING)
    logger.setLevel(logging.INFO)
    logging.getLogger("py4j").setLevel(logging.ERROR)


def _with_session(job: Job, args: argparse.Namespace) -> int:
    config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    from pipeline.spark.session import make_session

    gpus = config.gang.gpus_per_executor if config.gang.device == "gpu" else 0
    spark = make_session(config.name, config.spark_settings, gpus)
    try:
        job(config, spark, args)
    finally:
        spark.stop()
    return 0


def _unexpected(error: Exception) -> int:
    from pipeline.spark.causes import first_cause, ours

    own = ours(error)
    if own is not None:
        sys.stderr.write(f"error: {own}\n")
        return own.exit_code
    logger.error("unexpected %s", type(error).__name__, exc_info=error)
    sys.stderr.write(f"error: {first_cause(error)}\n")
    return 1
