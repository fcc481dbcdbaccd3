"""Secrets do not reach a record."""

from __future__ import annotations

import pytest

from pipeline.config import HIDDEN, redacted


@pytest.mark.parametrize(
    "key",
    [
        "spark.hadoop.fs.s3a.secret.key",
        "spark.hadoop.fs.s3a.access.key",
        "spark.ssl.keyPassword",
        "spark.my.TOKEN",
        "spark.my.accessKey",
    ],
)
def test_what_spark_hides_is_hidden(key: str) -> None:
    assert redacted({key: "xyz"}) == {key: HIDDEN}
    assert redacted({"spark": {key: "xyz"}, "seed": 1}) == {"spark": {key: HIDDEN}, "seed": 1}


def test_a_setting_of_spark_with_a_secret_in_its_value_is_hidden() -> None:
    java = {"spark.driver.extraJavaOptions": "-Djavax.net.ssl.trustStorePassword=xyz"}
    assert redacted(java) == dict.fromkeys(java, HIDDEN)


def test_all_else_stays_and_the_original_too() -> None:
    data = {
        "columns": {"label": "password_changed", "drop": ["token"]},
        "spark": {"spark.executor.memory": "2g", "spark.a.token": None},
        "source": {"options": {"password": "xyz"}},
    }
    found = redacted(data)
    assert found["columns"] == data["columns"]
    assert found["spark"] == data["spark"]
    assert found["source"]["options"] == {"password": HIDDEN}
    assert data["source"]["options"] == {"password": "xyz"}
