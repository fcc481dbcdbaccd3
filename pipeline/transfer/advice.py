"""Which strategy suits a table and a cluster, with the reasons in plain sentences.

The bounds are rules of thumb: where two strategies are near, train both on validation rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.transfer.checkpoints import EncoderConfig
from pipeline.transfer.strategies import (
    AS_IS,
    FINE_TUNE,
    FROM_SCRATCH,
    FROZEN,
    FROZEN_THEN_FINE_TUNE,
)

_FEW = 8
"""Rows of the smallest class below which training learns little but noise."""
_SOME = 100
"""Rows of the smallest class below which training all weights gains little over a new layer."""
_SOME_FOREIGN = 30
"""The same where the texts are foreign to the checkpoint, so that its base has more to learn."""
_MANY = 20_000
"""Rows from which the new layer's start no longer matters."""
_OWN_LANGUAGE = 200_000
"""Rows from which a network can learn a language by itself."""
_ODD_UNKNOWN, _ODD_PIECES = 0.05, 2.5
"""Share of unknown tokens, and word pieces a word, above which texts are foreign to a checkpoint.

English of BERT's own kind has 1.1 to 1.4 word pieces a word and no unknown ones.
"""
_LONG_HOURS = 8.0
# Useful operations a second, of a core and of a GPU: float32, measured orders of magnitude.
_CORE, _GPU = 2e10, 5e12
# Forward and backward of one token: 6 operations a weight (J. Kaplan et al., arXiv 2001.08361,
# section 2.1).
_OPERATIONS = 6.0
_EPOCHS = 3


@dataclass(frozen=True)
class TableFacts:
    """What is looked at of a table and of a cluster.

    Parameters
    ----------
    rows : int
        Labelled rows.
    smallest_class : int
        Rows of the rarest class; of a number to predict: all of them.
    classes : int
        Classes; 0: a number is predicted.
    tokens : float
        Tokens of a row in the mean, as they are cut.
    unknown : float
        Share of tokens that the tokeniser does not know.
    pieces : float
        Word pieces of a word in the mean.
    workers, cores, gpus : int
        The gang, and what each worker of it has.
    has_own_head : bool
        Whether the checkpoint's own head has the label's classes.
    """

    rows: int
    smallest_class: int
    classes: int
    tokens: float
    unknown: float
    pieces: float
    workers: int
    cores: int
    gpus: int
    has_own_head: bool

    @property
    def is_foreign(self) -> bool:
        """Whether the texts are unlike those that the tokeniser was made from."""
        return self.unknown > _ODD_UNKNOWN or self.pieces > _ODD_PIECES


@dataclass(frozen=True, repr=False)
class Advice:
    """A strategy, and why; printed, or shown by a notebook, it is told in sentences.

    Parameters
    ----------
    strategy : str
        The one that is recommended.
    reasons : tuple of str
        Sentences.
    hours : float
        About how long it takes to train all weights on this cluster for three epochs.
    facts : TableFacts
        What it rests on.
    """

    strategy: str
    reasons: tuple[str, ...]
    hours: float
    facts: TableFacts

    def __str__(self) -> str:
        return f"strategy {self.strategy}: {' '.join(self.reasons)}"

    def __repr__(self) -> str:
        """The sentences: what a notebook shows of a cell's value."""
        return str(self)


def advise(facts: TableFacts, config: EncoderConfig) -> Advice:
    """Recommend a strategy.

    Parameters
    ----------
    facts : TableFacts
        The table and the cluster.
    config : EncoderConfig
        The checkpoint's architecture.
    """
    hours = training_hours(facts, config)
    strategy, why = _chosen(facts, hours)
    return Advice(strategy, (*_about(facts, hours), why), hours, facts)


def training_hours(facts: TableFacts, config: EncoderConfig) -> float:
    """About how long three epochs of all weights take, to an order of magnitude."""
    width, inner = config.hidden_size, config.intermediate_size
    weights = config.num_hidden_layers * (4 * width * width + 2 * width * inner)
    speed = facts.workers * (_GPU if facts.gpus else _CORE * facts.cores)
    return _OPERATIONS * weights * facts.tokens * facts.rows * _EPOCHS / speed / 3600


def _about(facts: TableFacts, hours: float) -> list[str]:
    """What was seen, in sentences."""
    rows = f"{facts.rows:,} labelled rows"
    if facts.classes:
        rows += f" of {facts.classes} classes, {facts.smallest_class:,} of the rarest"
    likeness = "unlike" if facts.is_foreign else "like"
    device = f"GPU{'s' if facts.workers > 1 else ''}" if facts.gpus else "CPU"
    return [
        f"There are {rows}, {facts.tokens:.0f} tokens each.",
        f"The texts are {likeness} those of the checkpoint's pre-training: {facts.pieces:.1f} word "
        f"pieces a word, {facts.unknown:.1%} of the tokens unknown.".replace("%", " %"),
        f"Three epochs of all weights take about {_time(hours)} with {facts.workers} "
        f"worker{'s' if facts.workers > 1 else ''} on {device}.",
    ]


def _chosen(facts: TableFacts, hours: float) -> tuple[str, str]:
    if facts.smallest_class < _FEW:
        if facts.has_own_head:
            return AS_IS, (
                "That is too few to train on, and the checkpoint's own head has these classes."
            )
        if facts.classes:
            return AS_IS, (
                "That is too few to train on: compare with the classes' names, or better with "
                "descriptions, and label more rows."
            )
        return FROZEN, "That is few: a new layer on a frozen base has the fewest weights to learn."
    if facts.is_foreign and facts.rows >= _OWN_LANGUAGE and hours <= _LONG_HOURS:
        return FROM_SCRATCH, (
            "They are enough for a network to learn this language from them; compare with "
            "fine_tune, and consider a checkpoint of this language."
        )
    if hours > _LONG_HOURS:
        return FROZEN, (
            "That is long: the base runs over the rows once instead; with GPUs, more workers or a "
            "smaller checkpoint, frozen_then_fine_tune would be more accurate."
        )
    if facts.smallest_class < _SOME and not facts.is_foreign:
        return FROZEN, (
            "With so few rows a class a new layer on the frozen base is as accurate as training "
            "all weights, and steadier."
        )
    if facts.smallest_class < _SOME_FOREIGN:
        return FROZEN, (
            "That is too few to train all weights, though such texts call for it: label more rows, "
            "and consider a checkpoint of this language."
        )
    if facts.smallest_class < _SOME:
        return FROZEN_THEN_FINE_TUNE, (
            "That is few to train all weights, but a base that has not seen such texts has to "
            "change; the new layers learn first. Compare with frozen on validation rows."
        )
    if facts.rows >= _MANY:
        return FINE_TUNE, "They are enough to train all weights at once."
    return FROZEN_THEN_FINE_TUNE, (
        "They are enough to train all weights, and few enough that the new layers should learn "
        "first, on a frozen base."
    )


def _time(hours: float) -> str:
    if hours < 1.5 / 60:
        return "a minute"
    return f"{hours * 60:.0f} minutes" if hours < 2 else f"{hours:,.0f} hours"
