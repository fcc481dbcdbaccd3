"""An MXNet network as the learner: one task trains it alone, on the rows that were drawn.

The training is that of `pipeline.deep`, without a gang and without validation rows. A row counts as
often as it was drawn by its weight in the loss; rows that were not drawn are never read. Imported
on executors, and where members are opened, which needs no Spark.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from pipeline.bagging.learners.learner import Learner, LearnerSpec, Member
from pipeline.data.encoding import Matrix
from pipeline.deep.communication import OnlyRank
from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import SavedNetwork, softmax
from pipeline.deep.objectives import Regression
from pipeline.deep.padded import Padded
from pipeline.deep.recipe import Recipe
from pipeline.deep.runtime import context_of, set_threads
from pipeline.deep.sources import OwnRows
from pipeline.deep.task import DeepTask
from pipeline.deep.training import train_alone
from pipeline.errors import DataError
from pipeline.spark.shard_file import Floats, Integers, Shard

_FACTS = "member.json"
# The first moment that a zip can name: equal members have equal files.
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


class Sample:
    """The rows of a shard that a replica's sample holds, with weights of its own.

    Parameters
    ----------
    shard : Shard
        All rows.
    weights : ndarray of float32, shape (rows,)
        How much each row counts; rows of weight 0 are left out.
    """

    is_weighted: ClassVar[bool] = True

    def __init__(self, shard: Shard, weights: Floats) -> None:
        self._shard = shard
        self._places = np.flatnonzero(weights > 0)
        self._all_weights = weights
        self.rows = len(self._places)
        self.width = shard.width

    @cached_property
    def labels(self) -> Floats:
        """Class positions or values, shape (rows,)."""
        return np.asarray(self._shard.labels[self._places], dtype=np.float32)

    @cached_property
    def weights(self) -> Floats:
        """How much each row counts, shape (rows,)."""
        return np.asarray(self._all_weights[self._places], dtype=np.float32)

    def matrices(self) -> Iterator[Matrix]:
        """The features, from one chunk of the shard after the other."""
        start = 0
        for chunk in self._shard.matrices():
            stop = start + chunk.shape[0]
            first, last = np.searchsorted(self._places, [start, stop])
            yield chunk[self._places[first:last] - start]
            start = stop

    def take(self, places: Integers) -> Matrix:
        """A copy of the features at row numbers of the sample, in their order."""
        return self._shard.take(self._places[places])


class NetworkMember(Member):
    """A network, made from a replica's file.

    Parameters
    ----------
    data : bytes
        The file.
    spec : LearnerSpec
        What was learnt.
    device : Context, optional
        MXNet's device to compute on; the CPU by default.
    """

    def __init__(self, data: bytes, spec: LearnerSpec, device: Any = None) -> None:
        self._data = data
        self._spec = spec
        content = _unpacked(data)
        facts = json.loads(content[_FACTS])
        layout = InputLayout.of(spec.features, facts["columns"])
        target = facts["target"]
        self._target = None if target is None else Regression(**target)
        padded = Padded.from_json(facts.get("padded"))
        self._network = SavedNetwork(content, layout, spec.classes or 1, device, padded=padded)

    @classmethod
    def open(cls, data: bytes, spec: LearnerSpec, threads: int) -> NetworkMember:
        """The member of a replica's file."""
        set_threads(threads)
        return cls(data, spec)

    def scores(self, features: Matrix) -> Floats:
        """Class probabilities or values of encoded rows."""
        outputs = self._network.outputs(features)
        if self._target is not None:
            return np.asarray(self._target.values(outputs), dtype=np.float32)
        return np.asarray(softmax(outputs)[:, -self._spec.outputs :], dtype=np.float32)

    def save(self) -> bytes:
        """A zip of MXNet's symbol and params, and of what else scoring needs."""
        return self._data


class NetworkLearner(Learner):
    """The mapped rows; networks read those of their own samples from it.

    Parameters
    ----------
    shard : Shard
        All training rows.
    spec : LearnerSpec
        What to learn.
    threads : int
        Threads to compute with.
    gpus : tuple of str
        Addresses of the task's GPUs.
    on_chunk : callable, optional
        Called at every step of a training, and after every chunk of rows that was scored.
    """

    def __init__(
        self,
        shard: Shard,
        spec: LearnerSpec,
        threads: int,
        gpus: tuple[str, ...] = (),
        on_chunk: Callable[[], None] | None = None,
    ) -> None:
        # Needs Spark's params: members are opened without.
        from pipeline.bagging.learners.network_params import require_network_params

        self._shard = shard
        self._spec = spec
        self._params = require_network_params(spec.params)
        self._rank = OnlyRank(threads, gpus, on_chunk)
        self._device = context_of(gpus)

    def train(self, weights: Floats, seed: int, columns: Integers | None) -> NetworkMember:
        """A replica on rows that count as much as `weights` says.

        Raises
        ------
        DataError
            When no row has a weight.
        UserError
            When training diverges.
        """
        sample = Sample(self._shard, weights)
        if not sample.rows:
            raise DataError("a replica's sample has no rows: all their weights are 0")
        own = None if columns is None else tuple(int(place) for place in columns)
        task = DeepTask(
            shards=OwnRows(sample),
            features=self._spec.features,
            classes=self._spec.classes,
            recipe=Recipe(**self._params),
            seed=seed,
            columns=own,
        )
        found = train_alone(task, self._rank)
        facts = {"columns": own, "target": found.get("target")}
        if "padded" in found:
            facts["padded"] = found["padded"]
        return NetworkMember(_packed(found["files"], facts), self._spec, self._device)

    def scores(self, member: Member) -> Floats:
        """A replica's scores of all rows, chunk by chunk."""
        found = np.empty((self._shard.rows, self._spec.outputs), dtype=np.float32)
        start = 0
        for chunk in self._shard.matrices():
            stop = start + chunk.shape[0]
            found[start:stop] = member.scores(chunk)
            self._rank.advance()
            start = stop
        return found


def _packed(files: Mapping[str, bytes], facts: Mapping[str, Any]) -> bytes:
    """One file of several; the same bytes for the same content."""
    content = {**files, _FACTS: json.dumps(facts, sort_keys=True).encode()}
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(content):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), content[name])
    return whole.getvalue()


def _unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
