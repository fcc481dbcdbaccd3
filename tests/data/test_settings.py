import pytest

from pipeline.config import validate
from pipeline.data.settings import ColumnsSettings, SourceSettings, SplitSettings
from pipeline.errors import ConfigError


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "flights"},
        {"kind": "csv", "uri": "s3://bucket/a.csv", "options": {"sep": ";", "header": False}},
        {"kind": "table", "table": "db.rows"},
    ],
)
def test_source_accepts(data):
    assert validate(SourceSettings, data, "job.yaml").kind == data["kind"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"kind": "flights", "uri": "x"}, "flights is built in"),
        ({"kind": "flights", "options": {"a": 1}}, "flights is built in"),
        ({"kind": "parquet"}, "kind parquet needs `uri`"),
        ({"kind": "parquet", "uri": ""}, "kind parquet needs `uri`"),
        ({"kind": "csv", "uri": "x", "table": "y"}, "no `table`"),
        ({"kind": "table"}, "needs `table`"),
        ({"kind": "table", "table": "a", "uri": "b"}, "no `uri`"),
        ({"kind": "excel", "uri": "x"}, "kind"),
    ],
)
def test_source_refuses(data, said):
    with pytest.raises(ConfigError, match=said):
        validate(SourceSettings, data, "job.yaml")


def test_options_keep_their_types():
    options = {"header": True, "sep": ";", "maxColumns": 30, "samplingRatio": 0.5}
    source = SourceSettings(kind="csv", uri="x", options=options)
    assert [type(value) for value in source.options.values()] == [bool, str, int, float]


def test_a_key_and_a_time_may_be_features():
    columns = ColumnsSettings(label="y", features=["a", "t"], key=["a"], time="t")
    assert columns.key == ["a"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "label: missing"),
        ({"label": "y", "features": ["y", "a"]}, "column y has two roles"),
        ({"label": "y", "features": ["a", "a"]}, "features: named more than once: a"),
        ({"label": "y", "features": []}, "features is empty"),
        ({"label": "y", "features": ["a"], "vector": "v"}, "not both"),
        ({"label": "y", "weight": "y"}, "more than once: y"),
        ({"label": "y", "weight": "a", "features": ["a"]}, "column a has two roles"),
        ({"label": "y", "key": ["y"]}, "column y has two roles"),
        ({"label": "y", "time": "y"}, "column y has two roles"),
        ({"label": "y", "features": ["a"], "drop": ["a"]}, "column a is in `drop`"),
        ({"label": "y", "lable": "y"}, "did you mean label"),
        ({"label": "y", "text": "y"}, "more than once: y"),
        ({"label": "y", "text": ["t", "t"]}, "more than once: t"),
        ({"label": "y", "text": "t", "features": ["t"]}, "column t has two roles"),
        ({"label": "y", "text": "t", "key": ["t"]}, "column t has two roles"),
        ({"label": "y", "text": "t", "time": "t"}, "column t has two roles"),
        ({"label": "y", "text": "t", "drop": ["t"]}, "column t is in `drop`"),
        ({"label": "y", "text": []}, r"one column, or two for pairs: \[first, second\]; not none"),
        ({"label": "y", "text": ["a", "b", "c"]}, "one column, or two for pairs: .* not 3"),
        ({"label": "y", "text": 5}, "text: expected text or a list"),
    ],
)
def test_columns_refuse(data, said):
    with pytest.raises(ConfigError, match=said):
        validate(ColumnsSettings, data, "job.yaml")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, ()),
        ("t", ("t",)),
        (["t"], ("t",)),
        (["t", "s"], ("t", "s")),
        (["s", "t"], ("s", "t")),
    ],
)
def test_a_text_or_a_pair_in_its_order(text, found):
    assert validate(ColumnsSettings, {"label": "y", "text": text}, "job.yaml").texts == found


def test_a_text_may_stand_without_features():
    assert ColumnsSettings(label="y", text="t", features=[]).features == []


def test_split_shares():
    assert SplitSettings(train=0.8, validation=0.1, test=0.1).by_time is None
    assert SplitSettings(train=1 / 3, validation=1 / 3, test=1 / 3).test == 1 / 3


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"train": 0.8}, "must sum to 1, not 1.1"),
        ({"train": 0.85, "validation": 0}, "validation: .*greater than 0"),
        ({"train": 1.2, "validation": -0.1, "test": -0.1}, "less than 1"),
    ],
)
def test_split_refuses(data, said):
    with pytest.raises(ConfigError, match=said):
        validate(SplitSettings, data, "job.yaml")
