import pandas as pd
import pytest

from pipeline.cli.init.command import source_of
from pipeline.cli.init.look import look
from pipeline.errors import DataError

EUROPEAN = "\n".join(
    [
        "id;size;colour;colour;;y",
        *(f"{n + 7};{n % 9 if n % 5 else '?'};red{n % 3};b{n % 2};{n};{'no' if n % 2 else 'yes'}"
          for n in range(60)),
    ]
)  # fmt: skip


def refused(spark, path, label=None):
    with pytest.raises(DataError) as caught:
        look(spark, source_of(str(path), None), label)
    return str(caught.value)


def test_a_csv_file_written_another_way_is_read_and_each_option_is_explained(spark, tmp_path):
    path = tmp_path / "euro.csv"
    path.write_text(EUROPEAN)
    found = look(spark, source_of(str(path), None))
    assert found.source.options == {"sep": ";", "nullValue": "?"}
    told = " ".join(found.notes)
    assert "divided by a semicolon" in told
    assert "? is all that keeps these columns from being numbers: size." in told
    assert "A column has no name in the header; Spark calls it _c4." in told
    assert "Spark calls them colour2, colour3." in told
    roles = {name: guess.role for name, guess in found.guesses.items()}
    assert roles == {
        "id": "key",
        "size": "feature",
        "colour2": "feature",
        "colour3": "drop",  # b0 is yes, b1 is no
        "_c4": "drop",
        "y": "label",
    }
    assert "missing in 12 of 60 rows" in found.guesses["size"].reason
    assert found.guesses["colour3"].reason.startswith("decides the label alone: a leak?")
    assert (found.rows, found.is_all, found.rarest) == (60, True, ("no", 30))


def test_options_of_the_user_are_kept_and_not_second_guessed(spark, tmp_path):
    path = tmp_path / "plain.csv"
    path.write_text("5;a\n5;b\n6;a\n7;b\n")
    found = look(spark, source_of(str(path), None, ["sep=;", "header=false", "nullValue=x"]))
    assert found.source.options == {"sep": ";", "header": False, "nullValue": "x"}
    assert found.notes == ()
    assert found.label.name == "_c1"


def test_json_over_several_lines_is_read(spark, tmp_path):
    path = tmp_path / "t.json"
    rows = pd.DataFrame({"a": [1.5, 2.0, 3.5, 1.5], "y": ["u", "v", "v", "u"]})
    path.write_text(rows.to_json(orient="records", indent=1))
    found = look(spark, source_of(str(path), None))
    assert found.source.options == {"multiLine": True}
    assert found.rows == 4


def test_no_more_rows_are_looked_at_than_asked(spark, tmp_path):
    pd.DataFrame({"a": [5, 5, 7, 9, 9] * 10, "y": [0, 1] * 25}).to_parquet(tmp_path / "t.parquet")
    found = look(spark, source_of(str(tmp_path), None), rows=20)
    assert (found.rows, found.is_all) == (20, False)


def test_what_cannot_be_learnt_from_is_refused(spark, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y\n")
    assert refused(spark, path).endswith("t.csv: the table has no rows")
    path.write_text("a,y\n1,u\n1,v\n1,u\n")
    assert "no column is left to predict y from (a: constant: 1 in every row)" in refused(
        spark, path
    )
    assert "did you mean y?" in refused(spark, path, "Y")
    assert "nothing is there" in refused(spark, tmp_path / "none.csv")


def test_times_in_nanoseconds_are_refused_with_what_to_do(spark, tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"t": pd.to_datetime(["2024-01-01"] * 3), "y": [0, 1, 0]}).to_parquet(path)
    assert 'coerce_timestamps="us"' in refused(spark, path)
