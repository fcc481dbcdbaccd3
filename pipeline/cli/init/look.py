"""A look at a table for `config init`: how to read it, what is in it, what its columns are for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.data.guess.columns import Guess, guess_roles, is_leak, may_leak
from pipeline.data.guess.csv_dialect import Dialect, dialect_of, renamed
from pipeline.data.guess.facts import ColumnFacts, column_facts, count_values, rarest
from pipeline.data.guess.label import LabelGuess, guess_label
from pipeline.data.guess.missing_marks import commonest, marked_columns
from pipeline.data.roles import require_distinct
from pipeline.data.settings import SourceSettings
from pipeline.data.sources import location, read
from pipeline.data.unreadable import reading
from pipeline.errors import DataError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_LINES = 50
# Nothing that a text holds: with it as separator, a line is one cell.
_NO_SEPARATOR = {"sep": "\x01", "quote": "", "header": False, "inferSchema": False}


@dataclass(frozen=True)
class Look:
    """What a look at a table found.

    Attributes
    ----------
    source : SourceSettings
        How the table is read; with the options that were found necessary.
    notes : tuple of str
        Sentences about the source: why these options, and what Spark makes of it.
    facts : tuple of ColumnFacts
        Of all columns.
    label : LabelGuess
        The label.
    guesses : dict of str to Guess
        A role for each column, with the reason.
    rarest : tuple of (object, int)
        The class with the fewest rows, and their number.
    is_all : bool
        Whether all rows were looked at.
    """

    source: SourceSettings
    notes: tuple[str, ...]
    facts: tuple[ColumnFacts, ...]
    label: LabelGuess
    guesses: dict[str, Guess]
    rarest: tuple[Any, int]
    is_all: bool

    @property
    def rows(self) -> int:
        """Rows looked at."""
        return self.facts[0].rows


def look(
    spark: SparkSession, source: SourceSettings, label: str | None = None, rows: int = 200_000
) -> Look:
    """Read at most `rows` rows of a table, and guess.

    Raises
    ------
    DataError
        When the table cannot be read, has no rows, names a column twice, has no usable label, or
        nothing to predict it from.
    """
    with reading(location(source)):
        source, notes = _with_dialect(spark, source)
        frame, source, by_format = _read(spark, source)
        frame, source, by_mark = _with_missing_mark(spark, frame, source, rows)
        require_distinct(frame.columns)
        kept = frame.limit(rows).persist()
        try:
            return _guessed(kept, source, (*notes, *by_format, *by_mark), label, rows)
        finally:
            kept.unpersist()


def _guessed(
    frame: DataFrame, source: SourceSettings, notes: tuple[str, ...], label: str | None, wanted: int
) -> Look:
    facts = column_facts(frame)
    rows = facts[0].rows
    if not rows:
        raise DataError(f"{location(source)}: the table has no rows")
    chosen = guess_label(facts, label)
    place = [fact.name for fact in facts].index(chosen.name)
    guesses = guess_roles(facts, chosen, _leaks(frame, facts, chosen, place))
    return Look(source, notes, tuple(facts), chosen, guesses, rarest(frame, place), rows < wanted)


def _with_dialect(
    spark: SparkSession, source: SourceSettings
) -> tuple[SourceSettings, Sequence[str]]:
    """The source with the options that the first lines of a CSV file call for."""
    if source.kind != "csv":
        return source, ()
    given = {key.lower(): value for key, value in source.options.items()}
    own = {key: source.options[key] for key in source.options if key.lower() in _OF_THE_TEXT}
    lines = read(spark, source.model_copy(update={"options": {**own, **_NO_SEPARATOR}}))
    first = [str(row[0]).removeprefix("\ufeff") for row in lines.limit(_LINES).collect()]
    separator = given.get("sep", given.get("delimiter"))
    dialect = dialect_of(first, str(separator) if _is_one(separator) else None)
    options, notes = _options(dialect, given)
    if given.get("header", dialect.has_header):
        notes += renamed(dialect)
    return source.model_copy(update={"options": {**source.options, **options}}), notes


_OF_THE_TEXT = ("encoding", "charset", "linesep", "comment")


def _is_one(separator: object) -> bool:
    return isinstance(separator, str) and len(separator) == 1


def _options(dialect: Dialect, given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    options: dict[str, Any] = {}
    notes = []
    if dialect.separator != "," and not {"sep", "delimiter"} & given.keys():
        options["sep"] = dialect.separator
        notes.append(f"sep: the first lines are divided by {dialect.separator_name}.")
    if not dialect.has_header and "header" not in given:
        options["header"] = False
        notes.append(
            "header: the first line holds numbers only, so it is taken for a row, and columns are "
            "called _c0, _c1 and so on; set it to true when these are names."
        )
    if dialect.skips_space and "ignoreleadingwhitespace" not in given:
        options["ignoreLeadingWhiteSpace"] = True
        notes.append("ignoreLeadingWhiteSpace: a space follows the separators.")
    return options, notes


def _read(
    spark: SparkSession, source: SourceSettings
) -> tuple[DataFrame, SourceSettings, Sequence[str]]:
    """The table; of JSON also one whose records are spread over lines."""
    try:
        return read(spark, source), source, ()
    except DataError:
        if source.kind != "json" or "multiline" in map(str.lower, source.options):
            raise
        changed = _with_option(source, "multiLine", True)
        try:
            frame = read(spark, changed)
        except DataError:
            frame = None
        if frame is None:
            raise
        return frame, changed, ["multiLine: records are spread over several lines."]


def _with_missing_mark(
    spark: SparkSession, frame: DataFrame, source: SourceSettings, rows: int
) -> tuple[DataFrame, SourceSettings, Sequence[str]]:
    """Read again when a mark for missing numbers has turned them into text."""
    if source.kind != "csv" or "nullvalue" in map(str.lower, source.options):
        return frame, source, ()
    texts = [name for name, kind in frame.dtypes if kind == "string"]
    marks = marked_columns(frame.limit(rows), texts)
    mark = commonest(marks)
    if mark is None:
        return frame, source, ()
    changed = _with_option(source, "nullValue", mark)
    by_mark = ", ".join(name for name, own in marks.items() if own == mark)
    notes = [f"nullValue: {mark} is all that keeps these columns from being numbers: {by_mark}."]
    notes.append("In text columns too it then means that the value is missing.")
    notes += [
        f"{name} stays text: it has numbers and {own}, and only one mark can be nullValue."
        for name, own in marks.items()
        if own != mark
    ]
    return read(spark, changed), changed, notes


def _with_option(source: SourceSettings, key: str, value: str | bool) -> SourceSettings:
    return source.model_copy(update={"options": {**source.options, key: value}})


def _leaks(
    frame: DataFrame, facts: Sequence[ColumnFacts], label: LabelGuess, place: int
) -> list[str]:
    pairs = count_values(frame, may_leak(facts, label), place)
    return [
        facts[other].name for other in pairs if is_leak(facts[other], facts[place], pairs[other])
    ]
