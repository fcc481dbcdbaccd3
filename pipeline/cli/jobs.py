"""The six jobs, as `jobs/*.py` call them."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pipeline import files
from pipeline.cli.entry import run_job
from pipeline.config import validate
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipeline.cli.job_config import JobConfig

logger = logging.getLogger(__name__)

Facts: TypeAlias = dict[str, Any]
"""What the record of a run says of a job."""

_FORMATS = ("parquet", "csv", "json", "orc")


def prepare(arguments: Sequence[str] | None = None) -> int:
    """Read the table, give every row its identity and its split, write it once."""
    parser = _parser(
        "prepare",
        "Read the source table, check its columns and labels, give every row its identity and its "
        "split, and write it once below the output URI for the other jobs.",
    )
    return run_job("prepare", _prepare, parser, arguments)


def bag(arguments: Sequence[str] | None = None) -> int:
    """Train the bagged ensemble."""
    return _train("bag", "bagging", "bootstrap replicas of a tree, in parallel tasks", arguments)


def boost(arguments: Sequence[str] | None = None) -> int:
    """Train the boosted ensemble."""
    return _train("boost", "boosting", "XGBoost, one booster trained by a gang", arguments)


def deep(arguments: Sequence[str] | None = None) -> int:
    """Train the deep network, on features or on text."""
    what = (
        "an MXNet network, trained by a gang with Horovod: on the table's features, or, where the "
        "config names text.checkpoint, a checkpoint of the Hugging Face model zoo on columns.text"
    )
    return _train("deep", "deep", what, arguments)


def score(arguments: Sequence[str] | None = None) -> int:
    """Score a table with a saved model."""
    parser = _parser(
        "score",
        "Score rows with a saved model. Without --input: the prepared test rows, with every "
        "trained model or the one of --model, into <output>/scores/. With --input: any table, "
        "whose columns all pass through, with the model of --model; without that, where the config "
        "has promotion.registry, with the champion. Columns prediction and probability (an array, "
        "an entry per class) are added; the result is Parquet.",
    )
    parser.add_argument(
        "--model",
        metavar="NAME|URI",
        help="bagging, boosting, deep, champion, or a saved model's URI",
    )
    parser.add_argument("--input", metavar="URI", help="the table to score")
    parser.add_argument("--format", choices=_FORMATS, default="parquet", help="of --input")
    parser.add_argument(
        "--output",
        metavar="URI",
        help="where to write, with --input; when something is there, if_exists decides",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="score test rows also where nothing has changed"
    )
    return run_job("score", _score, parser, arguments, _require_sense)


def report(arguments: Sequence[str] | None = None) -> int:
    """Compare all trained models on the same rows."""
    parser = _parser(
        "report",
        "Evaluate every trained model on the same rows, and the champion where the config has "
        "promotion.registry: a table on the terminal, and report.html (self-contained) and "
        "report.json below <output>/report/.",
    )
    return run_job("report", _report, parser, arguments)


def _train(job: str, name: str, what: str, arguments: Sequence[str] | None) -> int:
    parser = _parser(
        job, f"Train {what}, on the table that jobs/prepare.py wrote, into <output>/models/{name}."
    )

    def train(config: JobConfig, spark: SparkSession, _args: argparse.Namespace) -> Facts:
        from pipeline.cli import trainers

        return trainers.train(name, config, spark)

    return run_job(job, train, parser, arguments)


def _prepare(config: JobConfig, spark: SparkSession, _args: argparse.Namespace) -> Facts:
    from pipeline.cli.runs.inputs import prepare_inputs
    from pipeline.data.prepare import prepare as prepared
    from pipeline.data.prepared import publish
    from pipeline.data.sources import location, read
    from pipeline.data.unreadable import reading

    inputs = prepare_inputs(config)  # of the files as they are before they are read
    with reading(location(config.source)):
        table = prepared(read(spark, config.source), config.columns, config.split, config.seed)
        found = publish(
            spark, config.output, table, config.made_by, inputs=inputs, if_exists=config.if_exists
        )
    counts = ", ".join(f"{rows} {split}" for split, rows in found.rows.items())
    logger.info("prepared %s rows: %s", counts, found.uri)
    return {
        "outputs": {"data": found.uri},
        "data_fingerprint": found.fingerprint,
        "metrics": {"rows": found.rows},
    }


def _require_sense(config: JobConfig, args: argparse.Namespace) -> None:
    from pipeline.cli.models.present import CHAMPION, require_present

    if args.input is None and args.output is not None:
        raise UserError("--output goes with --input; test rows are scored into <output>/scores/")
    if args.input is not None and args.output is None:
        raise UserError("--input needs --output")
    if args.input is not None and args.model is None and config.promotion.registry is None:
        raise UserError(
            "--input needs --model, or promotion.registry in the config: then the champion scores"
        )
    if args.model == CHAMPION or (args.input is not None and args.model is None):
        require_present(config.promotion, config.name)  # before Spark starts
    if args.output is not None:
        files.require_writable(files.absolute(args.output).rpartition("/")[0], "--output")


def _score(config: JobConfig, spark: SparkSession, args: argparse.Namespace) -> Facts:
    from pipeline.cli import scoring
    from pipeline.data.settings import SourceSettings

    if args.input is None:
        return scoring.score_test_rows(config, spark, args.model, fresh=args.fresh)
    # The options of the training table's own reader (a separator, say) hold for its like.
    options = config.source.options if config.source.kind == args.format else {}
    given = {"kind": args.format, "uri": args.input, "options": options}
    source = validate(SourceSettings, given, "--input")
    return scoring.score_table(config, spark, args.model, source, args.output)


def _report(config: JobConfig, spark: SparkSession, args: argparse.Namespace) -> Facts:
    from pipeline.cli.reporting import report as make_report

    return make_report(config, spark, args.run_id)


def _parser(job: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=f"spark-submit --master URL jobs/{job}.py",
        description=description,
        epilog="Exit codes: 0 success, 1 failure, 2 an error in the config, the table or the "
        "arguments, 130 interrupted. What the job did is kept in <output>/runs/<id>/run.json.",
    )
