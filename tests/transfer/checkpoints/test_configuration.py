from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.configuration import (
    EncoderConfig,
    encoder_config,
    read_json,
)
from tests.transfer.made_checkpoints import config

PATH = Path("here/config.json")


def parsed(family: str, **changed: Any) -> EncoderConfig:
    return encoder_config(PATH, config(family, **changed))


def test_families_say_the_same_in_their_own_terms() -> None:
    assert parsed("distilbert") == EncoderConfig(
        family="distilbert",
        vocab_size=30,
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=12,
        max_position_embeddings=20,
        type_vocab_size=0,
        hidden_act="gelu",
        layer_norm_eps=1e-12,
        hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.1,
        classifier_dropout=0.2,
        pad_token_id=0,
        initializer_range=0.02,
    )
    assert parsed("bert").type_vocab_size == 2
    assert parsed("xlm-roberta").family == "roberta"


def test_roberta_has_fewer_places_than_rows_of_positions() -> None:
    assert (parsed("bert").first_position, parsed("bert").longest) == (0, 20)
    assert (parsed("roberta").first_position, parsed("roberta").longest) == (2, 18)


def test_a_head_drops_as_many_units_as_the_layers_unless_it_is_said() -> None:
    assert parsed("bert", hidden_dropout_prob=0.3).classifier_dropout == 0.3
    assert parsed("bert", classifier_dropout=0.4).classifier_dropout == 0.4
    assert parsed("bert", classifier_dropout=0).classifier_dropout == 0


@pytest.mark.parametrize("model_type", ["gpt2", None, 5, ["bert"]])
def test_an_unknown_architecture_is_one_error_with_those_known(model_type: Any) -> None:
    known = "bert, distilbert, roberta, xlm-roberta, camembert"
    with pytest.raises(ModelError, match=rf"here/config\.json .* are those of type {known}"):
        encoder_config(PATH, config("bert") | {"model_type": model_type})


def test_all_problems_are_told_at_once_by_the_names_in_the_file() -> None:
    with pytest.raises(ModelError) as caught:
        parsed("distilbert", dim=9, n_layers="6", activation="mish", dropout=1.0, vocab_size=None)
    told = str(caught.value)
    for problem in ("dim 9 is no multiple", "n_layers is '6'", "'mish'", "dropout is 1.0"):
        assert problem in told
    assert "vocab_size is None instead of a whole number" in told


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"position_embedding_type": "relative_key"}, "only absolute positions"),
        ({"is_decoder": True}, "only encoders"),
        ({"layer_norm_eps": 0}, "a positive number"),
        ({"pad_token_id": 30}, "outside the vocabulary"),
        ({"num_hidden_layers": True}, "a whole number from 1"),
        ({"hidden_act": ["gelu"]}, r"hidden_act is \['gelu'\]; known are gelu, "),
    ],
)
def test_what_no_encoder_here_can_do_is_refused(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        parsed("bert", **changed)


def test_roberta_needs_a_position_behind_that_of_padding() -> None:
    with pytest.raises(ModelError, match="leaves no position"):
        parsed("roberta", max_position_embeddings=2)


def test_a_file_that_is_missing_or_damaged_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is no checkpoint: it has no config\.json"):
        read_json(tmp_path / "config.json")
    for content in (b"{", b"[]", b"\xff", b"[" * 100_000):
        (tmp_path / "config.json").write_bytes(content)
        with pytest.raises(ModelError, match=r"config\.json cannot be read"):
            read_json(tmp_path / "config.json")
