"""Small checkpoints with known weights, made with NumPy alone: transformers' side imports this too.

A tensor's numbers follow from its place in the alphabet, so both sides have the same weights.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

VOCABULARY, WIDTH, LAYERS, HEADS, INNER, POSITIONS = 30, 8, 2, 2, 12, 20
LABELS = {"0": "bad", "1": "so-so", "2": "good"}
# Rows of 6 tokens, the last of 4: padding is 0 in BERT and DistilBERT, 1 in RoBERTa.
LENGTHS = (6, 4, 1)


def config(family: str, **changed: Any) -> dict[str, Any]:
    """A `config.json` of that family."""
    usual: dict[str, Any] = {
        "architectures": [f"{CLASSES[family]}ForSequenceClassification"],
        "id2label": LABELS,
        "label2id": {label: int(index) for index, label in LABELS.items()},
        "initializer_range": 0.02,
        "max_position_embeddings": POSITIONS,
        "model_type": family,
        "pad_token_id": 0,
        "vocab_size": VOCABULARY,
    }
    if family == "distilbert":
        usual |= {
            "activation": "gelu",
            "attention_dropout": 0.1,
            "dim": WIDTH,
            "dropout": 0.1,
            "hidden_dim": INNER,
            "n_heads": HEADS,
            "n_layers": LAYERS,
            "seq_classif_dropout": 0.2,
        }
    else:
        usual |= {
            "attention_probs_dropout_prob": 0.1,
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "hidden_size": WIDTH,
            "intermediate_size": INNER,
            "layer_norm_eps": 1e-12,
            "num_attention_heads": HEADS,
            "num_hidden_layers": LAYERS,
            "type_vocab_size": 2,
        }
    if family in ("roberta", "xlm-roberta"):
        usual |= {"pad_token_id": 1, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
    return usual | changed


CLASSES = {
    "bert": "Bert",
    "distilbert": "DistilBert",
    "roberta": "Roberta",
    "xlm-roberta": "XLMRoberta",
}


def shapes(family: str) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors of a model for classification, as transformers saves it."""
    named = _distilbert() if family == "distilbert" else _bert(family)
    return dict(sorted(named.items()))


def tensors(family: str) -> dict[str, np.ndarray]:
    """The weights: around 0, but those of normalisations around 1."""
    return values(shapes(family))


def values(named: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Random numbers for names and shapes, the same in every version of NumPy."""
    found = {}
    for index, name in enumerate(sorted(named)):
        numbers = np.random.RandomState(index).normal(0, 0.3, named[name]).astype(np.float32)
        is_scale = "norm" in name.lower() and name.endswith("weight")
        found[name] = numbers + np.float32(is_scale)
    return found


def inputs(family: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids, token types and mask, shape (3, 6): pairs of texts, padded to the right."""
    padding = 1 if family in ("roberta", "xlm-roberta") else 0
    types = 2 if family == "bert" else 1
    random = np.random.RandomState(5)
    ids = random.randint(2, VOCABULARY, (len(LENGTHS), max(LENGTHS)))
    token_types = np.repeat([[0, 0, 0, 1, 1, 1]], len(LENGTHS), axis=0) % types
    mask = (np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, None]).astype(np.int64)
    return np.where(mask == 1, ids, padding), token_types, mask


def weights_of_loss() -> np.ndarray:
    """What hidden states are multiplied by before they are summed up to a loss."""
    shape = (len(LENGTHS), max(LENGTHS), WIDTH)
    return np.random.RandomState(6).normal(size=shape).astype(np.float32)


def write(
    directory: Path, family: str, given: Mapping[str, np.ndarray] | None = None, **changed: Any
) -> Path:
    """A checkpoint's directory with `config.json` and `model.safetensors`."""
    directory.mkdir(parents=True, exist_ok=True)
    write_config(directory, family, **changed)
    write_safetensors(directory / "model.safetensors", tensors(family) if given is None else given)
    return directory


def write_config(directory: Path, family: str, **changed: Any) -> None:
    """Its `config.json`."""
    (directory / "config.json").write_text(json.dumps(config(family, **changed)))


def write_safetensors(path: Path, given: Mapping[str, np.ndarray]) -> None:
    """A file of float32, float16, int64 and so on."""
    kinds = {"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i1": "I8"}
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    content = b""
    for name, array in given.items():
        packed = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": kinds[array.dtype.str[1:]],
            "shape": list(array.shape),
            "data_offsets": [len(content), len(content) + len(packed)],
        }
        content += packed
    write_raw(path, json.dumps(header).encode(), content)


def write_raw(path: Path, header: bytes, content: bytes) -> None:
    """A file with any header."""
    path.write_bytes(struct.pack("<Q", len(header)) + header + content)


def _bert(family: str) -> dict[str, tuple[int, ...]]:
    prefix = "bert." if family == "bert" else "roberta."
    types = 2 if family == "bert" else 1
    named = {
        f"{prefix}embeddings.word_embeddings.weight": (VOCABULARY, WIDTH),
        f"{prefix}embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        f"{prefix}embeddings.token_type_embeddings.weight": (types, WIDTH),
        **_norm(f"{prefix}embeddings.LayerNorm"),
    }
    for index in range(LAYERS):
        layer = f"{prefix}encoder.layer.{index}."
        for name in ("query", "key", "value"):
            named |= _dense(f"{layer}attention.self.{name}", WIDTH, WIDTH)
        named |= _dense(f"{layer}attention.output.dense", WIDTH, WIDTH)
        named |= _norm(f"{layer}attention.output.LayerNorm")
        named |= _dense(f"{layer}intermediate.dense", INNER, WIDTH)
        named |= _dense(f"{layer}output.dense", WIDTH, INNER)
        named |= _norm(f"{layer}output.LayerNorm")
    if family == "bert":
        named |= _dense("bert.pooler.dense", WIDTH, WIDTH)
        return named | _dense("classifier", len(LABELS), WIDTH)
    named |= _dense("classifier.dense", WIDTH, WIDTH)
    return named | _dense("classifier.out_proj", len(LABELS), WIDTH)


def _distilbert() -> dict[str, tuple[int, ...]]:
    named = {
        "distilbert.embeddings.word_embeddings.weight": (VOCABULARY, WIDTH),
        "distilbert.embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        **_norm("distilbert.embeddings.LayerNorm"),
    }
    for index in range(LAYERS):
        layer = f"distilbert.transformer.layer.{index}."
        for name in ("q_lin", "k_lin", "v_lin", "out_lin"):
            named |= _dense(f"{layer}attention.{name}", WIDTH, WIDTH)
        named |= _norm(f"{layer}sa_layer_norm")
        named |= _dense(f"{layer}ffn.lin1", INNER, WIDTH)
        named |= _dense(f"{layer}ffn.lin2", WIDTH, INNER)
        named |= _norm(f"{layer}output_layer_norm")
    named |= _dense("pre_classifier", WIDTH, WIDTH)
    return named | _dense("classifier", len(LABELS), WIDTH)


def _dense(name: str, units: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (units, inputs), f"{name}.bias": (units,)}


def _norm(name: str) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (WIDTH,), f"{name}.bias": (WIDTH,)}
