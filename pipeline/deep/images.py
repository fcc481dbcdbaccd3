"""Images of one size, which convolutional networks take, made of Spark's columns."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pyspark.ml import Transformer
from pyspark.ml.param import TypeConverters
from pyspark.ml.param.shared import HasInputCol, HasOutputCol
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql.pandas.functions import PandasUDFType, pandas_udf
from pyspark.sql.types import ArrayType, BinaryType, FloatType, StructType

from pipeline.data.names import column, require
from pipeline.errors import DataError
from pipeline.estimators.params import OurParams, Rule, declare

if TYPE_CHECKING:
    from PIL.Image import Image
    from pyspark.sql import DataFrame

# OpenCV's types of images that Spark's source gives: channels of a byte each, blue first.
_OPENCV = {0: 1, 16: 3, 24: 4}
_MODES = {1: "L", 3: "RGB"}


class ImageAssembler(
    Transformer,
    OurParams,
    HasInputCol,
    HasOutputCol,
    DefaultParamsReadable[Any],
    DefaultParamsWritable,
):
    """Images as arrays of height x width x channels floats from 0 to 255, row after row.

    The output is to be the `featuresCol` of a network with `network="convolutional"` and the same
    `image_shape`.

    Parameters
    ----------
    **params
        `inputCol`: a column of encoded images (binary: PNG, JPEG and what else Pillow reads) or
        of Spark's image source; `outputCol`; `imageShape`: [height, width, channels], channels 1
        (grey) or 3 (red, green, blue). Images of other sizes are resized.
    """

    imageShape = declare(  # noqa: N815
        "imageShape", "[height, width, channels] of all images", TypeConverters.toListInt
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "imageShape",
            lambda value: len(value) == 3 and min(value) >= 1 and value[2] in _MODES,
            "[height, width, 1] or [height, width, 3]",
        ),
    )

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self._setDefault(outputCol="features", imageShape=[32, 32, 3])
        self.setParams(**params)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        self.require_valid()
        name = self.getOrDefault("inputCol")
        require(dataset, [name], "inputCol")
        kind = dataset.schema[name].dataType
        is_spark = isinstance(kind, StructType) and {"height", "width", "data"} <= set(kind.names)
        if not is_spark and not isinstance(kind, BinaryType):
            raise DataError(
                f"inputCol: {name} is {kind.simpleString()}; it must be binary, or of Spark's "
                "image source"
            )
        shape = tuple(self.getOrDefault("imageShape"))
        decode = partial(_decoded, name, shape)
        numbers: Any = pandas_udf(decode, ArrayType(FloatType()), PandasUDFType.SCALAR_ITER)
        return dataset.withColumn(self.getOutputCol(), numbers(column(name)))


def _decoded(
    name: str, shape: tuple[int, int, int], batches: Iterator[Any]
) -> Iterator[pd.Series[Any]]:
    """Arrays for batches of encoded images, or of Spark's."""
    for batch in batches:
        values = batch.to_dict("records") if isinstance(batch, pd.DataFrame) else list(batch)
        yield pd.Series([_numbers(name, each, shape) for each in values], dtype=object)


def _numbers(name: str, value: Any, shape: tuple[int, int, int]) -> npt.NDArray[np.float32] | None:
    if value is None or (isinstance(value, dict) and value["data"] is None):
        return None
    height, width, channels = shape
    try:
        image = _of_spark(value) if isinstance(value, dict) else _of_bytes(value)
        fitted = image.convert(_MODES[channels]).resize((width, height))
    except (OSError, ValueError, KeyError) as error:
        origin = f" {value['origin']}" if isinstance(value, dict) else ""
        raise DataError(f"{name}: an image{origin} cannot be read: {error}") from error
    return np.asarray(fitted, dtype=np.float32).reshape(-1)


def _of_bytes(data: bytes) -> Image:
    from PIL import Image

    return Image.open(io.BytesIO(data))


def _of_spark(value: dict[str, Any]) -> Image:
    from PIL import Image

    channels = _OPENCV[int(value["mode"])]
    shape = (int(value["height"]), int(value["width"]), channels)
    pixels = np.frombuffer(value["data"], np.uint8).reshape(shape)
    if channels == 1:
        return Image.fromarray(pixels[:, :, 0])
    order = [2, 1, 0, 3][:channels]
    return Image.fromarray(np.ascontiguousarray(pixels[:, :, order]))
