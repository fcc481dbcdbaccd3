"""`emr-ensembles batch-sweep`, and the job behind it: batch sizes against step sizes."""

from __future__ import annotations

import argparse
import csv
import io
import logging
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline import files
from pipeline.cli.tool_jobs import Tool, as_svg, estimator_and_rows
from pipeline.deep.batch_sweep import Pair, best, require_sweep
from pipeline.errors import UserError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipeline.cli.job_config import JobConfig

logger = logging.getLogger(__name__)

_HEAD = ("batch_size", "learning_rate", "loss", "spread", "rows_per_s")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--batches", nargs="+", type=int, default=[256, 1024, 4096], metavar="N",
        help="rows of a batch, all workers together (256 1024 4096)",
    )  # fmt: skip
    parser.add_argument(
        "--rates", nargs="+", type=float, default=[5e-4, 2e-3, 8e-3], metavar="RATE",
        help="step sizes (0.0005 0.002 0.008)",
    )  # fmt: skip
    parser.add_argument("--orders", type=int, default=3, help="orders of rows for each pair (3)")
    parser.add_argument("--epochs", type=int, default=2, help="of each training (2)")


def _given(args: argparse.Namespace) -> list[str]:
    return [
        *("--batches", *map(str, args.batches)),
        *("--rates", *map(str, args.rates)),
        f"--orders={args.orders}",
        f"--epochs={args.epochs}",
    ]


def _check(args: argparse.Namespace) -> None:
    require_sweep(args.batches, args.rates, args.orders)
    if args.epochs < 1:
        raise UserError(f"epochs must be 1 or more, not {args.epochs}")


def _sweep(config: JobConfig, spark: SparkSession, args: argparse.Namespace) -> dict[str, Any]:
    estimator, rows = estimator_and_rows(config, spark, with_validation=True)
    found = estimator.batchSweep(rows, args.batches, args.rates, args.orders, args.epochs)
    place = files.join(config.output, "tools")
    files.write_bytes(files.join(place, "batch-sweep.csv"), _csv(found))
    files.write_bytes(files.join(place, "batch-sweep.svg"), drawn(found))
    sys.stdout.write(told(found))
    logger.info("figure: %s", files.join(place, "batch-sweep.svg"))
    chosen = best(found)
    return {"metrics": {} if chosen is None else {"loss": chosen.mean, "spread": chosen.spread}}


def told(found: Sequence[Pair]) -> str:
    """The table on the terminal, and what it comes to."""
    lines = ["batch size  learning rate     loss   spread  rows/s"]
    lines += [
        f"{pair.batch_size:>10}  {pair.learning_rate:>13g}  {_number(pair.mean, 4):>7}  "
        f"{_number(pair.spread, 4):>7}  {_number(pair.rows_per_s, 0)}"
        for pair in found
    ]
    chosen = best(found)
    if chosen is None:
        lines.append("all trainings diverged: take smaller learning rates")
    else:
        lines.append(
            f"least loss: deep.batch_size: {chosen.batch_size}, deep.learning_rate: "
            f"{chosen.learning_rate:g}"
        )
    return "\n".join(lines) + "\n"


def _number(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def _csv(found: Sequence[Pair]) -> bytes:
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow([*_HEAD, "losses"])
    for pair in found:
        losses = " ".join(f"{loss:.6g}" for loss in pair.losses)
        writer.writerow(
            [pair.batch_size, pair.learning_rate, pair.mean, pair.spread, pair.rows_per_s, losses]
        )
    return sink.getvalue().encode()


def drawn(found: Sequence[Pair]) -> bytes:
    """The figure, as SVG: losses with their spread, and rows a second."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    losses, rates = figure.subplots(1, 2)
    sizes = list(dict.fromkeys(pair.batch_size for pair in found))
    for size in sizes:
        own = [pair for pair in found if pair.batch_size == size]
        spreads = [0.0 if math.isnan(pair.spread) else pair.spread for pair in own]
        x = [pair.learning_rate for pair in own]
        losses.errorbar(x, [pair.mean for pair in own], spreads, marker="o", capsize=3, label=size)
    losses.set_xscale("log")
    losses.set_xlabel("Step size")
    losses.set_ylabel("Loss, with what shuffling does")
    losses.legend(title="Batch size", frameon=False)
    fastest = [max(pair.rows_per_s for pair in found if pair.batch_size == size) for size in sizes]
    rates.plot(sizes, fastest, marker="o")
    rates.set_xscale("log")
    rates.set_ylim(bottom=0)
    rates.set_xlabel("Batch size")
    rates.set_ylabel("Rows a second")
    return as_svg(figure)


TOOL = Tool(
    "batch-sweep",
    "try batch sizes and learning rates of a network",
    "Train the network of the deep section on the prepared table with every pair of batch size and "
    "learning rate, each from the same weights with several orders of rows, and tell losses of the "
    "validation rows, how far shuffling alone moves them, and rows a second. Writes "
    "batch-sweep.csv and batch-sweep.svg below <output>/tools/. No model is written.",
    add_arguments=_add_arguments,
    given=_given,
    check=_check,
    job=_sweep,
)
