"""The partitions of a table by their dates, and where the scores of each lie."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass

from pipeline import files
from pipeline.cli.entry import add_config_arguments

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class ScoredTable:
    """A table whose partitions are scored.

    Parameters
    ----------
    table : str
        Its URI.
    key : str
        What stands before the date in the names of partitions.
    output : str
        URI below which everything is written.
    """

    table: str
    key: str
    output: str

    def input_of(self, date: str) -> str:
        """A partition."""
        return files.join(self.table, f"{self.key}={date}")

    def scores_of(self, date: str) -> str:
        """Where its scores lie: a table with the same partitions."""
        return files.join(self.output, "scores", f"{self.key}={date}")

    def is_scored(self, date: str) -> bool:
        """Whether its scores are there, all of them."""
        return files.exists(files.join(self.scores_of(date), "_SUCCESS"))

    def dates(self) -> list[str]:
        """The dates of all partitions, the oldest first."""
        pairs = (name.partition("=") for name in files.children(self.table))
        return sorted(date for key, _, date in pairs if key == self.key and _DATE.fullmatch(date))


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a config and a table."""
    add_config_arguments(parser)
    parser.add_argument("--table", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--format", required=True)


def table_of(args: argparse.Namespace, output: str) -> ScoredTable:
    """The table that the arguments name."""
    return ScoredTable(files.absolute(args.table), args.key, output)
