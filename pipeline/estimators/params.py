"""Spark ML params that all trainers share; a mixin a concern.

Names are Spark ML's own where it has one. Defaults are written down here, never derived: Spark's
default seed, a hash of the class name, differs from process to process.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.param.shared import (
    HasFeaturesCol,
    HasLabelCol,
    HasPredictionCol,
    HasProbabilityCol,
    HasRawPredictionCol,
    HasSeed,
    HasValidationIndicatorCol,
    HasWeightCol,
)

from pipeline.errors import UserError
from pipeline.spark.gang import GangLimits

P = TypeVar("P", bound="OurParams")


@dataclass(frozen=True)
class Rule:
    """A condition on one param.

    Parameters
    ----------
    param : str
        The param's name.
    holds : callable
        Whether a value is allowed.
    sentence : str
        What is allowed, as the end of "must be …".
    """

    param: str
    holds: Callable[[Any], bool]
    sentence: str


def declare(name: str, doc: str, convert: Callable[[Any], Any]) -> Param[Any]:
    """A param of a class, to be assigned to an attribute of the same name."""
    return Param(Params._dummy(), name, doc, convert)


class OurParams(Params):
    """Setting params by name, with the nearest known name in the error, and checking them."""

    rules: ClassVar[tuple[Rule, ...]] = ()
    other_names: ClassVar[Mapping[str, str]] = {}
    """Names that other libraries have for a param, each with the param's own."""

    def setParams(self: P, **values: Any) -> P:  # noqa: N802 - Spark ML's name
        """Set several params by name.

        Raises
        ------
        UserError
            For an unknown name or a value of the wrong type.
        """
        for name, value in values.items():
            if not self.hasParam(name):
                known = [param.name for param in self.params]
                near = difflib.get_close_matches(name, known, n=1)
                near = near or difflib.get_close_matches(name, self.other_names, n=1)
                hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
                raise UserError(f"{type(self).__name__}: unknown param {name}{hint}")
            if value is None:
                continue
            try:
                self._set(**{name: value})
            except TypeError as error:
                raise UserError(f"{type(self).__name__}.{name}: {error}") from None
        return self

    def require_valid(self) -> None:
        """Raise a `UserError` that lists every param whose value is not allowed."""
        problems = [
            f"{rule.param} must be {rule.sentence}, not {self.getOrDefault(rule.param)!r}"
            for kind in type(self).__mro__
            for rule in vars(kind).get("rules", ())
            if self.isDefined(rule.param) and not rule.holds(self.getOrDefault(rule.param))
        ]
        if problems:
            raise UserError(f"{type(self).__name__}: " + "; ".join(problems))

    def value(self, name: str) -> Any:
        """A param's value or default; None where it has neither."""
        return self.getOrDefault(name) if self.isDefined(name) else None


class ColumnParams(
    OurParams, HasFeaturesCol, HasPredictionCol, HasProbabilityCol, HasRawPredictionCol
):
    """Columns that a model reads and writes.

    `featuresCols` names typed columns (numbers, booleans, strings as categories); without it
    `featuresCol` names one vector or array column.
    """

    featuresCols = declare(  # noqa: N815
        "featuresCols",
        "typed feature columns: numbers, booleans, strings; instead of featuresCol",
        TypeConverters.toListString,
    )

    def setFeaturesCol(self: P, value: str) -> P:  # noqa: N802
        """Name the vector or array column."""
        return self._set(featuresCol=value)

    def setFeaturesCols(self: P, value: list[str]) -> P:  # noqa: N802
        """Name the typed feature columns."""
        return self._set(featuresCols=value)

    def setPredictionCol(self: P, value: str) -> P:  # noqa: N802
        """Name the column of predictions."""
        return self._set(predictionCol=value)

    def setProbabilityCol(self: P, value: str) -> P:  # noqa: N802
        """Name the column of class probabilities."""
        return self._set(probabilityCol=value)

    def setRawPredictionCol(self: P, value: str) -> P:  # noqa: N802
        """Name the column of raw scores."""
        return self._set(rawPredictionCol=value)


class TableParams(ColumnParams, HasLabelCol, HasWeightCol, HasValidationIndicatorCol, HasSeed):
    """What a fit reads from the table besides the features.

    `rowIdCol` names a column of 64-bit row identities, as `jobs/prepare.py` writes it; `keyCols`
    names key columns, from which the identity is made and which must be unique; with neither, the
    identity is a hash of the columns that the fit reads.
    """

    rowIdCol = declare(  # noqa: N815
        "rowIdCol",
        "a column of 64-bit row identities; they must be unique",
        TypeConverters.toString,
    )
    keyCols = declare(  # noqa: N815
        "keyCols",
        "columns that identify a row; refused when they are not unique",
        TypeConverters.toListString,
    )
    scratchDir = declare(  # noqa: N815
        "scratchDir",
        "URI for shards and partial results, reachable from all nodes; default: the local disk",
        TypeConverters.toString,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("seed", lambda value: 0 <= value < 2**31, "from 0 to 2147483647"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(seed=0)

    def setLabelCol(self: P, value: str) -> P:  # noqa: N802
        """Name the label column."""
        return self._set(labelCol=value)

    def setWeightCol(self: P, value: str) -> P:  # noqa: N802
        """Name the column of row weights."""
        return self._set(weightCol=value)

    def setValidationIndicatorCol(self: P, value: str) -> P:  # noqa: N802
        """Name the boolean column that marks validation rows."""
        return self._set(validationIndicatorCol=value)

    def setSeed(self: P, value: int) -> P:  # noqa: N802
        """Set the seed."""
        return self._set(seed=value)


class GangParams(OurParams):
    """How a gang is laid out and how long it may take."""

    numWorkers = declare(  # noqa: N815
        "numWorkers",
        "size of the gang; 0: one worker per executor, or per GPU",
        TypeConverters.toInt,
    )
    device = declare("device", "cpu or gpu (one GPU per worker)", TypeConverters.toString)
    gangAttempts = declare(  # noqa: N815
        "gangAttempts",
        "attempts in all when executors are lost",
        TypeConverters.toInt,
    )
    gangWait = declare(  # noqa: N815
        "gangWait",
        "seconds to wait for executors to register or return",
        TypeConverters.toFloat,
    )
    gangQueue = declare(  # noqa: N815
        "gangQueue",
        "seconds to wait behind other gangs of the application; unset: no limit",
        TypeConverters.toFloat,
    )
    gangStall = declare(  # noqa: N815
        "gangStall",
        "seconds without progress after which the gang is ended",
        TypeConverters.toFloat,
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("numWorkers", lambda value: value >= 0, "0 (one per executor) or more"),
        Rule("device", lambda value: value in ("cpu", "gpu"), "cpu or gpu"),
        Rule("gangAttempts", lambda value: value >= 1, "1 or more"),
        Rule("gangWait", lambda value: value > 0, "positive"),
        Rule("gangQueue", lambda value: value >= 0, "0 or more"),
        Rule("gangStall", lambda value: value > 0, "positive"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(
            numWorkers=0, device="cpu", gangAttempts=3, gangWait=600.0, gangStall=600.0
        )

    @property
    def gpus_per_worker(self) -> int:
        """GPUs that each worker holds."""
        return 1 if self.value("device") == "gpu" else 0

    @property
    def gang_limits(self) -> GangLimits:
        """The limits as the gang takes them."""
        return GangLimits(
            self.value("gangAttempts"),
            self.value("gangWait"),
            self.value("gangQueue"),
            self.value("gangStall"),
        )
