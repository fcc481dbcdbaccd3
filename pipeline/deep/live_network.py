"""A network while it is trained: batches in, weights and files out.

MXNet is imported when one is made, never on the driver.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from pipeline.deep.base_rows import Call
from pipeline.deep.communication import Communication
from pipeline.deep.exporting import exported
from pipeline.deep.feed import Batch
from pipeline.deep.inputs import Floats, InputLayout
from pipeline.deep.recipe import Recipe
from pipeline.deep.standard import Standard

_RUNNING = ".*running_.*"
"""Names of batch norms' statistics, which change in training though they have no gradient."""


class LiveNetwork:
    """A network on one rank.

    Parameters
    ----------
    recipe : Recipe
        How it is built.
    layout : InputLayout
        Columns of the input.
    standard : Standard
        What the numbers look like.
    outputs : int
        Units of the output.
    device : Context
        MXNet's device.
    """

    def __init__(
        self,
        recipe: Recipe,
        layout: InputLayout,
        standard: Standard,
        outputs: int,
        device: Any,
    ) -> None:
        from pipeline.deep.building import build, padded_of, stages_of

        whole = np.asarray(layout.numeric, dtype=np.int64)[standard.is_whole]
        self._layout = replace(layout, unmarked=frozenset(whole.tolist()))
        self._recipe = recipe
        self._device = device
        self._whole = build(recipe, self._layout, (standard.mean, standard.scale), outputs, device)
        self.active = self._whole
        """What is trained: the network, or one of its stages."""
        self.padded = padded_of(self._whole, self._layout)
        """How rows are padded; None: they are not."""
        self._has_begun = False
        self._stages = stages_of(self._whole, device)
        self._base: Any = None
        self._number = 0
        self._running: list[Any] = []

    @property
    def prefix(self) -> str:
        """What the names of all parameters begin with."""
        return str(self._whole.prefix)

    @property
    def stages(self) -> int:
        """How many stages are trained before the last, which most often is the whole."""
        return len(self._stages) - 1

    def changes(self, stage: int) -> Mapping[str, Any]:
        """Values of the recipe that are others in a stage."""
        return self._stages[stage].changes

    def base_of(self, stage: int) -> Call | None:
        """The part that a stage stands on and leaves as it is; None: it stands on none."""
        base = self._stages[stage].base
        if base is None:
            return None

        def call(numbers: Floats, codes: Floats) -> Floats:
            return np.asarray(base(*self._inputs(numbers, codes)).asnumpy(), np.float32)

        return call

    def mark_of(self, stage: int) -> str:
        """What tells the part that a stage stands on, as it is now, from all others."""
        found = hashlib.sha256(self._facts().encode())
        for name, each in sorted(self._stages[stage].base.collect_params().items()):
            value = each.data().asnumpy()
            found.update(repr((name.removeprefix(self.prefix), value.shape)).encode())
            found.update(np.ascontiguousarray(value).data)
        return found.hexdigest()

    def begin(self, batch: Batch, others: Communication) -> None:
        """Give the whole its first weights.

        Parameters
        ----------
        batch : Batch
            Any rows: shapes of weights follow from them.
        others : Communication
            The other ranks, which get the first weights of rank 0.
        """
        self.active, self._base = self._whole, None
        self(batch)
        self._begin()
        others.broadcast(self._whole.collect_params())

    def enter(self, stage: int, batch: Batch, others: Communication) -> None:
        """Make a stage what is trained.

        Parameters
        ----------
        stage : int
            From 0; `stages` is the last.
        batch : Batch
            Any rows, or what the stage's base gives for them: shapes of weights follow from them.
        others : Communication
            The other ranks, which get the first weights of rank 0.
        """
        from pipeline.deep.buckets import buckets

        self.active, self._base = self._stages[stage].block, self._stages[stage].base
        self._number = stage
        self(batch)
        self._begin()
        self._running = list(buckets(self._statistics()))
        others.broadcast(self.active.collect_params())

    def __call__(self, batch: Batch) -> Any:
        """Outputs for a batch, shape (rows, outputs)."""
        if self._base is not None:
            return self.active(self.array(batch.numbers))
        return self.active(*self._inputs(batch.numbers, batch.codes))

    def array(self, values: Floats) -> Any:
        """Numbers on the network's device."""
        import mxnet as mx

        return mx.nd.array(values, ctx=self._device, dtype=np.float32)

    @property
    def weights(self) -> list[Floats]:
        """All parameters, running statistics too, and those of the stage that is trained.

        But not those of the base that the stage stands on, which are as they were at first.
        """
        return [item.data().asnumpy() for item in self._parameters()]

    @weights.setter
    def weights(self, values: Sequence[Floats]) -> None:
        for item, value in zip(self._parameters(), values, strict=True):
            item.set_data(self.array(value))

    @property
    def statistics(self) -> list[Any]:
        """Copies of the batch norms' running statistics, on their device."""
        return [bucket.values.copy() for bucket in self._running]

    def keep_statistics(self, before: Sequence[Any], is_finite: Any) -> None:
        """Go back to statistics unless a value on the device, shape (1,), is 1."""
        for bucket, old in zip(self._running, before, strict=True):
            bucket.restore(old, is_finite)

    def share(self, others: Communication, share: float) -> None:
        """See that all ranks hold one network after an epoch.

        Running statistics are averaged. Weights are equal already, but for what rounds differently
        where hosts are of different kinds.

        Parameters
        ----------
        others : Communication
            The other ranks.
        share : float
            Of all rows, this rank's.
        """
        for place, bucket in enumerate(self._running):
            bucket.values[:] = others.sum_array(bucket.values * share, f"running.{place}")
        others.broadcast(self._changing())

    def zeros(self, names: Sequence[str]) -> dict[str, float]:
        """Share of each column's weights in the first layer that are exactly 0, by its name.

        Parameters
        ----------
        names : sequence of str
            Of all columns of the matrix.

        Returns
        -------
        dict of str to float
            Empty for a network that is no `TableNetwork`.
        """
        from pipeline.deep.networks.table_input import TableNetwork

        if not isinstance(self._whole, TableNetwork):
            return {}
        found: dict[int, list[Any]] = defaultdict(list)
        for columns, layer in self._whole.first_layers():
            is_zero = layer.weight.data().asnumpy() == 0
            if is_zero.shape[1] != len(columns):
                return {}
            for unit, place in enumerate(columns):
                found[place].append(is_zero[:, unit])
        return {names[place]: float(np.mean(found[place])) for place in sorted(found)}

    def export(self) -> dict[str, bytes]:
        """MXNet's two files of the network."""
        return exported(self._whole)

    def _facts(self) -> str:
        """What a part computes by, besides its weights."""
        unmarked = sorted(self._layout.unmarked)
        layout = {**asdict(self._layout), "unmarked": unmarked}
        facts = {"recipe": asdict(self._recipe), "layout": layout}
        return json.dumps(facts, sort_keys=True, default=str)

    def _inputs(self, numbers: Floats, codes: Floats) -> list[Any]:
        """What the whole is called with."""
        cut = numbers if self.padded is None else self.padded.cut(numbers)
        return list(map(self.array, self._layout.given(cut, codes)))

    def _begin(self) -> None:
        """Let a network of the user's own set its first weights, once."""
        if self._has_begun:
            return
        self._has_begun = True
        begin = getattr(self._whole, "begin", None)
        if begin is not None:
            begin()

    def _changing(self) -> dict[str, Any]:
        """Parameters of what is trained that a step changes: none that are frozen or constant."""
        running = {id(each) for each in self._statistics()}
        return {
            name: each
            for name, each in self.active.collect_params().items()
            if each.grad_req != "null" or id(each) in running
        }

    def _parameters(self) -> list[Any]:
        every = {**dict(self._whole.collect_params()), **dict(self.active.collect_params())}
        below = self._fixed()
        return [each for name, each in every.items() if name not in below]

    def _fixed(self) -> set[str]:
        """Parameters of the base that no stage before this one has trained, by their names."""
        if self._base is None:
            return set()
        found = set(self._base.collect_params())
        for before in self._stages[: self._number]:
            changed = before.block.collect_params()
            found -= {name for name, each in changed.items() if each.grad_req != "null"}
            found -= set(before.block.collect_params(_RUNNING))
        return found

    def _statistics(self) -> list[Any]:
        """Parameters of what is trained that hold running statistics."""
        found = self.active.collect_params(_RUNNING)
        return [parameter for _, parameter in sorted(found.items())]
