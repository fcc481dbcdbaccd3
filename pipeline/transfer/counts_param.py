"""How Spark adds up what its tasks count of texts."""

from __future__ import annotations

from typing import Any

from pyspark.accumulators import AccumulatorParam

from pipeline.transfer.text_counts import TextCounts


class CountsParam(AccumulatorParam[Any]):
    """How Spark adds the counts of its tasks up."""

    def zero(self, value: TextCounts) -> TextCounts:
        """What a task begins with."""
        return TextCounts()

    def addInPlace(self, value1: TextCounts, value2: TextCounts) -> TextCounts:  # noqa: N802
        """The sum; Spark's name."""
        return value1 + value2
