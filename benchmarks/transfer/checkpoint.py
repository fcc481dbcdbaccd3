"""The checkpoint that everybody starts from: the real one, or one of the same shape."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from pipeline.errors import StoreError
from pipeline.transfer.packages import minilm

_WIDTH, _LAYERS, _INNER, _WORDS, _POSITIONS = 384, 6, 1_536, 30_522, 512
_CONFIG = {
    "model_type": "bert",
    "architectures": ["BertModel"],
    "vocab_size": _WORDS,
    "hidden_size": _WIDTH,
    "num_hidden_layers": _LAYERS,
    "num_attention_heads": 12,
    "intermediate_size": _INNER,
    "max_position_embeddings": _POSITIONS,
}
_SPECIAL = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]"}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def checkpoint(instead: Path) -> Path:
    """MiniLM's directory; where it cannot be had, one with random weights is written.

    Parameters
    ----------
    instead : Path
        Where to.
    """
    try:
        return minilm()
    except StoreError as error:
        sys.stderr.write(f"random weights: {error}\n")
        return write_random(instead)


def write_random(directory: Path) -> Path:
    """A checkpoint of MiniLM's shape with random weights, and words that are drawn from letters."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(_CONFIG), encoding="utf-8")
    (directory / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    words = [_SPECIAL.get(place) or _word(place) for place in range(_WORDS)]
    (directory / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    _write_tensors(directory / "model.safetensors")
    return directory


def _word(place: int) -> str:
    """Four letters, of each place its own."""
    return "".join(_LETTERS[place // 26**power % 26] for power in (3, 2, 1, 0))


def _write_tensors(path: Path) -> None:
    random = np.random.default_rng(0)
    header, parts, end = {}, [], 0
    for name, shape in _shapes().items():
        drawn = random.normal(0, 0.02, shape).astype("<f4")
        part = (np.ones_like(drawn) if name.endswith("LayerNorm.weight") else drawn).tobytes()
        places = [end, end + len(part)]
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": places}
        parts.append(part)
        end = places[1]
    told = json.dumps(header).encode()
    path.write_bytes(len(told).to_bytes(8, "little") + told + b"".join(parts))


def _shapes() -> dict[str, tuple[int, ...]]:
    """BERT's names."""
    found: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (_WORDS, _WIDTH),
        "embeddings.position_embeddings.weight": (_POSITIONS, _WIDTH),
        "embeddings.token_type_embeddings.weight": (2, _WIDTH),
        **_pair("embeddings.LayerNorm", (_WIDTH,)),
        **_pair("pooler.dense", (_WIDTH, _WIDTH)),
    }
    for place in range(_LAYERS):
        layer = f"encoder.layer.{place}"
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            found |= _pair(f"{layer}.attention.{name}", (_WIDTH, _WIDTH))
        found |= _pair(f"{layer}.attention.output.LayerNorm", (_WIDTH,))
        found |= _pair(f"{layer}.intermediate.dense", (_INNER, _WIDTH))
        found |= _pair(f"{layer}.output.dense", (_WIDTH, _INNER))
        found |= _pair(f"{layer}.output.LayerNorm", (_WIDTH,))
    return found


def _pair(name: str, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
