"""Gluon's usual way: one process, arrays in memory, a Trainer."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy as np
import pandas as pd
from mxnet import autograd
from mxnet.gluon import HybridBlock, Trainer, nn
from mxnet.gluon.loss import SoftmaxCrossEntropyLoss

from benchmarks.deep_accuracy.tables import LABEL, Table
from pipeline.deep.networks.table_input import embedding_width

DROPOUT = 0.1
LEARNING_RATE = 0.001
_SCORED_AT_ONCE = 8_192


def accuracy(table: Table, normalisation: str, seed: int) -> float:
    """Share of the test rows whose class a network finds."""
    train, test = (_encoded(table, part) for part in table.parts)
    mx.random.seed(seed)
    net = _Net(table, normalisation, int(table.rows[LABEL].max()) + 1, _sizes(table))
    net.initialize(mx.init.Xavier())
    net.hybridize(static_alloc=True)
    trainer = Trainer(net.collect_params(), "adam", {"learning_rate": LEARNING_RATE}, kvstore=None)
    loss = SoftmaxCrossEntropyLoss()
    count = len(train[2])
    steps = -(-count // table.batch)
    for epoch in range(table.epochs):
        order = np.random.default_rng((seed, epoch)).permutation(count)
        for places in np.array_split(order, steps):
            numbers, codes, labels = (mx.nd.array(each[places]) for each in train)
            with autograd.record():
                losses = loss(net(numbers, codes), labels)
            losses.backward()
            trainer.step(len(places))
    found = [
        net(*(mx.nd.array(each[start : start + _SCORED_AT_ONCE]) for each in test[:2])).asnumpy()
        for start in range(0, len(test[2]), _SCORED_AT_ONCE)
    ]
    return float((np.concatenate(found).argmax(axis=1) == test[2]).mean())


class _Net(HybridBlock):  # type: ignore[misc]
    def __init__(self, table: Table, normalisation: str, classes: int, sizes: list[int]) -> None:
        super().__init__()
        with self.name_scope():
            self.embeddings = nn.HybridSequential()
            for size in sizes:
                self.embeddings.add(nn.Embedding(size + 1, embedding_width(size)))
            self.body = nn.HybridSequential()
            for units in table.hidden:
                normed = nn.BatchNorm() if normalisation == "batch" else nn.LayerNorm()
                self.body.add(nn.Dense(units), normed, nn.Activation("relu"))
                self.body.add(nn.Dropout(DROPOUT))
            self.body.add(nn.Dense(classes))

    def hybrid_forward(self, F: Any, numbers: Any, codes: Any) -> Any:  # noqa: N803
        parts = [numbers]
        for place, embedding in enumerate(self.embeddings):
            code = F.slice_axis(codes, axis=1, begin=place, end=place + 1)
            parts.append(embedding(F.reshape(code, (-1,))))
        if not len(self.embeddings):
            parts.append(0 * codes)
        return self.body(F.concat(*parts, dim=1))


def _encoded(table: Table, part: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standardised numbers with marks of missing ones, category codes, labels."""
    train = table.parts[0]
    numbers, codes = [], []
    for name in table.features:
        if _is_category(train[name]):
            known = pd.Categorical(part[name], categories=sorted(train[name].dropna().unique()))
            codes.append(known.codes.astype(np.float32) + 1)
            continue
        values = part[name].astype(np.float64)
        # A column that is one number in training says nothing, whatever it is in testing.
        deviation = train[name].astype(np.float64).std() or np.inf
        numbers.append(((values - train[name].mean()) / deviation).fillna(0.0))
        if train[name].isna().any():
            numbers.append(values.isna())
    stacked = np.stack([np.asarray(each, np.float32) for each in numbers], axis=1)
    coded = np.stack(codes, axis=1) if codes else np.zeros((len(part), 1), np.float32)
    return stacked, coded, part[LABEL].to_numpy(np.float32)


def _sizes(table: Table) -> list[int]:
    train = table.parts[0]
    return [train[name].nunique() for name in table.features if _is_category(train[name])]


def _is_category(column: Any) -> bool:
    return bool(column.dtype == object)
