"""Parameters laid end to end, so that a step on many of them is few operations.

A small network's step is bound by the number of operations, not by what they compute; Horovod, too,
talks once about one long array sooner than many times about short ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import mxnet as mx
from mxnet import autograd

MOST_VALUES = 4 * 2**20
"""Values of a bucket: the next one's gradients are computed while this one's travel."""


class Bucket:
    """Parameters of one type in one array; from now on theirs are parts of it.

    Parameters
    ----------
    parameters : sequence of Parameter
        Whose shapes are known, on one device.

    Attributes
    ----------
    values : NDArray, shape (values,)
        Of all parameters, one after the other.
    gradients : NDArray, shape (values,), or None
        None when the first parameter has none.
    """

    def __init__(self, parameters: Sequence[Any]) -> None:
        self.parameters = list(parameters)
        sizes = [each.data().size for each in parameters]
        first = parameters[0].data()
        kind = {"ctx": first.context, "dtype": first.dtype}
        self.values = mx.nd.empty((sum(sizes),), **kind)
        has_gradients = parameters[0].grad_req != "null"
        self.gradients = mx.nd.zeros((sum(sizes),), **kind) if has_gradients else None
        self._values_row = self.values.reshape((1, -1))
        self._gradients_row = self.gradients.reshape((1, -1)) if has_gradients else None
        end = 0
        for parameter, size in zip(parameters, sizes, strict=True):
            begin, end = end, end + size
            own = self.values[begin:end].reshape(parameter.shape)
            own[:] = parameter.data()
            parameter._data = [own]
            if self.gradients is not None:
                gradient = self.gradients[begin:end].reshape(parameter.shape)
                parameter._grad = [gradient]
                autograd.mark_variables([own], [gradient], parameter.grad_req)

    def clear(self, is_finite: Any) -> None:
        """Make all gradients 0 unless a value on the device, shape (1,), is 1."""
        _choose(is_finite, self._gradients_row, mx.nd.zeros_like(self._gradients_row))

    def restore(self, before: Any, is_finite: Any) -> None:
        """Go back to earlier values unless a value on the device, shape (1,), is 1."""
        _choose(is_finite, self._values_row, before.reshape((1, -1)))


def _choose(is_first: Any, first: Any, second: Any) -> None:
    """Keep an array or take the other, as a whole: a product with 0 would keep what is not finite.

    Both have the shape (1, values).
    """
    mx.nd.where(is_first, first, second, out=first)


def buckets(parameters: Sequence[Any], most: int = MOST_VALUES) -> Iterator[Bucket]:
    """Neighbours of one type share a bucket, as long as it has no more values than `most`."""
    for _, alike in groupby(parameters, key=lambda each: each.data().dtype):
        group: list[Any] = []
        held = 0
        for each in alike:
            size = each.data().size
            if group and held + size > most:
                yield Bucket(group)
                group, held = [], 0
            group.append(each)
            held += size
        yield Bucket(group)
