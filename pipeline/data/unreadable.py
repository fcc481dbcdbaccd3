"""Files that turn out to be unreadable only while their rows are read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from pipeline.errors import DataError

# What Spark says of a file, and what it means for the user.
_MEANINGS = (
    (r"(\S+) is not a Parquet file", "is no Parquet file, or was cut short"),
    (r"Encountered error while reading file (\S+?)\.? Details", "is damaged"),
    (r"SparkFileNotFoundException: File (\S+) does not exist", "vanished while it was being read"),
    (r"Malformed ORC file (\S+?)\.?\s", "is no ORC file, or was cut short"),
)
_MALFORMED = re.compile(r"Malformed records are detected in record parsing: (\[.{0,200}?\])\.")


@contextmanager
def reading(place: str) -> Iterator[None]:
    """Around Spark actions over a table of the user's: a file of it that is damaged is his error.

    Parameters
    ----------
    place : str
        Where the table is, for the message.

    Raises
    ------
    DataError
        Naming the file, when Spark could not read it. Other errors pass.
    """
    try:
        yield
    except (Py4JJavaError, PySparkException) as error:
        sentence = _sentence(place, str(error))
        if sentence is None:
            raise
        raise DataError(sentence) from error


def _sentence(place: str, text: str) -> str | None:
    for pattern, meaning in _MEANINGS:
        if found := re.search(pattern, text):
            return f"{place}: file {found[1]} {meaning}; write it again, or take it away"
    if found := _MALFORMED.search(text):
        return (
            f"{place}: a row is not as the others (read as {found[1]}), and source.options has "
            "mode FAILFAST; mend the row, or choose another mode"
        )
    return None
