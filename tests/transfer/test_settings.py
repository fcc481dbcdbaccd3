"""The section `text` of a job's YAML: what it knows, and what it refuses on the driver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.estimators.params import GangParams, TableParams
from pipeline.transfer import TextClassifier
from pipeline.transfer.settings import TextSettings

# Columns that `columns` names, rows that jobs split, and a place below the job's output.
OF_THE_JOB = {"textCol", "pairCol", "validation_fraction", "checkpoint_dir"}


def test_every_key_is_a_param_and_every_param_is_a_key() -> None:
    common = {param.name for kind in (TableParams, GangParams) for param in kind().params}
    own = {param.name for param in TextClassifier().params} - common
    assert own >= OF_THE_JOB
    assert set(TextSettings.model_fields) == own - OF_THE_JOB


def test_a_key_that_is_not_set_is_left_to_the_estimator() -> None:
    assert TextSettings().given() == {}
    assert not TextSettings().is_used
    known = TextSettings.effective_defaults()
    assert (known["max_length"], known["strategy"]) == (128, "fine_tune")
    assert "learning_rate" not in known, "it is as the strategy is"


def test_a_key_with_its_default_is_not_changed() -> None:
    shown = {**TextSettings.effective_defaults(), "checkpoint": None}
    assert TextSettings(**shown).changed() == []
    assert TextSettings(learning_rate_schedule="cosine", windows=2).changed() == ["windows"]


def test_a_path_is_known_by_its_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert TextSettings(checkpoint="minilm").checkpoint == (tmp_path / "minilm").as_uri()
    assert TextSettings(checkpoint="s3://bucket/minilm/").checkpoint == "s3://bucket/minilm"
    assert TextSettings(checkpoint="s3://bucket/minilm").is_used


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"strategy": "frosen"}, "strategy must be one of fine_tune, frozen, "),
        ({"max_length": 4}, "max_length must be 8 or more, not 4"),
        ({"layer_decay": 0}, "layer_decay must be above 0 and at most 1"),
        ({"descriptions": {"good": ""}}, "the description of good must be a text"),
        ({"resume_from": "/kept", "checkpoint_epochs": 0}, "resume_from needs checkpoint_epochs"),
    ],
)
def test_the_config_refuses_what_the_estimator_would(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as refused:
        TextSettings(**given)
    assert "must be set" not in str(refused.value), "where the text is, a job says"
