import re

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F  # noqa: N812

from pipeline.errors import (
    AccessError,
    ConfigError,
    DataError,
    EnsemblesError,
    StoreError,
    UserError,
)
from pipeline.spark.causes import executors_speak, first_cause, ours, rebuilt

MESSAGE = "column x: 3 values are bad;\nreplace them"


def raises(kind, *arguments):
    """A function of one Arrow batch iterator that raises on an executor."""

    def work(_batches):
        raise kind(*arguments)
        yield

    return work


def failure(spark, kind, *arguments):
    with pytest.raises((Py4JJavaError, PySparkException)) as caught:
        spark.range(1, numPartitions=1).mapInArrow(raises(kind, *arguments), "id long").collect()
    return caught.value


def rdd_failure(spark, kind, *arguments):
    def work(_row):
        raise kind(*arguments)

    with pytest.raises(Py4JJavaError) as caught:
        spark.sparkContext.parallelize([1], 1).map(work).collect()
    return caught.value


def is_without_java(text):
    return "\tat " not in text and ".java:" not in text and ".scala:" not in text


def test_a_java_error_is_told_without_its_frames(spark):
    with pytest.raises(Py4JJavaError) as caught:
        spark._jvm.java.util.Optional.empty().get()
    assert "\tat " in str(caught.value)
    assert first_cause(caught.value) == "No value present"


def test_an_error_of_sparks_on_an_executor_is_told_without_its_frames(spark):
    frame = spark.range(1).select(F.raise_error(F.lit("no such day")))
    with pytest.raises((Py4JJavaError, PySparkException)) as caught:
        frame.collect()
    cause = first_cause(caught.value)
    assert "no such day" in cause
    assert is_without_java(cause)


def test_a_write_that_fails_is_told_by_its_place_and_reason(spark, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Py4JJavaError) as caught:
        spark.range(1, numPartitions=1).write.parquet(str(tmp_path / "file" / "scores"))
    place = (tmp_path / "file").as_uri().replace("file:///", "file:/")
    assert first_cause(caught.value) == f"Parent path is not a directory: {place}"


def test_a_file_that_vanished_is_named_with_what_to_do(spark, tmp_path):
    spark.range(10).coalesce(1).write.parquet(str(tmp_path / "rows"))
    frame = spark.read.parquet(str(tmp_path / "rows"))
    for part in (tmp_path / "rows").glob("part-*"):
        part.unlink()
    with pytest.raises((Py4JJavaError, PySparkException)) as caught:
        frame.collect()
    cause = first_cause(caught.value)
    assert re.fullmatch(
        r"File file:\S+/rows/part-\S+ does not exist; it was there when the job began, so "
        r"something has deleted or replaced it; run the job again",
        cause,
    )


@pytest.mark.parametrize("sql", [False, True])
def test_an_unknown_column_is_told_without_the_query_plan(spark, sql):
    with pytest.raises(PySparkException) as caught:
        spark.sql("select nothing from range(3)") if sql else spark.range(3).select("nothing")
    cause = first_cause(caught.value)
    assert "name `nothing` cannot be resolved" in cause
    assert cause.endswith("[`id`]; line 1 pos 7" if sql else "[`id`]")
    assert "Project" not in cause
    assert "Range" not in cause


def test_a_python_error_in_a_udf_is_told_by_its_own_words(spark):
    @F.udf("long")
    def seven(_value):
        raise ValueError("seven\nof nine")

    with pytest.raises((Py4JJavaError, PySparkException)) as caught:
        spark.range(1).select(seven("id")).collect()
    assert first_cause(caught.value) == "ValueError: seven of nine"


@pytest.mark.parametrize("fails", [failure, rdd_failure])
def test_a_python_error_is_told_by_its_last_line(spark, fails):
    assert first_cause(fails(spark, ValueError, "seven")) == "ValueError: seven"


@pytest.mark.parametrize("fails", [failure, rdd_failure])
def test_an_error_of_ours_comes_back_with_class_and_message(spark, fails):
    error = fails(spark, DataError, MESSAGE)
    assert first_cause(error) == MESSAGE
    own = ours(error)
    assert type(own) is DataError
    assert str(own) == MESSAGE


def test_a_config_error_of_an_executor_keeps_its_problems(spark):
    own = ours(failure(spark, ConfigError, ["job.yaml: x: missing"]))
    assert isinstance(own, ConfigError)
    assert own.problems == ["job.yaml: x: missing"]


def test_executors_speak_lets_errors_of_ours_through_as_themselves(spark):
    frame = spark.range(1, numPartitions=1)
    with pytest.raises(StoreError, match=r"^the bucket is gone$"), executors_speak():
        frame.mapInArrow(raises(StoreError, "the bucket is gone"), "id long").collect()
    with pytest.raises((Py4JJavaError, PySparkException)), executors_speak():
        frame.mapInArrow(raises(KeyError, "x"), "id long").collect()


def test_what_is_ours_already_stays_as_it_is():
    error = UserError("mend it")
    assert ours(error) is error
    assert first_cause(error) == "mend it"


def test_others_errors_are_not_ours(spark):
    assert ours(ValueError("pipeline.errors.DataError: only quoted")) is None
    assert ours(failure(spark, ValueError, "seven")) is None
    assert issubclass(DataError, EnsemblesError)


def test_a_python_error_of_few_words_is_told_with_its_class():
    assert first_cause(KeyError("x")) == "KeyError: 'x'"
    assert first_cause(KeyboardInterrupt()) == "KeyboardInterrupt"
    assert first_cause(OSError("the disk is gone")) == "the disk is gone"


def test_an_error_of_ours_is_made_again_from_its_name():
    assert type(rebuilt("AccessError", "no right to it")) is AccessError
    assert rebuilt("ConfigError", "a: b\nc: d").problems == ["a: b", "c: d"]
    assert rebuilt("ValueError", "x") is None
    assert rebuilt("annotations", "x") is None
