"""A cluster whose Workers are pinned to a core each, texts on it, and ours that trains there."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.boosting.remote import Servant
from benchmarks.deep.pinned import pin
from benchmarks.transfer.workload import BATCH, LEARNING_RATE, LENGTH, texts
from pipeline.deep import DeepClassifier
from pipeline.transfer import TextClassifier
from pipeline.transfer.text_tokeniser import TextTokeniser

_RERUN = "benchmarks.transfer.rerun.RerunNetwork"
_TOKENS = "tokens"


class Session(Servant):
    """Two Workers.

    Parameters
    ----------
    checkpoint : Path
        The first weights, and the tokeniser.
    cores : list of int
        The core of each Worker: what it starts stays there.
    rows : int
        Texts of each of them.
    dropout : float
        Of the network, while all its weights are trained.
    heap_mb : int
        Heap of an executor.
    """

    def __init__(
        self, checkpoint: Path, cores: list[int], rows: int, dropout: float, heap_mb: int
    ) -> None:
        self._checkpoint = checkpoint
        self._cores = cores
        self._rows = rows
        self._dropout = dropout
        self._heap = heap_mb
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Session:
        settings = {"spark.executor.memory": f"{self._heap}m", "spark.driver.memory": "1g"}
        self._cluster = self._stack.enter_context(
            common.cluster(len(self._cores), 1, self._heap, settings)
        )
        try:
            pin(self._cluster.worker_pids, [[core] for core in self._cores])
            drawn = texts(len(self._cores) * self._rows, 0, self._checkpoint / "vocab.txt")
            schema = "id long, text string, label double"
            frame = self._cluster.spark.createDataFrame(drawn, schema)
            self._texts = frame.repartition(2, "id").cache()
            self._tokens = self._tokeniser().transform(self._texts).cache()
            self._tokens.count()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stack.close()

    @property
    def pids(self) -> list[int]:
        """This process with the driver's JVM, the Master, the Workers."""
        return [os.getpid(), self._cluster.state.master.pid, *self._cluster.worker_pids]

    def fine_tune(self, epochs: int) -> list[float]:
        """Seconds of each epoch of all weights."""
        return self._text_epochs(strategy="fine_tune", epochs=epochs, dropout=self._dropout)

    def frozen(self, epochs: int) -> list[float]:
        """Seconds of each epoch of a head on features that are kept."""
        return self._text_epochs(strategy="frozen", head_epochs=epochs, dropout=0.0)

    def rerun(self, epochs: int) -> list[float]:
        """Seconds of each epoch of the same head on a base that runs again."""
        from benchmarks.transfer.network import options_of

        options = options_of(self._checkpoint, "new").to_json()
        classifier = DeepClassifier(
            featuresCol=_TOKENS,
            network=_RERUN,
            network_options=options,
            epochs=epochs,
            dropout=0.0,
            learning_rate=LEARNING_RATE,
            **self._shared,
        )
        return _seconds(classifier.fit(self._tokens))

    def _text_epochs(self, **params: Any) -> list[float]:
        classifier = TextClassifier(
            textCol="text",
            checkpoint=str(self._checkpoint),
            max_length=LENGTH,
            learning_rate=LEARNING_RATE,
            head_learning_rate=LEARNING_RATE,
            layer_decay=1.0,
            weight_decay=0.0,
            clip_norm=0.0,
            **self._shared,
            **params,
        )
        return _seconds(classifier.fit(self._texts))

    @property
    def _shared(self) -> dict[str, Any]:
        """What bare Horovod does, too."""
        return {
            "labelCol": "label",
            "rowIdCol": "id",
            "optimiser": "adam",
            "batch_size_per_worker": BATCH,
            "checkpoint_epochs": 0,
            "numWorkers": len(self._cores),
        }

    def _tokeniser(self) -> TextTokeniser:
        return TextTokeniser(
            textCol="text",
            outputCol=_TOKENS,
            checkpoint=str(self._checkpoint),
            maxLength=LENGTH,
        )


def _seconds(model: Any) -> list[float]:
    return [float(row["seconds"]) for row in model.history]
