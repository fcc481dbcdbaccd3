"""`emr-ensembles gradcheck`: whether a network's gradients are right."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pipeline.cli.entry import add_config_arguments
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.tool_jobs import require_deep
from pipeline.config import load
from pipeline.deep.gradcheck import TOLERANCE, Checked, check
from pipeline.errors import UserError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_HEAD = ("parameter", "entries", "backpropagated", "numeric", "difference")


def add_parser(subparsers: Subparsers) -> None:
    """Add `gradcheck`, which sets `handler`."""
    parser = subparsers.add_parser(
        "gradcheck",
        help="compare a network's gradients with differences of its loss",
        description="Build the network of a config's deep section and compare, for each "
        "parameter, the gradients of backpropagation with differences of the loss, in float64 on "
        "rows that are drawn. No table is read and no Spark is started. Exit code 0 when all are "
        "the same, 2 when one is wrong: then the network, not the data, is to be mended.",
    )
    add_config_arguments(parser)
    parser.add_argument("--classes", type=int, default=3, help="of the output; 0: a value (3)")
    parser.add_argument(
        "--entries", type=int, default=10, help="entries of each parameter that are compared (10)"
    )
    parser.set_defaults(handler=gradcheck)


def gradcheck(args: argparse.Namespace) -> int:
    """Print a table of all parameters; raise when a gradient is wrong."""
    if args.classes < 0 or args.classes == 1 or args.entries < 1:
        raise UserError("--classes is 0 or 2 and more, --entries 1 and more")
    config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    require_deep("gradcheck", config)
    estimator = config.deep.estimator(**config.deep.given())
    found = check(estimator.recipe(), args.classes, config.seed, args.entries)
    sys.stdout.write(_table(found))
    wrong = [each.name for each in found if not each.is_right]
    if wrong:
        raise UserError(
            f"gradients of {', '.join(wrong)} are wrong: backpropagation and differences of the "
            f"loss differ by more than {TOLERANCE:g} of their size"
        )
    sys.stdout.write(f"gradients of all {len(found)} parameters are right\n")
    return 0


def _table(found: list[Checked]) -> str:
    rows = [
        (
            each.name,
            str(each.entries),
            f"{each.backpropagated:.6g}",
            f"{each.numeric:.6g}",
            f"{each.error:.1e}{'' if each.is_right else '  wrong'}",
        )
        for each in found
    ]
    widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
    lines = [
        "  ".join(
            text.ljust(width) if at == 0 else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (_HEAD, *rows)
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"
