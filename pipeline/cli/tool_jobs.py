"""Tools that train on the prepared table: each a job, and a command that submits it."""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F  # noqa: N812

from pipeline.cli.entry import add_config_arguments, end_cleanly_when_told, run_job
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.runs import run
from pipeline.cli.runs.logs import log_path, set_up_logging
from pipeline.cli.runs.submit import submit
from pipeline.config import load
from pipeline.errors import UserError
from pipeline.store import runs
from pipeline.store.runs import RunPlace

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pyspark.sql import DataFrame, SparkSession

    from pipeline.cli.entry import Job

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


class Tool:
    """A job that leaves figures and no model.

    Parameters
    ----------
    name : str
        Of the command; the job's has underscores.
    short, about : str
        What it does, in a line and as a whole.
    add_arguments : callable
        Adds its own arguments to a parser.
    given : callable
        Its own arguments again, of parsed ones, for the job.
    check : callable
        Refuses what makes no sense.
    job : callable
        Does the work.
    """

    def __init__(
        self,
        name: str,
        short: str,
        about: str,
        *,
        add_arguments: Callable[[argparse.ArgumentParser], None],
        given: Callable[[argparse.Namespace], list[str]],
        check: Callable[[argparse.Namespace], None],
        job: Job,
    ) -> None:
        self._name = name
        self._job_name = name.replace("-", "_")
        self._short = short
        self._about = about
        self._add_arguments = add_arguments
        self._given = given
        self._check = check
        self._job = job

    def add_parser(self, subparsers: Subparsers) -> None:
        """Add the command, which sets `handler`."""
        parser = subparsers.add_parser(self._name, help=self._short, description=self._about)
        add_config_arguments(parser)
        run.add_cluster_arguments(parser)
        self._add_arguments(parser)
        parser.set_defaults(handler=self.command)

    def command(self, args: argparse.Namespace) -> int:
        """Submit the job to a cluster; returns its exit code."""
        set_up_logging()
        end_cleanly_when_told()
        config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
        require_deep(self._name, config)
        self._check(args)
        master, environment, options = run.where(args, config)
        place = RunPlace(config.output, runs.new_run_id())
        overrides = [part for item in args.overrides for part in ("--set", item)]
        own = ["--config", args.config, *overrides, *self._given(args)]
        return submit(
            self._job_name,
            [*own, "--run-id", place.run_id],
            options=["--master", master, *options],
            environment=environment,
            spark_log=log_path(place, self._job_name).with_suffix(".spark.log"),
        )

    def run(self, arguments: Sequence[str] | None = None) -> int:
        """The job, as `jobs/*.py` call it."""
        parser = argparse.ArgumentParser(
            prog=f"spark-submit --master URL jobs/{self._job_name}.py", description=self._about
        )
        self._add_arguments(parser)
        return run_job(self._job_name, self._job, parser, arguments, self._require_sense)

    def _require_sense(self, config: JobConfig, args: argparse.Namespace) -> None:
        require_deep(self._name, config)
        self._check(args)


def require_deep(tool: str, config: JobConfig) -> None:
    """Refuse a config whose network is one of texts, before anything starts.

    Raises
    ------
    UserError
        When it names a checkpoint.
    """
    if config.text.is_used:
        raise UserError(
            f"{tool} looks at the network of the section deep, and text.checkpoint names one of "
            "texts; leave the section text out (--set text=null)"
        )


def as_svg(figure: Figure) -> bytes:
    """A figure as SVG, without the date."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    FigureCanvasSVG(figure)
    sink = io.BytesIO()
    figure.savefig(sink, format="svg", metadata={"Date": None})
    return sink.getvalue()


def estimator_and_rows(
    config: JobConfig, spark: SparkSession, *, with_validation: bool
) -> tuple[Any, DataFrame]:
    """The estimator of the deep section, and the prepared rows that it is to be tried on."""
    from pipeline.cli.trainers import make_estimator, marked_rows
    from pipeline.data.prepare import SPLIT
    from pipeline.data.prepared import open_prepared

    table = open_prepared(config.output, config.made_by)
    estimator: Any = make_estimator("deep", config, table.roles)
    rows = marked_rows(table.read(spark))
    if with_validation:
        return estimator, rows
    estimator.clear(estimator.validationIndicatorCol)
    return estimator, rows.where(F.col(SPLIT) == "train")
