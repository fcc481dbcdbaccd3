"""The comparison as plain text."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.report.comparison import cells, columns
from pipeline.report.model_card import ModelResult

WIDTH = 100
_GAP = "  "
_SHORT = {
    "Test AUC": "test AUC",
    "Test log loss": "log loss",
    "Test accuracy": "accuracy",
    "AUC gap": "train-test",
    "Out-of-bag error": "out-of-bag",
    "Training time": "training",
}


def table(results: Sequence[ModelResult]) -> str:
    """A table of the models' test scores that fits 100 columns.

    Parameters
    ----------
    results : sequence of ModelResult
        The models, in the order of the rows.

    Returns
    -------
    str
        Lines without a last newline; `*` follows the best values of each column.
    """
    shown = columns(results)
    blocks = [
        [_SHORT[column.title], *(_marked(cell.text, cell.best) for cell in cells(column, results))]
        for column in shown
    ]
    aligned = [_right(block) for block in blocks]
    taken = sum(len(block[0]) + len(_GAP) for block in aligned)
    names = _left(["model", *(_clean(result.name) for result in results)], WIDTH - taken)
    lines = [_GAP.join(parts).rstrip() for parts in zip(names, *aligned, strict=True)]
    lines.insert(1, "-" * max(map(len, lines)))
    lines.append("* best of the column; train-test is the AUC on the training rows minus on the")
    lines.append("  test rows: the larger it is, the more the model has learnt by heart.")
    return "\n".join(lines)


def _marked(text: str, best: bool) -> str:
    return text + ("*" if best else " ")


def _right(texts: list[str]) -> list[str]:
    head, *rest = texts
    texts = [head + " ", *rest]
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts]


def _left(texts: list[str], most: int) -> list[str]:
    cut = [text if len(text) <= most else text[: most - 2] + ".." for text in texts]
    width = max(map(len, cut))
    return [text.ljust(width) for text in cut]


def _clean(text: str) -> str:
    """The text without characters that could steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
