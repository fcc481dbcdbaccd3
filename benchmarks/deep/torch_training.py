"""The network in PyTorch, one rank of several. Runs in PyTorch's environment."""

from __future__ import annotations

import itertools
import time

import numpy as np

from benchmarks.deep.workload import COLUMNS, HIDDEN, LEARNING_RATE, rows_of


def train(count: int, batch: int, epochs: int) -> list[float]:
    """Seconds of each epoch, of the slower rank; torchrun has said in the environment which."""
    import torch
    from torch import distributed, nn

    torch.set_num_threads(1)
    torch.manual_seed(0)
    distributed.init_process_group("gloo")
    rows, labels = map(torch.from_numpy, rows_of(count, seed=distributed.get_rank()))
    widths = (COLUMNS, *HIDDEN)
    layers: list[nn.Module] = []
    for inner, outer in itertools.pairwise(widths):
        layers += [nn.Linear(inner, outer), nn.ReLU()]
    net = nn.parallel.DistributedDataParallel(nn.Sequential(*layers, nn.Linear(widths[-1], 1)))
    optimiser = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    loss = nn.MSELoss()
    seconds = []
    for epoch in range(epochs):
        began = time.monotonic()
        order = torch.from_numpy(np.random.default_rng(epoch).permutation(count))
        total = torch.zeros(())
        for places in order.split(batch):
            optimiser.zero_grad()
            found = loss(net(rows[places])[:, 0], labels[places]) / 2
            found.backward()
            optimiser.step()
            total += found.detach()
        if not torch.isfinite(total):
            raise RuntimeError("the loss is not finite")
        seconds.append(time.monotonic() - began)
    slowest = torch.tensor(seconds, dtype=torch.float64)
    distributed.all_reduce(slowest, op=distributed.ReduceOp.MAX)
    distributed.destroy_process_group()
    return [float(each) for each in slowest]
