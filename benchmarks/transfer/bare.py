"""One of two processes that Horovod joins: Gluon's own loop on the same network, without Spark."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.boosting.remote import Servant
from benchmarks.transfer.workload import BATCH, LEARNING_RATE, token_ids
from pipeline.spark.collectives import Horovod, Seat

_PATIENCE_S = 120.0


class Bare(Servant):
    """A rank with rows of its own, on one core.

    Parameters
    ----------
    checkpoint : Path
        The first weights.
    core : int
        Which core.
    rows : int
        How many texts.
    dropout : float
        Of the network.
    """

    def __init__(self, checkpoint: Path, core: int, rows: int, dropout: float) -> None:
        os.sched_setaffinity(0, [core])
        os.environ["OMP_NUM_THREADS"] = "1"
        self._checkpoint, self._dropout = checkpoint, dropout
        self._ids, self._labels = token_ids(rows, seed=core)

    def train(self, epochs: int, rank: int, invitation: dict[str, Any]) -> list[float]:
        """Seconds of each epoch, together with the other rank."""
        collective = Horovod()
        try:
            collective.join(Seat(rank, 2, ("127.0.0.1",) * 2), invitation, _PATIENCE_S)
            return self._epochs(epochs)
        finally:
            collective.leave()

    def _epochs(self, epochs: int) -> list[float]:
        import horovod.mxnet as hvd
        import mxnet as mx

        from benchmarks.transfer.network import text_network

        mx.random.seed(0)
        net = text_network(self._checkpoint, self._dropout)
        parameters = net.collect_params()
        hvd.broadcast_parameters(parameters, root_rank=0)
        trainer = hvd.DistributedTrainer(parameters, "adam", {"learning_rate": LEARNING_RATE})
        seconds = [self._epoch(net, trainer, number) for number in range(epochs)]
        # Horovod does not bear that one leaves while another computes.
        hvd.allreduce(mx.nd.zeros(1), op=hvd.Sum, name="end").wait_to_read()
        return seconds

    def _epoch(self, net: Any, trainer: Any, number: int) -> float:
        import mxnet as mx
        from mxnet import autograd
        from mxnet.gluon.loss import SoftmaxCrossEntropyLoss

        from benchmarks.transfer.network import tokens

        loss = SoftmaxCrossEntropyLoss()
        began = time.monotonic()
        total = mx.nd.zeros(1)
        order = np.random.default_rng(number).permutation(len(self._ids))
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            with autograd.record():
                losses = loss(net(tokens(self._ids[places])), mx.nd.array(self._labels[places]))
            losses.backward()
            total += losses.sum()
            trainer.step(len(places))
        if not np.isfinite(total.asscalar()):
            raise RuntimeError("the loss is not finite")
        mx.nd.waitall()
        return time.monotonic() - began
