import contextlib

import pandas as pd
import pytest

from pipeline.cli.init import command as config_init
from pipeline.cli.init.command import source_of
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.main import main
from pipeline.config import load
from pipeline.errors import UserError


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("a.csv", "csv"),
        ("dir/a.TSV", "csv"),
        ("s3://bucket/a.csv.gz", "csv"),
        ("a.pq", "parquet"),
        ("data/*.parquet", "parquet"),
        ("a.jsonl", "json"),
        ("a.orc", "orc"),
    ],
)
def test_the_name_tells_the_format(table, kind):
    assert source_of(table, None).kind == kind
    assert source_of(table, None).uri == table


def test_the_files_of_a_directory_tell_the_format(tmp_path):
    for name in ("_SUCCESS", "part-0.snappy.parquet", "x=1/part-1.snappy.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert source_of(str(tmp_path), None).kind == "parquet"


def test_an_unknown_format_is_asked_for():
    with pytest.raises(UserError, match="does not tell the format; add --format, one of parquet"):
        source_of("table.dat", None)
    assert source_of("sales.churn", "table").table == "sales.churn"


def test_options_are_text_but_for_true_and_false():
    options = source_of("a.csv", None, ["sep=|", "header=FALSE", "nullValue=010"]).options
    assert options == {"sep": "|", "header": False, "nullValue": "010"}
    with pytest.raises(UserError, match="--option sep: expected key=value"):
        source_of("a.csv", None, ["sep"])


@pytest.fixture
def table(spark, tmp_path, monkeypatch):
    """A table in the working directory, and the tests' own session to look at it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config_init, "local_session", lambda _: contextlib.nullcontext(spark))
    rows = {"size": [1.5, 2.0, 7.0, 3.0] * 10, "target": ["a", "b"] * 20}
    pd.DataFrame(rows).to_parquet("my table.parquet")
    return tmp_path


def test_the_file_is_a_config_and_the_terminal_says_what_to_do_next(table, capsys):
    assert main(["config", "init", "my table.parquet"]) == 0
    config = load(JobConfig, table / "my-table.yaml", [], FREE_KEYS)
    assert (config.name, config.columns.label) == ("my-table", "target")
    assert config.source.uri == "my table.parquet"
    assert config.output == (table / "out" / "my-table").as_uri()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "my-table.yaml: written after a look at all 40 rows of my table.parquet"
    assert lines[2].startswith("label: target (a usual name of a label; 2 classes: a, b)")
    assert lines[-1].endswith("run --cluster out/cluster --config my-table.yaml")


def test_a_file_that_is_there_is_replaced_only_by_force(table, capsys):
    (table / "own.yaml").write_text("mine")
    command = ["config", "init", "my table.parquet", "--file", "own.yaml"]
    assert main(command) == 2
    assert "own.yaml: is there already; name another" in capsys.readouterr().err
    assert (table / "own.yaml").read_text() == "mine"
    more = ["--force", "--name", "n", "--output-uri", "s3://b/out", "--label", "target"]
    assert main([*command, *more]) == 0
    config = load(JobConfig, table / "own.yaml", [], FREE_KEYS)
    assert (config.name, config.output) == ("n", "s3://b/out")


def test_a_number_to_predict_is_refused_and_nothing_is_written(table, capsys):
    pd.DataFrame({"a": [0, 1] * 30, "price": [n / 7 for n in range(60)]}).to_parquet("p.parquet")
    assert main(["config", "init", "p.parquet", "--label", "price"]) == 2
    said = capsys.readouterr().err
    assert "a number to predict rather than a class, and the jobs do no regression yet" in said
    assert said.count("\n") == 1
    assert not (table / "p.yaml").exists()


def test_rows_must_be_at_least_one(capsys):
    assert main(["config", "init", "a.csv", "--rows", "0"]) == 2
    assert "--rows 0: must be at least 1" in capsys.readouterr().err
