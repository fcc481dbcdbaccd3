"""A tiny BERT with random weights and a tokeniser; sentences whose class is one of the words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.transfer.made_checkpoints import write_safetensors

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
FILLERS = (
    *("the", "film", "was", "is", "a", "plot", "and", "with", "of", "in", "it", "story", "scene"),
    *("very", "rather", "quite", "its", "cast", "music", "light", "long", "short", "old", "new"),
)
WORDS = {"good": ("good", "fine", "great"), "bad": ("bad", "poor", "dull")}
VOCABULARY = (*SPECIAL, *FILLERS, *WORDS["good"], *WORDS["bad"], "##s")
WIDTH, LAYERS, HEADS, INNER, POSITIONS, TYPES = 16, 2, 2, 24, 24, 2


def write(directory: Path, seed: int = 0, labels: tuple[str, ...] = (), **changed: Any) -> Path:
    """A checkpoint's directory; with labels it has a classification head of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    config = {
        "model_type": "bert",
        "architectures": ["BertForSequenceClassification" if labels else "BertModel"],
        "vocab_size": len(VOCABULARY),
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": TYPES,
        **({"id2label": dict(enumerate(labels))} if labels else {}),
        **changed,
    }
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    (directory / "tokenizer_config.json").write_text("{}")
    write_safetensors(directory / "model.safetensors", tensors(seed, len(labels)))
    return directory


def tensors(seed: int, outputs: int) -> dict[str, np.ndarray]:
    """Weights under BERT's names; words of one class lie near each other, as after pre-training."""
    random = np.random.default_rng(seed)
    found = {}
    for name, shape in _shapes(outputs).items():
        spread = 1.0 if "word_embeddings" in name else 0.1
        values = random.normal(0, spread, shape).astype(np.float32)
        is_scale = "LayerNorm.weight" in name
        found[name] = np.ones_like(values) if is_scale else values * (not name.endswith("bias"))
    last = f"bert.encoder.layer.{LAYERS - 1}.attention."
    found[f"{last}self.value.weight"] = np.eye(WIDTH, dtype=np.float32)
    found[f"{last}output.dense.weight"] = 4 * np.eye(WIDTH, dtype=np.float32)
    words = found["bert.embeddings.word_embeddings.weight"]
    for own in WORDS.values():
        places = [VOCABULARY.index(word) for word in own]
        words[places] = 0.3 * words[places] + 1.5 * words[places[0]]
    if outputs:
        _read_words(found, words)
    return found


def _read_words(found: dict[str, np.ndarray], words: np.ndarray) -> None:
    """A head that tells the first label's words from the second's, by the first token alone.

    Attention of the last layer gives it the mean of all; the rest of the layers is small.
    """
    good, bad = (words[VOCABULARY.index(name)] for name in ("good", "bad"))
    found["bert.pooler.dense.weight"] = 0.5 * np.eye(WIDTH, dtype=np.float32)
    last = found["classifier.weight"]
    last[:2] = np.stack([good - bad, bad - good])[: len(last)]


def sentences(rows: int, seed: int = 0, words: int = 6) -> list[tuple[int, str, str, float]]:
    """(id, text, label, score): each text has one word of its class; scores are 1 and -1 or so."""
    random = np.random.default_rng(seed)
    found = []
    for place in range(rows):
        label = "good" if random.random() < 0.5 else "bad"
        own = list(random.choice(FILLERS, random.integers(2, words + 1)))
        own.insert(random.integers(0, len(own) + 1), str(random.choice(WORDS[label])))
        score = (1.0 if label == "good" else -1.0) * 10 + 100 + random.normal(0, 0.5)
        found.append((place, " ".join(own), label, score))
    return found


def _shapes(outputs: int) -> dict[str, tuple[int, ...]]:
    named = {
        "bert.embeddings.word_embeddings.weight": (len(VOCABULARY), WIDTH),
        "bert.embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        "bert.embeddings.token_type_embeddings.weight": (TYPES, WIDTH),
        **_norm("bert.embeddings.LayerNorm"),
    }
    for index in range(LAYERS):
        layer = f"bert.encoder.layer.{index}."
        for name in ("query", "key", "value"):
            named |= _dense(f"{layer}attention.self.{name}", WIDTH, WIDTH)
        named |= _dense(f"{layer}attention.output.dense", WIDTH, WIDTH)
        named |= _norm(f"{layer}attention.output.LayerNorm")
        named |= _dense(f"{layer}intermediate.dense", INNER, WIDTH)
        named |= _dense(f"{layer}output.dense", WIDTH, INNER)
        named |= _norm(f"{layer}output.LayerNorm")
    named |= _dense("bert.pooler.dense", WIDTH, WIDTH)
    return named | (_dense("classifier", outputs, WIDTH) if outputs else {})


def _dense(name: str, units: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (units, inputs), f"{name}.bias": (units,)}


def _norm(name: str) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (WIDTH,), f"{name}.bias": (WIDTH,)}


def frame(spark: Any, rows: int, seed: int = 0) -> Any:
    """The sentences as a Spark frame of two partitions."""
    told = sentences(rows, seed)
    schema = "id long, text string, label string, score double"
    return spark.createDataFrame(told, schema).repartition(2, "id")
