"""Gradients that vanish or explode, told once, with the remedy."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

_PREFIX = "gradient."
# Layers with weights of their own; a normalisation's gradients say nothing about depth.
_LAYER = re.compile(r"(dense|conv|lstm|gru|rnn)\d+$")
_VANISHED = 1e-4
_EXPLODED = 100.0


class GradientHealth:
    """What an epoch's gradients say, compared with each other and with the first epoch's."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._told: set[str] = set()

    def note(self, measures: Mapping[str, float]) -> str:
        """A sentence when gradients vanish or explode, each once; else nothing.

        Parameters
        ----------
        measures : mapping of str to float
            Of an epoch; norms of gradients by `gradient`, and by layer `gradient.NAME`.
        """
        whole = measures.get("gradient", math.nan)
        if self._first is None and whole > 0:
            self._first = whole
        if self._first is not None and whole > _EXPLODED * self._first:
            return self._once(
                "explode",
                f"gradients explode: their norm is {whole:.3g}, {whole / self._first:.0f} times "
                "that of the first epoch; set clip_norm (1.0, say), or lower learning_rate",
            )
        layers = {
            name.removeprefix(_PREFIX): value
            for name, value in measures.items()
            if name.startswith(_PREFIX) and _LAYER.search(name)
        }
        if len(layers) > 1:
            least, most = min(layers, key=layers.__getitem__), max(layers.values())
            if layers[least] < _VANISHED * most:
                return self._once(
                    "vanish",
                    f"gradients vanish: those of {least} are {layers[least]:.1e} where others are "
                    f"{most:.1e}; set network=residual, normalisation=batch, activation=relu, or "
                    "fewer layers in hidden",
                )
        return ""

    def _once(self, kind: str, sentence: str) -> str:
        if kind in self._told:
            return ""
        self._told.add(kind)
        return sentence
