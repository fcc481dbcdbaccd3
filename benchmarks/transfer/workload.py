"""What everybody trains on. Needs nothing but NumPy: transformers' environment imports it, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np

BATCH = 16
LENGTH = 64
CLASSES = 2
LEARNING_RATE = 5e-5
ANSWER = "answer "
"""Begins what transformers' process answers: others in it may write lines of their own."""

_BEGIN, _END = 101, 102
_FIRST_WORD = 1_996
_LAST_WORD = 29_000


def token_ids(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids as MiniLM's tokeniser gives them, int64 (rows, LENGTH), none padding; labels, float32."""
    random = np.random.default_rng(seed)
    ids = random.integers(_FIRST_WORD, _LAST_WORD, (rows, LENGTH))
    ids[:, 0], ids[:, -1] = _BEGIN, _END
    return ids, random.integers(0, CLASSES, rows).astype(np.float32)


def texts(rows: int, seed: int, vocabulary: Path) -> list[tuple[int, str, float]]:
    """(id, text, label): each text has LENGTH tokens, for all its words are tokens of their own."""
    words = [
        word
        for word in vocabulary.read_text(encoding="utf-8").splitlines()
        if word.isascii() and word.isalpha() and word.islower()
    ]
    random = np.random.default_rng(seed)
    drawn = random.choice(words, (rows, LENGTH - 2))
    labels = random.integers(0, CLASSES, rows)
    return [
        (place, " ".join(map(str, own)), float(label))
        for place, (own, label) in enumerate(zip(drawn, labels, strict=True))
    ]
