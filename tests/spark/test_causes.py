import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F  # noqa: N812

from pipeline.errors import ConfigError, DataError, EnsemblesError, StoreError, UserError
from pipeline.spark.causes import executors_speak, first_cause, ours

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
