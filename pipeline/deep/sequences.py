"""Sequences of one length, which recurrent networks take, made of Spark's columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pyspark.ml import Transformer
from pyspark.ml.param import TypeConverters
from pyspark.ml.param.shared import HasInputCol, HasInputCols, HasOutputCol
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import ArrayType, DataType, NumericType

from pipeline.data.names import column, require
from pipeline.errors import DataError
from pipeline.estimators.params import OurParams, Rule, declare

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


class LengthParams(OurParams, HasOutputCol):
    """How long sequences are to be."""

    length = declare("length", "steps of each sequence", TypeConverters.toInt)

    rules: ClassVar[tuple[Rule, ...]] = (Rule("length", lambda value: value >= 1, "1 or more"),)

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(outputCol="features", length=20)


class SequencePadder(
    Transformer, LengthParams, HasInputCol, DefaultParamsReadable[Any], DefaultParamsWritable
):
    """The last `length` steps of a column of sequences; shorter ones begin with NaN.

    The column holds arrays of numbers, or of arrays of numbers (the channels of a step). The output
    is an array of `length` times channels floats, to be the `featuresCol` of a network with
    `network="recurrent"`.

    Parameters
    ----------
    **params
        `inputCol`, `outputCol`, `length`, `channels` (of nested arrays; a step of another number
        of channels is an error when it is met).
    """

    channels = declare("channels", "numbers of each step of a nested array", TypeConverters.toInt)

    rules: ClassVar[tuple[Rule, ...]] = (Rule("channels", lambda value: value >= 1, "1 or more"),)

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self._setDefault(channels=1)
        self.setParams(**params)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        self.require_valid()
        name = self.getOrDefault("inputCol")
        require(dataset, [name], "inputCol")
        channels = self.value("channels")
        steps = column(name)
        if _is_nested(name, dataset.schema[name].dataType):
            is_whole = F.forall(steps, lambda step: F.size(step) == channels)
            refusal = F.raise_error(F.lit(f"{name}: a step has not {channels} channels"))
            steps = F.when(is_whole | steps.isNull(), F.flatten(steps)).otherwise(refusal)
        return dataset.withColumn(
            self.getOutputCol(), _of_length(steps, self.value("length") * channels)
        )


class SequenceAssembler(
    Transformer, LengthParams, HasInputCols, DefaultParamsReadable[Any], DefaultParamsWritable
):
    """For each row the last `length` rows of its group, itself the last of them, as one array.

    Groups that are shorter yet begin with NaN. Rows of one time are put in the order of their
    values, so that the result does not depend on partitions.

    Parameters
    ----------
    **params
        `inputCols` (numbers: the channels), `groupCols`, `orderCol`, `length`, `outputCol`.
    """

    groupCols = declare(  # noqa: N815
        "groupCols", "columns that say which sequence a row belongs to", TypeConverters.toListString
    )
    orderCol = declare(  # noqa: N815
        "orderCol", "column that orders the rows of a sequence", TypeConverters.toString
    )

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self.setParams(**params)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        self.require_valid()
        names, groups = self.getOrDefault("inputCols"), self.getOrDefault("groupCols")
        order = self.getOrDefault("orderCol")
        require(dataset, names, "inputCols")
        require(dataset, groups, "groupCols")
        require(dataset, [order], "orderCol")
        for name in names:
            kind = dataset.schema[name].dataType
            if not isinstance(kind, NumericType):
                raise DataError(f"inputCols: {name} is {kind.simpleString()}; it must be a number")
        length = self.value("length")
        window = (
            Window.partitionBy(*map(column, groups))
            .orderBy(*map(column, [order, *names]))
            .rowsBetween(1 - length, 0)
        )
        step = F.array(*(column(name).cast("float") for name in names))
        steps = F.flatten(F.collect_list(step).over(window))
        return dataset.withColumn(self.getOutputCol(), _of_length(steps, length * len(names)))


def _of_length(numbers: Column, wanted: int) -> Column:
    """The last so many numbers, NaN where there are none."""
    nan = F.lit(float("nan")).cast("float")
    known = F.transform(
        F.coalesce(numbers.cast("array<float>"), F.array().cast("array<float>")),
        lambda each: F.coalesce(each, nan),
    )
    begins = F.greatest(F.size(known) - wanted + 1, F.lit(1))
    last = F.slice(known, begins, wanted)
    return F.concat(F.array_repeat(nan, F.lit(wanted) - F.size(last)), last)


def _is_nested(name: str, kind: DataType) -> bool:
    inner = kind.elementType if isinstance(kind, ArrayType) else None
    if isinstance(inner, ArrayType) and isinstance(inner.elementType, NumericType):
        return True
    if isinstance(inner, NumericType):
        return False
    raise DataError(
        f"inputCol: {name} is {kind.simpleString()}; it must be an array of numbers, or of arrays "
        "of numbers"
    )
