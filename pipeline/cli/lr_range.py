"""`emr-ensembles lr-range`, and the job behind it: which step size a network learns by."""

from __future__ import annotations

import argparse
import csv
import io
import logging
import sys
from typing import TYPE_CHECKING, Any

from pipeline import files
from pipeline.cli.tool_jobs import Tool, as_svg, estimator_and_rows
from pipeline.deep.rate_range import RateRange, require_range

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipeline.cli.job_config import JobConfig

logger = logging.getLogger(__name__)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--low", type=float, default=1e-6, help="first step size (1e-6)")
    parser.add_argument("--high", type=float, default=1.0, help="last step size (1.0)")
    parser.add_argument("--steps", type=int, default=200, help="steps between them (200)")


def _given(args: argparse.Namespace) -> list[str]:
    return [f"--low={args.low}", f"--high={args.high}", f"--steps={args.steps}"]


def _walk(config: JobConfig, spark: SparkSession, args: argparse.Namespace) -> dict[str, Any]:
    estimator, rows = estimator_and_rows(config, spark, with_validation=False)
    found: RateRange = estimator.learningRateRange(rows, args.low, args.high, args.steps)
    place = files.join(config.output, "tools")
    files.write_bytes(files.join(place, "lr-range.csv"), _csv(found))
    files.write_bytes(files.join(place, "lr-range.svg"), drawn(found))
    sys.stdout.write(
        f"{len(found.rates)} steps, from {found.rates[0]:.2g} to {found.rates[-1]:.2g}\n"
        f"the loss fell fastest at {found.steepest:.2g} and was least at {found.least:.2g}\n"
        f"suggestion: deep.learning_rate: {found.suggestion:.1g}\n"
    )
    logger.info("figure: %s", files.join(place, "lr-range.svg"))
    return {"metrics": {"suggestion": found.suggestion, "least": found.least}}


def _csv(found: RateRange) -> bytes:
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow(["learning_rate", "loss", "smoothed"])
    writer.writerows(zip(found.rates, found.losses, found.smooth, strict=True))
    return sink.getvalue().encode()


def drawn(found: RateRange) -> bytes:
    """The figure, as SVG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(found.rates, found.losses, color="#b7c0c8", linewidth=1, label="loss")
    axes.plot(found.rates, found.smooth, color="#0072B2", label="smoothed")
    told = f"suggestion {found.suggestion:.1g}"
    axes.axvline(found.suggestion, color="#D55E00", linestyle="--", label=told)
    axes.set_xscale("log")
    axes.set_xlabel("Step size")
    axes.set_ylabel("Loss")
    axes.legend(frameon=False)
    return as_svg(figure)


TOOL = Tool(
    "lr-range",
    "find a network's learning rate",
    "Train the network of the deep section on the prepared table with a step size that grows from "
    "step to step, and note the loss. Where it falls fastest the network learns best; where it "
    "rises the step size is too large. Writes lr-range.csv and lr-range.svg below "
    "<output>/tools/, and prints a suggestion. No model is written.",
    add_arguments=_add_arguments,
    given=_given,
    check=lambda args: require_range(args.low, args.high, args.steps),
    job=_walk,
)
