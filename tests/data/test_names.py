import pytest

from pipeline.data.names import column, missing, require, require_free
from pipeline.errors import DataError


def test_odd_names_mean_themselves(spark):
    df = spark.createDataFrame([(1, 2, 3)], "`a.b` int, `c``d` int, `e f` int")
    assert df.select(*[column(name) for name in df.columns]).collect()[0] == (1, 2, 3)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("Label", "mean label"), ("wieght", "mean weight"), ("zzz", "has: label, weight")],
)
def test_the_nearest_name_is_suggested(name, hint):
    assert hint in missing(name, ["label", "weight"], "columns.label")


def test_all_missing_names_are_reported(spark):
    with pytest.raises(DataError, match=r"(?s)key: no column x .*key: no column y "):
        require(spark.range(1), ["x", "id", "y"], "key")


def test_a_taken_name_is_refused(spark):
    with pytest.raises(DataError, match="column id: the name is needed"):
        require_free(spark.range(1), "ID")
