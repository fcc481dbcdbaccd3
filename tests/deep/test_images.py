"""Images of one size, from bytes and from Spark's image source."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyspark.sql import SparkSession

from pipeline.deep import DeepClassifier
from pipeline.deep.images import ImageAssembler
from pipeline.errors import DataError, UserError


def _picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def _png(pixels: np.ndarray) -> bytearray:
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "png")
    return bytearray(sink.getvalue())


def test_encoded_images_are_their_pixels(spark: SparkSession) -> None:
    pixels = _picture(4, 6)
    frame = spark.createDataFrame([(1, _png(pixels)), (2, None)], "id int, image binary")
    assembler = ImageAssembler(inputCol="image", imageShape=[4, 6, 3])
    first, second = assembler.transform(frame).orderBy("id").collect()
    assert np.array_equal(np.array(first.features).reshape(4, 6, 3), pixels)
    assert second.features is None


def test_images_are_resized_and_made_grey(spark: SparkSession) -> None:
    pixels = np.full((8, 8, 3), (255, 0, 0), np.uint8)
    frame = spark.createDataFrame([(_png(pixels),)], "image binary")
    (row,) = ImageAssembler(inputCol="image", imageShape=[2, 3, 1]).transform(frame).collect()
    assert row.features == [76.0] * 6  # how bright red is


def test_sparks_image_source_gives_the_same_pixels(spark: SparkSession, tmp_path: Path) -> None:
    pixels = _picture(5, 7)
    (tmp_path / "one.png").write_bytes(_png(pixels))
    frame = spark.read.format("image").load(tmp_path.as_uri())
    (row,) = ImageAssembler(inputCol="image", imageShape=[5, 7, 3]).transform(frame).collect()
    assert np.array_equal(np.array(row.features).reshape(5, 7, 3), pixels)


def test_what_is_no_image_is_refused(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(1, bytearray(b"no image"))], "id int, image binary")
    with pytest.raises(Exception, match="image: an image cannot be read: cannot identify image"):
        ImageAssembler(inputCol="image").transform(frame).collect()
    with pytest.raises(DataError, match="inputCol: id is int; it must be binary, or of Spark's"):
        ImageAssembler(inputCol="id").transform(frame)
    with pytest.raises(UserError, match=r"imageShape must be \[height, width, 1\] or"):
        ImageAssembler(inputCol="image", imageShape=[2, 2, 2]).transform(frame)


@pytest.mark.slow
def test_a_convolutional_network_trains_on_images(spark: SparkSession) -> None:
    """Handwritten zeros and ones, 8 x 8, which scikit-learn carries."""
    from sklearn.datasets import load_digits

    digits = load_digits(n_class=2)
    rows: list[Any] = [
        (number, (image * 16).ravel().tolist(), int(label))
        for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True))
    ][:120]
    frame = spark.createDataFrame(rows, "id long, features array<float>, y int").cache()
    model = DeepClassifier(
        labelCol="y",
        rowIdCol="id",
        network="convolutional",
        image_shape=[8, 8, 1],
        epochs=3,
        batch_size=30,
        learning_rate=0.001,
        validation_fraction=0.2,
        patience=0,
    ).fit(frame)
    assert model.history[-1]["train.logloss"] < 0.3
    assert model.transform(frame).where("prediction = y").count() > 100
