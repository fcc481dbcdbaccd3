"""The ways from a checkpoint to a model of one's own texts: when each is right, its defaults.

Nothing here needs MXNet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Start = Literal["checkpoint", "random"]
Trains = Literal["all", "new", "new_then_all"]

FINE_TUNE = "fine_tune"
FROZEN = "frozen"
FROZEN_THEN_FINE_TUNE = "frozen_then_fine_tune"
FROM_SCRATCH = "from_scratch"
AS_IS = "as_is"
ADVISE = "advise"

STRATEGIES: Mapping[str, str] = {
    FINE_TUNE: (
        "all weights go on from the checkpoint's by small steps, the lower layers by smaller ones: "
        "from about a thousand labelled rows on, or where the texts differ from those of "
        "pre-training; an epoch costs three times a pass of the network, so it wants GPUs, or a "
        "small checkpoint"
    ),
    FROZEN: (
        "new layers on a base that stays as it is, which runs over the rows once: tens to some "
        "hundreds of rows a class, texts like those of pre-training, or little compute"
    ),
    FROZEN_THEN_FINE_TUNE: (
        "as frozen, then as fine_tune: what is new has learnt something before it can spoil what "
        "the base knows; from some hundreds of rows on, for little more than fine_tune costs"
    ),
    FROM_SCRATCH: (
        "the checkpoint's architecture and tokeniser with random weights: only for texts that no "
        "pre-training has seen (logs, codes, another language), hundreds of thousands of rows, and "
        "much compute"
    ),
    AS_IS: (
        "no training: the checkpoint's own classification head where it has the label's classes, "
        "else the class whose name, or description, is nearest to the text: no labelled rows, or a "
        "handful"
    ),
    ADVISE: "the one of these that suits the table and the cluster; the log has the reasons",
}
"""Each strategy, and when it is right."""


@dataclass(frozen=True)
class Plan:
    """What a strategy does, and what its params are unless they are set.

    Parameters
    ----------
    start : {"checkpoint", "random"}
        The encoder's first weights.
    trains : {"all", "new", "new_then_all"}
        All weights, the new layers alone, or one after the other.
    defaults : mapping
        By the params' names.
    """

    start: Start
    trains: Trains
    defaults: Mapping[str, Any]


# Step sizes as of J. Devlin et al., arXiv 1810.04805, appendix A.3. Those of layers fall towards
# the input: J. Howard, S. Ruder, arXiv 1801.06146, section 3.2.
_ALL: Mapping[str, Any] = {
    "learning_rate": 5e-5,
    "epochs": 3,
    "warmup_epochs": 0.3,
    "layer_decay": 0.9,
}
PLANS: Mapping[str, Plan] = {
    FINE_TUNE: Plan("checkpoint", "all", _ALL),
    FROZEN: Plan("checkpoint", "new", _ALL),
    FROZEN_THEN_FINE_TUNE: Plan("checkpoint", "new_then_all", _ALL),
    FROM_SCRATCH: Plan(
        "random",
        "all",
        {"learning_rate": 3e-4, "epochs": 10, "warmup_epochs": 1.0, "layer_decay": 1.0},
    ),
}
"""Those that train."""

USES: Mapping[str, tuple[str, ...]] = {
    FINE_TUNE: (*_ALL, "head_learning_rate"),
    FROZEN: ("head_learning_rate", "head_epochs"),
    FROZEN_THEN_FINE_TUNE: (*_ALL, "head_learning_rate", "head_epochs"),
    FROM_SCRATCH: tuple(_ALL),
    AS_IS: ("descriptions",),
}
"""Of the params that not every strategy uses: those that each does."""


def default_words(name: str) -> str:
    """What a param is by default in each strategy that trains all weights, for its help."""
    usual = PLANS[FINE_TUNE].defaults[name]
    return f"default: {usual:g}, in {FROM_SCRATCH} {PLANS[FROM_SCRATCH].defaults[name]:g}"
