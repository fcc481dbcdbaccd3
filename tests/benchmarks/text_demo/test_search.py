"""`make demo-text`: settings are chosen by validation rows, and what is finished stays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyspark.ml import PipelineModel
from pyspark.ml.feature import SQLTransformer
from pyspark.sql import SparkSession

from benchmarks.text_demo.contenders import Contender
from benchmarks.text_demo.rows import split
from benchmarks.text_demo.search import Search, best_of
from benchmarks.text_demo.tables import Tables, tables


def test_the_first_of_the_best_settings_is_chosen() -> None:
    assert best_of([0.7, 0.8, 0.8]) == 1


RULE = "select *, cast(text like '%{word}%' as double) prediction from __THIS__"


def test_an_interrupted_search_goes_on_and_is_decided_by_validation_rows(
    spark: SparkSession, tmp_path: Path
) -> None:
    words = ["bad", "good"]
    texts = [f"{words[at % 2]} film" for at in range(140)]
    table = pd.DataFrame(
        {"id": range(140), "text": texts, "label": [at % 2.0 for at in range(140)]}
    )
    fits: list[str] = []

    def fit(_tables: Tables, params: Mapping[str, Any], _seed: int) -> PipelineModel:
        fits.append(params["word"])
        if len(fits) == 2:
            raise KeyboardInterrupt
        return PipelineModel(stages=[SQLTransformer(statement=RULE.format(**params))])

    settings = ({"word": "film"}, {"word": "good"})  # one is in all texts, one tells
    contender = Contender("words", "a word tells", {}, settings, fit, lambda model: 1)
    said: list[str] = []
    search = Search(tmp_path, 0, {"rows": 60}, said.append)
    with tables(spark, split(table, 0, 60)) as found:
        with pytest.raises(KeyboardInterrupt):
            search.result(contender, found)
        result = search.result(contender, found)
        assert fits == ["film", "good", "good"]  # the first was kept
        assert search.result(contender, found) == result
        assert len(fits) == 3
    assert (result["chosen"], result["test"], result["trained"]) == (1, 1.0, 1)
    assert result["trials"][0]["validation"] < 0.9
    assert result["trials"][1]["validation"] == 1.0
    assert said[-1] == "seed 0, words: setting 1 chosen, test 1.0000"
    kept = tmp_path / "words"
    assert json.loads((kept / "result.json").read_text())["result"]["test"] == 1.0
    assert not list(kept.glob("model-*"))
