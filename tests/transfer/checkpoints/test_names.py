from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.configuration import encoder_config
from pipeline.transfer.checkpoints.names import Parts, parts_of
from tests.transfer import made_checkpoints as made

HERE = Path("here")
Tensors = dict[str, np.ndarray]


def sort(family: str, tensors: Tensors, outputs: int | None = 3) -> Parts:
    config = encoder_config(HERE / "config.json", made.config(family))
    return parts_of(HERE, config, tensors, outputs)


def test_queries_keys_and_values_are_stacked_in_this_order() -> None:
    tensors = made.tensors("distilbert")
    stacked = sort("distilbert", tensors).encoder["layers.1.attention.projection.weight"]
    layer = "distilbert.transformer.layer.1.attention."
    expected = [tensors[f"{layer}{name}.weight"] for name in ("q_lin", "k_lin", "v_lin")]
    np.testing.assert_array_equal(stacked, np.concatenate(expected))


@pytest.mark.parametrize("family", ["bert", "distilbert", "roberta"])
@pytest.mark.parametrize("prefix", ["", "model.", "module.bert.", "own name."])
def test_an_encoder_is_found_behind_any_prefix(family: str, prefix: str) -> None:
    tensors = made.tensors(family)
    renamed = {
        f"{prefix}{name.removeprefix(f'{family}.')}": array
        for name, array in tensors.items()
        if name.startswith(f"{family}.")
    }
    found, expected = sort(family, renamed, outputs=None), sort(family, tensors)
    np.testing.assert_equal(dict(found.encoder), dict(expected.encoder))
    assert set(found.pooler) == set(expected.pooler)
    assert (found.head, found.ignored) == ({}, ())


def test_a_head_is_found_beside_an_encoder_with_a_prefix() -> None:
    renamed = {f"model.{name}": array for name, array in made.tensors("bert").items()}
    assert sort("bert", renamed).head["output.weight"].shape == (3, made.WIDTH)


def test_normalisations_may_have_their_former_names() -> None:
    tensors = made.tensors("bert")
    former = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): array
        for name, array in tensors.items()
    }
    assert set(former) != set(tensors)
    np.testing.assert_equal(sort("bert", former).encoder, sort("bert", tensors).encoder)


def test_everything_wrong_is_in_one_error() -> None:
    tensors = made.tensors("bert")
    del tensors["bert.encoder.layer.0.output.dense.bias"]
    del tensors["classifier.bias"]
    tensors["bert.embeddings.word_embeddings.weight"] = np.zeros((29, made.WIDTH), np.float32)
    tensors["bert.encoder.layer.1.intermediate.dense.bias"] = np.zeros(made.INNER, np.int8)
    tensors["bert.encoder.layer.2.output.dense.bias"] = np.zeros(made.WIDTH, np.float32)
    with pytest.raises(ModelError) as caught:
        sort("bert", tensors)
    told = str(caught.value)
    assert told.startswith("the tensors of here are not those of the BERT encoder")
    assert "missing: bert.encoder.layer.0.output.dense.bias, classifier.bias;" in told
    assert "bert.embeddings.word_embeddings.weight is (29, 8) instead of (30, 8)" in told
    assert "bert.encoder.layer.1.intermediate.dense.bias is of int8 (quantised?)" in told
    assert "unexpected: bert.encoder.layer.2.output.dense.bias" in told


def test_weights_of_another_architecture_are_refused_in_few_words() -> None:
    with pytest.raises(
        ModelError, match=r"missing: .* and \d+ more; .*DistilBERT|DistilBERT.*more"
    ):
        sort("distilbert", made.tensors("bert"))


def test_buffers_and_heads_of_other_tasks_are_told_but_no_mistake() -> None:
    extra = (
        "bert.embeddings.position_ids",
        "cls.predictions.bias",
        "cls.predictions.transform.LayerNorm.weight",
        "cls.seq_relationship.weight",
        "qa_outputs.weight",
    )
    tensors = made.tensors("bert") | {name: np.zeros(1, np.float32) for name in extra}
    assert sort("bert", tensors).ignored == tuple(sorted(extra))
    found = sort("bert", tensors, outputs=None)
    assert {"classifier.weight", "classifier.bias"} <= set(found.ignored)


def test_two_encoders_in_one_file_are_refused() -> None:
    twice = {
        f"{side}.{name}": array for name, array in made.tensors("bert").items() for side in "ab"
    }
    with pytest.raises(ModelError, match=r"holds 2 encoders \(a\.bert\., b\.bert\.\)"):
        sort("bert", twice)


def test_half_a_pooler_is_a_mistake_and_none_is_not() -> None:
    tensors = made.tensors("bert")
    del tensors["bert.pooler.dense.bias"]
    with pytest.raises(ModelError, match=r"missing: bert\.pooler\.dense\.bias"):
        sort("bert", tensors, outputs=None)
    del tensors["bert.pooler.dense.weight"]
    assert sort("bert", tensors, outputs=None).pooler == {}
    with pytest.raises(ModelError, match=r"missing: bert\.pooler\.dense\.weight"):
        sort("bert", tensors)
