"""Forward and backward passes of our network, in a process of its own."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from benchmarks.boosting.remote import Servant
from benchmarks.transfer.workload import BATCH, token_ids


class Passes(Servant):
    """Our network on pinned cores.

    Parameters
    ----------
    checkpoint : Path
        Its first weights.
    cores : list of int
        Which cores it may use; as many threads.
    """

    def __init__(self, checkpoint: Path, cores: list[int]) -> None:
        os.sched_setaffinity(0, cores)
        os.environ["OMP_NUM_THREADS"] = str(len(cores))
        self._checkpoint = checkpoint
        self._networks: dict[float, Any] = {}

    def run(self, dropout: float, passes: int) -> list[float]:
        """Seconds of each pass."""
        import mxnet as mx
        from mxnet import autograd
        from mxnet.gluon.loss import SoftmaxCrossEntropyLoss

        from benchmarks.transfer.network import text_network, tokens

        if dropout not in self._networks:
            self._networks[dropout] = text_network(self._checkpoint, dropout)
        net, loss = self._networks[dropout], SoftmaxCrossEntropyLoss()
        seconds = []
        for seed in range(passes):
            ids, labels = token_ids(BATCH, seed)
            inputs, targets = tokens(ids), mx.nd.array(labels)
            mx.nd.waitall()
            began = time.monotonic()
            with autograd.record():
                losses = loss(net(inputs), targets)
            losses.backward()
            mx.nd.waitall()
            seconds.append(time.monotonic() - began)
        return seconds
