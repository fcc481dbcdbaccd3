import logging

import pandas as pd
import pytest

from pipeline.data.settings import SourceSettings
from pipeline.data.sources import read
from pipeline.errors import DataError


def source(kind, uri, **options):
    return SourceSettings(kind=kind, uri=str(uri), options=options)


def refused(spark, settings):
    with pytest.raises(DataError) as caught:
        read(spark, settings)
    return str(caught.value)


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "with space.csv"
    path.write_text("a;b\n1;x\n2;y\n")
    return path


def test_csv_has_a_header_and_types_by_default(spark, csv):
    df = read(spark, source("csv", csv, sep=";"))
    assert df.dtypes == [("a", "int"), ("b", "string")]
    assert df.count() == 2


def test_the_users_options_win(spark, csv):
    df = read(spark, source("csv", csv.as_uri(), sep=";", HEADER=False, inferschema=False))
    assert df.dtypes == [("_c0", "string"), ("_c1", "string")]


@pytest.mark.parametrize("kind", ["parquet", "orc", "json"])
def test_other_files(spark, tmp_path, kind):
    spark.range(3).write.format(kind).save((tmp_path / "t").as_uri())
    assert read(spark, source(kind, tmp_path / "t")).count() == 3
    assert read(spark, source(kind, tmp_path / "t" / f"part-*.{kind}")).count() == 3


def test_a_table_of_the_catalog(spark):
    spark.range(3).createOrReplaceTempView("three")
    assert read(spark, SourceSettings(kind="table", table="three")).count() == 3
    said = refused(spark, SourceSettings(kind="table", table="four"))
    assert "four: cannot be read as table: no such table" in said


def test_a_pandas_index_is_dropped(spark, tmp_path, caplog):
    path = tmp_path / "p.parquet"
    pd.DataFrame({"a": [1, 2]}, index=[5, 7]).to_parquet(path)
    with caplog.at_level(logging.INFO):
        assert read(spark, source("parquet", path)).columns == ["a"]
    assert "dropped __index_level_0__" in caplog.text


@pytest.mark.parametrize("kind", ["parquet", "csv", "json", "orc"])
def test_a_missing_file(spark, tmp_path, kind):
    said = refused(spark, source(kind, tmp_path / "none"))
    assert (
        said
        == f"file://{tmp_path}/none: cannot be read as {kind}: nothing is there; check source.uri"
    )


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("parquet", "hello, this is text", "not a file of this format"),
        ("orc", "hello, this is text", "not a file of this format"),
        ("json", "hello", "no json table in it"),
        ("csv", "", "no csv table in it"),
    ],
)
def test_a_file_of_another_format(spark, tmp_path, kind, content, said):
    path = tmp_path / "odd"
    path.write_text(content)
    message = refused(spark, source(kind, path))
    assert str(path) in message
    assert said in message
    assert "\n" not in message


def test_an_empty_folder_and_an_unknown_scheme(spark, tmp_path):
    assert "no file with a schema" in refused(spark, source("parquet", tmp_path))
    assert "another scheme" in refused(spark, source("parquet", "weird://a/b"))


def test_a_bad_option_is_told_as_spark_tells_it(spark, csv):
    assert "Delimiter cannot be empty" in refused(spark, source("csv", csv, sep=""))
