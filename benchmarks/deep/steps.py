"""Gluon's own training loop, step by step, with or without Horovod."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import mxnet as mx
import numpy as np
from mxnet import autograd
from mxnet.gluon import Trainer, nn
from mxnet.gluon.loss import L2Loss

from benchmarks.deep.ways import Way
from benchmarks.deep.workload import HIDDEN, LEARNING_RATE
from pipeline.deep.buckets import Bucket

_SETTINGS = {"learning_rate": LEARNING_RATE}


class Steps:
    """A network and what moves its weights.

    Parameters
    ----------
    rows, labels : ndarray of float32
        What it is trained on.
    way : Way
        How.
    is_joined : bool
        Whether Horovod has joined this process with another one.
    """

    def __init__(self, rows: np.ndarray, labels: np.ndarray, way: Way, is_joined: bool) -> None:
        self._rows, self._labels = rows, labels
        self._way = way
        mx.random.seed(0)
        self._net = _network(rows)
        self._loss = L2Loss()
        self._is_joined = is_joined
        self._talks = is_joined and way.talks
        if self._talks:
            import horovod.mxnet as hvd

            hvd.broadcast_parameters(self._net.collect_params(), root_rank=0)
        self._update = self._one_update() if way.is_one_array else self._usual_update()

    def epoch(self, number: int, batch: int) -> float:
        """Seconds of an epoch."""
        began = time.monotonic()
        total = mx.nd.zeros(1)
        for step, (inputs, labels) in enumerate(self._batches(number, batch), 1):
            total += self.gradients(inputs, labels)
            if step % self._way.accumulate == 0:
                self._update(len(inputs) * self._way.accumulate)
        if not np.isfinite(total.asscalar()):
            raise RuntimeError("the loss is not finite")
        mx.nd.waitall()
        return time.monotonic() - began

    def exchanges(self, batch: int, steps: int) -> list[tuple[float, float]]:
        """Seconds of each step before and within the exchange, one after the other.

        Nothing overlaps: all is waited for.
        """
        found = []
        inputs, labels = next(self._batches(0, batch))
        for _ in range(steps):
            began = time.monotonic()
            self.gradients(inputs, labels)
            mx.nd.waitall()
            computed = time.monotonic()
            self._trainer.allreduce_grads()
            mx.nd.waitall()
            found.append((computed - began, time.monotonic() - computed))
            self._trainer.update(len(inputs))
        return found

    def end(self) -> None:
        """Wait for the other rank: Horovod does not bear that one leaves while another computes."""
        if self._is_joined:
            import horovod.mxnet as hvd

            hvd.allreduce(mx.nd.zeros(1), op=hvd.Sum, name="end").wait_to_read()

    def gradients(self, inputs: Any, labels: Any) -> Any:
        """Find the gradients of a batch; the sum of its losses."""
        with autograd.record():
            losses = self._loss(self._net(inputs), labels)
        losses.backward()
        return losses.sum()

    def _batches(self, number: int, batch: int) -> Iterator[tuple[Any, Any]]:
        count = len(self._rows)
        order = np.random.default_rng(number).permutation(count)
        first = None
        for start in range(0, count, batch):
            if first is None or self._way.is_fed:
                places = order[start : start + batch]
                first = mx.nd.array(self._rows[places]), mx.nd.array(self._labels[places])
            yield first

    def _usual_update(self) -> Any:
        parameters = self._net.collect_params()
        if self._way.accumulate > 1:
            for each in parameters.values():
                each.grad_req = "add"
        if self._talks:
            import horovod.mxnet as hvd

            self._trainer = hvd.DistributedTrainer(
                parameters, "adam", _SETTINGS, num_groups=self._way.groups
            )
        else:
            self._trainer = Trainer(parameters, "adam", _SETTINGS, kvstore=None)

        def update(rows: int) -> None:
            self._trainer.step(rows)
            if self._way.accumulate > 1:
                parameters.zero_grad()

        return update

    def _one_update(self) -> Any:
        import horovod.mxnet as hvd

        bucket = Bucket(list(self._net.collect_params().values()))
        optimiser = mx.optimizer.create("adam", **_SETTINGS)
        state = optimiser.create_state(0, bucket.values)

        def update(rows: int) -> None:
            hvd.allreduce_(bucket.gradients, op=hvd.Sum, name="gradients")
            optimiser.rescale_grad = 1 / (rows * hvd.size())
            optimiser.update(0, bucket.values, bucket.gradients, state)

        return update


def _network(rows: np.ndarray) -> Any:
    # Ranks exchange weights by names, which Gluon numbers by what a process ever built.
    with mx.name.NameManager():
        net = nn.HybridSequential()
        with net.name_scope():
            for units in HIDDEN:
                net.add(nn.Dense(units, activation="relu"))
            net.add(nn.Dense(1))
    net.initialize(mx.init.Xavier())
    net.hybridize(static_alloc=True)
    net(mx.nd.array(rows[:2]))
    return net
