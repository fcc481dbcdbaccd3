"""What one pass finds in a table, partition by partition."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from pyspark.sql import SparkSession

from pipeline.data.content import MOST_CLASSES, Content, FeatureFacts, look
from pipeline.data.roles import Roles


def test_facts_of_partitions_add_up() -> None:
    whole = FeatureFacts()
    for part in (FeatureFacts(1, 0, 2, 5), FeatureFacts(2, 1), FeatureFacts(0, 0, -1, 3)):
        whole.add(part)
    assert whole == FeatureFacts(3, 1, -1, 5)


def test_content_survives_its_travel() -> None:
    content = Content(
        rows=Counter(train=3, test=1),
        unlabelled=1,
        classes={math.inf: Counter(train=2), -0.5: Counter(test=1)},
        weights={"train": Counter(positive=3)},
        features={"a.b": FeatureFacts(0, 0, "ä", "ö")},
    )
    assert Content.from_json(content.to_json()) == content
    twice = Content()
    for _ in range(2):
        twice.add(Content.from_json(content.to_json()))
    assert twice.total == 8
    assert twice.classes[math.inf] == Counter(train=4)


def test_values_of_a_label_are_counted_up_to_one_more_than_there_may_be() -> None:
    content = Content()
    for value in range(2 * MOST_CLASSES):
        content.count_class(value, "train", 1)
    content.count_class(0, "train", 1)
    assert len(content.classes) == MOST_CLASSES + 1
    assert content.classes[0] == Counter(train=2)


@pytest.mark.parametrize("partitions", [1, 5])
def test_the_same_is_found_in_any_partitions(spark: SparkSession, partitions: int) -> None:
    rows = [
        ("train", 1.0, 3, True, "b", 2.0),
        ("train", -0.0, None, True, "", 0.0),
        ("test", 0.0, 2**60, True, None, 1.0),
        ("test", None, 1, True, "a", None),
    ]
    schema = "part string, `the y` double, n long, t boolean, `s,` string, w double"
    frame = spark.createDataFrame(rows, schema).repartition(partitions)
    found = look(frame, Roles("the y", ("n", "t", "s,"), None, "w", (), None), "part")
    assert found.rows == Counter(train=2, test=2)
    assert found.unlabelled == 1
    assert found.classes == {1.0: Counter(train=1), 0.0: Counter(train=1, test=1)}
    assert found.weights["train"] == Counter(positive=1)
    assert found.weights["test"] == Counter(positive=1, unweighted=1)
    assert found.features == {
        "n": FeatureFacts(1, 0, 1, 2**60),
        "t": FeatureFacts(0, 0, True, True),
        "s,": FeatureFacts(1, 0, "", "b"),
    }
