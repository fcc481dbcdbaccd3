"""What a text network is told of its checkpoint and of its training; without MXNet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.transfer.checkpoints import EncoderConfig
from pipeline.transfer.strategies import Start, Trains

NETWORK = "pipeline.transfer.text_network.TextNetwork"
"""The import path of the network, as executors find it."""

POOLINGS: Mapping[str, str] = {
    "mean": "of all tokens' vectors, the default: right for sentence encoders such as MiniLM",
    "cls": "the first token's vector",
    "pooler": "the first token's, through the layer that BERT was pre-trained with",
}
"""How the tokens' vectors become one, and when to use which."""


@dataclass(frozen=True)
class TextOptions:
    """Options of a text network; they travel as JSON.

    Parameters
    ----------
    checkpoint, digest : str
        The directory's URI, and what tells its content from any other.
    names : list of str
        The files that are read of it.
    config : EncoderConfig
        The encoder's architecture.
    max_length, windows : int
        Tokens of a window, and windows of a row.
    pooling : str
        A key of `POOLINGS`.
    start : {"checkpoint", "random"}
        The encoder's first weights.
    trains : {"all", "new", "new_then_all"}
        What is trained.
    layer_decay : float
        By which the step size of each layer is multiplied to have that of the layer below.
    new_rate : float
        By which that of the new layers is multiplied while all weights are trained.
    first : mapping
        Values of the recipe while the new layers are trained first.
    """

    checkpoint: str
    digest: str
    names: list[str]
    config: EncoderConfig
    max_length: int
    windows: int
    pooling: str
    start: Start = "checkpoint"
    trains: Trains = "all"
    layer_decay: float = 1.0
    new_rate: float = 1.0
    first: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON form that `from_json` reads back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TextOptions:
        """Read the form that `to_json` writes."""
        return cls(**{**data, "config": EncoderConfig(**data["config"])})
