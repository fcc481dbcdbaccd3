"""A checkpoint's tensors under the names and in the shapes of our blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.configuration import EncoderConfig
from pipeline.transfer.checkpoints.families import FAMILIES, Family
from pipeline.transfer.checkpoints.numbers import Array

_WORDS = "embeddings.word_embeddings.weight"
_LISTED = 12
# Buffers, and heads of other tasks: no part of an encoder, and no sign of a mistake.
_HARMLESS = re.compile(
    r"embeddings\.(position_ids|token_type_ids)$|"
    r"(^|\.)(cls\.predictions|cls\.seq_relationship|lm_head|vocab_transform|vocab_layer_norm|"
    r"vocab_projector|qa_outputs|classifier|pre_classifier|pooler)\."
)
# As they were called when checkpoints came from TensorFlow.
_FORMER = {".gamma": ".weight", ".beta": ".bias"}
_NORM_PARTS = {"weight": "gamma", "bias": "beta"}


@dataclass(frozen=True)
class Parts:
    """Arrays of float32 by the names of a block's parameters.

    Parameters
    ----------
    encoder : mapping of str to ndarray
        Of `encoder.Encoder`.
    pooler : mapping of str to ndarray
        Of the tanh pooler; empty where the checkpoint has none.
    head : mapping of str to ndarray
        Of the classification head, the pooler not among them; empty where there is none.
    ignored : tuple of str
        Tensors that belong to none of these: buffers, and heads of other tasks.
    """

    encoder: Mapping[str, Array]
    pooler: Mapping[str, Array]
    head: Mapping[str, Array]
    ignored: tuple[str, ...]


@dataclass(frozen=True)
class _Wanted:
    """An array of ours: the checkpoint's tensors, stacked, and the shape of each."""

    ours: str
    theirs: tuple[str, ...]
    shape: tuple[int, ...]


@dataclass
class _Found:
    """Tensors that are taken one after the other, and what is wrong with them."""

    tensors: Mapping[str, Array]
    taken: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)

    def take(self, wanted: Iterator[_Wanted]) -> dict[str, Array]:
        """Arrays by our names, without those that cannot be had."""
        arrays = {}
        for each in wanted:
            good = [name for name in each.theirs if self._fits(name, each.shape)]
            if len(good) == len(each.theirs):
                pieces = [self.tensors[name] for name in good]
                arrays[each.ours] = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        return arrays

    def _fits(self, name: str, shape: tuple[int, ...]) -> bool:
        if name not in self.tensors:
            self.missing.append(name)
            return False
        self.taken.add(name)
        tensor = self.tensors[name]
        if tensor.dtype != np.float32:
            self.misshapen.append(f"{name} is of {tensor.dtype} (quantised?) instead of floats")
        elif tensor.shape != shape:
            self.misshapen.append(f"{name} is {tensor.shape} instead of {shape}")
        return tensor.dtype == np.float32 and tensor.shape == shape


def parts_of(
    directory: Path, config: EncoderConfig, tensors: Mapping[str, Array], outputs: int | None
) -> Parts:
    """Sort a checkpoint's tensors.

    Parameters
    ----------
    directory : Path
        What errors call the checkpoint.
    config : EncoderConfig
        What it is said to hold.
    tensors : mapping of str to ndarray
        All its tensors.
    outputs : int or None
        Units of its classification head; None: it has none.

    Returns
    -------
    Parts
        The arrays of our blocks.

    Raises
    ------
    ModelError
        When tensors are missing, have another shape, or belong to nothing known; all are named.
    """
    tensors = {_current(name): tensor for name, tensor in tensors.items()}
    family = FAMILIES[config.family]
    prefix = _prefix(directory, tensors)
    outer = prefix.removesuffix(family.prefix)
    found = _Found(tensors)
    encoder = found.take(_encoder(config, family, prefix))
    pooler, head = {}, {}
    needs_pooler = outputs is not None and family.name == "bert"
    if needs_pooler or any(name.startswith(f"{prefix}pooler.") for name in tensors):
        pooler = found.take(_dense("dense", f"{prefix}pooler.dense", config.hidden_size, config))
    if outputs is not None:
        head = found.take(_head(config, family, outer, outputs))
    rest = [name for name in tensors if name not in found.taken]
    unexpected = [name for name in rest if not _HARMLESS.search(name)]
    _raise_if_wrong(directory, family, found, unexpected)
    return Parts(encoder, pooler, head, tuple(sorted(rest)))


def _current(name: str) -> str:
    for former, current in _FORMER.items():
        if name.endswith(former):
            return name.removesuffix(former) + current
    return name


def _prefix(directory: Path, tensors: Mapping[str, Array]) -> str:
    """What the encoder's tensors begin with: nothing, `bert.`, `model.`, …"""
    prefixes = sorted(name.removesuffix(_WORDS) for name in tensors if name.endswith(_WORDS))
    if len(prefixes) > 1:
        raise ModelError(
            f"{directory} holds {len(prefixes)} encoders ({_listed(prefixes)}); choose a "
            "checkpoint that holds one"
        )
    return prefixes[0] if prefixes else ""


def _encoder(config: EncoderConfig, family: Family, prefix: str) -> Iterator[_Wanted]:
    width = config.hidden_size
    rows = {
        "words": config.vocab_size,
        "positions": config.max_position_embeddings,
        "types": config.type_vocab_size,
    }
    for ours, theirs in family.embeddings.items():
        if ours == "norm":
            yield from _norm("embeddings.norm", f"{prefix}{theirs}", width)
        else:
            name = f"embeddings.{ours}.weight"
            yield _Wanted(name, (f"{prefix}{theirs}.weight",), (rows[ours], width))
    for index in range(config.num_hidden_layers):
        for ours, modules in family.layer.items():
            names = [f"{prefix}{family.layers}{index}.{module}" for module in modules]
            yield from _module(f"layers.{index}.{ours}", names, config)


def _module(ours: str, theirs: Sequence[str], config: EncoderConfig) -> Iterator[_Wanted]:
    """A layer normalisation, or dense layers whose units are stacked."""
    width, inner = config.hidden_size, config.intermediate_size
    if ours.endswith("norm"):
        yield from _norm(ours, theirs[0], width)
        return
    shape = {"inner": (inner, width), "outer": (width, inner)}.get(
        ours.rpartition(".")[2], (width, width)
    )
    yield _Wanted(f"{ours}.weight", tuple(f"{name}.weight" for name in theirs), shape)
    yield _Wanted(f"{ours}.bias", tuple(f"{name}.bias" for name in theirs), shape[:1])


def _norm(ours: str, theirs: str, width: int) -> Iterator[_Wanted]:
    for their_part, our_part in _NORM_PARTS.items():
        yield _Wanted(f"{ours}.{our_part}", (f"{theirs}.{their_part}",), (width,))


def _head(config: EncoderConfig, family: Family, outer: str, outputs: int) -> Iterator[_Wanted]:
    for ours, theirs in family.head.items():
        units = outputs if ours == "output" else config.hidden_size
        yield from _dense(ours, f"{outer}{theirs}", units, config)


def _dense(ours: str, theirs: str, units: int, config: EncoderConfig) -> Iterator[_Wanted]:
    yield _Wanted(f"{ours}.weight", (f"{theirs}.weight",), (units, config.hidden_size))
    yield _Wanted(f"{ours}.bias", (f"{theirs}.bias",), (units,))


def _raise_if_wrong(
    directory: Path, family: Family, found: _Found, unexpected: Sequence[str]
) -> None:
    problems = {
        "missing": found.missing,
        "of another shape or type": found.misshapen,
        "unexpected": sorted(unexpected),
    }
    told = [f"{kind}: {_listed(names)}" for kind, names in problems.items() if names]
    if told:
        raise ModelError(
            f"the tensors of {directory} are not those of the {family.title} encoder in its "
            f"config.json; {'; '.join(told)}; check that both belong to the same checkpoint"
        )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
