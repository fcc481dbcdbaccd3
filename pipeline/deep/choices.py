"""Names that a config may choose from, with when to use which; without MXNet, for the driver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.errors import UserError

NETWORKS: Mapping[str, str] = {
    "mlp": "layers one after the other, the default for tables",
    "residual": "blocks that add to what they are given: trains also when there are many of them",
    "hierarchical": "a sub-network for each of groups or segments, one by one, then together",
    "recurrent": "for sequences: sequence_channels numbers a step, step after step",
    "convolutional": "for images: image_shape numbers, row after row",
}
CELLS: Mapping[str, str] = {
    "lstm": "the default: remembers over many steps",
    "gru": "nearly as good, a quarter fewer weights",
    "rnn": "plain, with activation tanh or relu: forgets after some ten steps",
}
BACKBONES: Mapping[str, str] = {
    "resnet18_v1": "11 million weights, the default",
    "resnet34_v1": "21 million",
    "resnet50_v1": "24 million",
    "resnet18_v2": "normalisation before the weights: easier to train",
    "resnet34_v2": "as well",
    "resnet50_v2": "as well",
}
ACTIVATIONS: Mapping[str, str] = {
    "auto": "tanh in recurrent networks, relu in all others",
    "relu": "fast, and gradients pass",
    "leaky": "a small slope below 0, where relu's units die",
    "prelu": "as leaky, and the slope is learnt",
    "elu": "smooth below 0, outputs nearer to mean 0",
    "selu": "keeps mean and variance by itself: with normalisation=none, dropout=0",
    "gelu": "smooth; usual in transformers",
    "swish": "smooth; usual in very deep networks",
    "tanh": "bounded; its gradients vanish in deep networks",
    "maxout": "the greatest of two linear pieces: learns its own shape, for twice the weights",
}
NORMALISATIONS: Mapping[str, str] = {
    "batch": "over the rows of a batch, the default",
    "layer": "over a row's units: for small batches and uneven shards",
    "none": "no normalisation",
}
OPTIMISERS: Mapping[str, str] = {
    "adam": "the default: a step size for each weight",
    "adamw": "as adam, and weight_decay apart from the gradient",
    "sgd": "plain steps with momentum: slower, often generalises better",
    "lamb": "a step size for each layer: for very large batches",
}
SCALINGS: Mapping[str, str] = {
    "auto": "linear for sgd, sqrt for the others",
    "linear": "times the workers",
    "sqrt": "times the square root of the workers",
    "none": "as it is",
}
COMPRESSIONS: Mapping[str, str] = {
    "none": "gradients travel as they are",
    "fp16": "gradients travel in half precision: half the bytes between nodes",
}

SCHEDULES: Mapping[str, Mapping[str, float]] = {
    "constant": {},
    "step": {"every": 10, "factor": 0.1},
    "cosine": {"least": 0.0},
    "one-cycle": {"up": 0.3, "start": 25.0, "end": 1e4},
    "plateau": {"factor": 0.5, "patience": 2, "least": 0.0},
}
"""Kinds of schedules, and the defaults of their keys."""


def words(choices: Mapping[str, str]) -> str:
    """All choices and when to use which, for a param's help."""
    return "; ".join(f"{name} ({reason})" for name, reason in choices.items())


def to_schedule(value: Any) -> dict[str, Any]:
    """A schedule with all its keys, from its kind or from a map with the kind and some keys."""
    given = {"kind": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping):
        raise TypeError(f"a schedule is a kind ({', '.join(SCHEDULES)}) or a map, not {value!r}")
    kind = str(given.get("kind"))
    return {**SCHEDULES.get(kind, {}), **given, "kind": kind}


def require_schedule(schedule: Mapping[str, Any]) -> None:
    """Raise a `UserError` for what is no schedule."""
    kind = schedule["kind"]
    if kind not in SCHEDULES:
        raise UserError(
            f"learning_rate_schedule: kind must be one of {', '.join(SCHEDULES)}, not {kind}"
        )
    known = SCHEDULES[kind]
    for name, value in schedule.items():
        if name == "kind":
            continue
        if name not in known:
            keys = ", ".join(known) or "no keys"
            raise UserError(f"learning_rate_schedule: {kind} has {keys}, not {name}")
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise UserError(f"learning_rate_schedule: {name} must be a number, not {value!r}")
    for name, low, high in _LIMITS:
        if name in schedule and not low <= schedule[name] <= high:
            raise UserError(
                f"learning_rate_schedule: {name} must be from {low:g} to {high:g}, not "
                f"{schedule[name]:g}"
            )


_LIMITS = (
    ("every", 1, 1e9),
    ("factor", 0.0, 1.0),
    ("patience", 1, 1e9),
    ("least", 0.0, 1.0),
    ("up", 0.0, 1.0),
    ("start", 1.0, 1e9),
    ("end", 1.0, 1e9),
)
