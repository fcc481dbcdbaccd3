"""Parameters laid end to end, so that a step on many of them is few operations.

A small network's step is bound by the number of operations, not by what they compute; Horovod, too,
talks once about one long array sooner than many times about short ones.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import groupby
from typing import Any

import mxnet as mx
from mxnet import autograd

MOST_VALUES = 2**20
"""Values of a bucket: the next one's gradients are computed while this one's travel."""


class Bucket:
    """Parameters of one type in one array; from now on theirs are parts of it.

    `cast`, and setting `grad_req`, would take a parameter out again.

    Parameters
    ----------
    parameters : sequence of Parameter
        Whose shapes are known, on one device, all with gradients or all without. A single one
        keeps its own arrays.

    Attributes
    ----------
    values : NDArray, shape (1, values), or that of a single parameter
        Of all parameters, one after the other.
    gradients : NDArray of the same shape, or None
        None when the parameters have none.
    """

    def __init__(self, parameters: Sequence[Any]) -> None:
        self.parameters = list(parameters)
        has_gradients = parameters[0].grad_req != "null"
        if len(parameters) == 1:
            self.values = parameters[0].data()
            self.gradients: Any = parameters[0].grad() if has_gradients else None
            return
        sizes = [each.data().size for each in parameters]
        first = parameters[0].data()
        kind = {"ctx": first.context, "dtype": first.dtype}
        self.values = mx.nd.empty((1, sum(sizes)), **kind)
        self.gradients = mx.nd.zeros((1, sum(sizes)), **kind) if has_gradients else None
        end = 0
        for parameter, size in zip(parameters, sizes, strict=True):
            begin, end = end, end + size
            own = _part(self.values, begin, end).reshape(parameter.shape)
            own[:] = parameter.data()
            parameter._data = [own]
            if has_gradients:
                gradient = _part(self.gradients, begin, end).reshape(parameter.shape)
                parameter._grad = [gradient]
                autograd.mark_variables([own], [gradient], parameter.grad_req)

    def split(self, many: int) -> Iterator[tuple[Any, Any]]:
        """Values and gradients of the first so many parameters, and of the others."""
        if many in (0, len(self.parameters)):
            yield self.values, self.gradients
            return
        cut = sum(each.data().size for each in self.parameters[:many])
        for begin, end in ((0, cut), (cut, self.values.size)):
            yield _part(self.values, begin, end), _part(self.gradients, begin, end)

    def clear(self, is_finite: Any) -> None:
        """Make all gradients 0 unless a value on the device, shape (1,), is 1."""
        _choose(is_finite, self.gradients, mx.nd.zeros_like(self.gradients))

    def restore(self, before: Any, is_finite: Any) -> None:
        """Go back to earlier values unless a value on the device, shape (1,), is 1."""
        _choose(is_finite, self.values, before)


def buckets(
    parameters: Sequence[Any], key: Callable[[Any], Hashable] = lambda _: None
) -> Iterator[Bucket]:
    """Neighbours of one type, and of one key, share a bucket.

    Parameters
    ----------
    parameters : sequence of Parameter
        As `Bucket` takes them.
    key : callable
        What parameters of one bucket have in common.
    """

    def kind(each: Any) -> tuple[Hashable, ...]:
        return each.data().dtype, _stays_alone(each), key(each)

    for (_, is_alone, _), alike in groupby(parameters, key=kind):
        group: list[Any] = []
        held = 0
        for each in alike:
            size = each.data().size
            if group and (is_alone or held + size > MOST_VALUES):
                yield Bucket(group)
                group, held = [], 0
            group.append(each)
            held += size
        yield Bucket(group)


def _stays_alone(parameter: Any) -> bool:
    """Whether oneDNN may keep the weights in an order of its own, for which it writes over them.

    It does so to weights of convolutions, and of very wide layers, when they score; a part of an
    array cannot bear that.
    """
    return len(parameter.shape) > 2 or parameter.data().size >= MOST_VALUES


def _part(row: Any, begin: int, end: int) -> Any:
    """Some values of a bucket, shape (1, end - begin); no copy."""
    return row.reshape((-1,))[begin:end].reshape((1, -1))


def _choose(is_first: Any, first: Any, second: Any) -> None:
    """Keep an array or take the other's values, as a whole.

    A product with 0 would keep what is not finite.
    """
    rows = first.shape[0]
    by_row = is_first if rows == 1 else mx.nd.broadcast_to(is_first, shape=(rows,))
    mx.nd.where(by_row, first, second, out=first)
