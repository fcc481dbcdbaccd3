"""Where finished replicas lie until the model is saved, and which of them may be used again.

With a checkpoint directory the place is named by a fingerprint of everything that a replica depends
on: its params, its sample, the data, the versions of the libraries. So a fit that was killed finds
its own replicas and nobody else's. Without one they lie in scratch and go with the model.
"""

from __future__ import annotations

import hashlib
import json
import weakref
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pipeline import files
from pipeline.bagging.learners.registry import file_name
from pipeline.bagging.replicas import STORE_MARK, BaggingTask
from pipeline.spark.scratch import LIVES_ON, Scratch
from pipeline.store.installed import installed
from pipeline.store.stored_files import StoredFiles

if TYPE_CHECKING:
    from pipeline.spark.resources import GangPlan


def merged_name(replicas: int) -> str:
    """The name of the file that holds so many replicas as one booster."""
    return f"ensemble-{replicas:06d}.ubj"


class ReplicaStore:
    """One fit's replicas.

    Parameters
    ----------
    uri : str
        Their directory.
    scratch : Scratch, optional
        What goes with the model, when it is not a checkpoint.
    """

    def __init__(self, uri: str, scratch: Scratch | None = None) -> None:
        self.uri = uri
        self._scratch = scratch

    @classmethod
    def open(
        cls, checkpoints: str | None, scratch: str, task: BaggingTask, gang: GangPlan | None
    ) -> ReplicaStore:
        """The place for a fit's replicas.

        Parameters
        ----------
        checkpoints : str or None
            URI of the directory of all checkpoints; None: a directory of scratch.
        scratch : str
            URI of scratch.
        task : BaggingTask
            The fit.
        gang : GangPlan or None
            The gang that trains, on whose size the replicas depend.
        """
        return cls.for_facts(checkpoints, scratch, _facts(task, gang))

    @classmethod
    def for_facts(
        cls, checkpoints: str | None, scratch: str, facts: Mapping[str, Any]
    ) -> ReplicaStore:
        """The place for replicas that depend on these facts.

        Parameters
        ----------
        checkpoints, scratch : str
            As for `open`.
        facts : mapping
            Everything that a replica depends on, for JSON.
        """
        if not checkpoints:
            own = Scratch(scratch, f"{LIVES_ON}bagging")
            own.__enter__()
            store = cls(own.uri, own)
        else:
            text = json.dumps(facts, sort_keys=True, default=str)
            mark = hashlib.sha256(text.encode()).hexdigest()[:16]
            store = cls(files.join(checkpoints, f"bagging-{mark}"))
        text = json.dumps(facts, indent=2, default=str)
        files.write_bytes(files.join(store.uri, STORE_MARK), text.encode())
        return store

    def files_of(
        self, task: BaggingTask, replicas: int, merged: str | None, rows: str | None
    ) -> StoredFiles:
        """The files of a model with that many replicas.

        Parameters
        ----------
        task : BaggingTask
            The fit.
        replicas : int
            How many.
        merged : str or None
            The file that holds all of them as one booster.
        rows : str or None
            The directory of rows' out-of-bag predictions.
        """
        names = [file_name(task.learner.name, replica) for replica in range(replicas)]
        if merged is not None:
            names.append(merged)
        if rows is not None:
            names += [f"{rows}/{name}" for name in files.names(files.join(self.uri, rows))]
        return self.stored(names)

    def stored(self, names: Iterable[str]) -> StoredFiles:
        """Files of the store as those of a model."""
        stored = StoredFiles(self.uri, dict.fromkeys(names))
        if self._scratch is not None:
            weakref.finalize(stored, self._scratch.__exit__)
        return stored

    def discard(self) -> None:
        """Give up what was made for a fit that failed; a checkpoint stays."""
        if self._scratch is not None:
            self._scratch.__exit__()


def _facts(task: BaggingTask, gang: GangPlan | None) -> dict[str, Any]:
    """Everything that a replica depends on."""
    return {
        "learner": task.learner.name,
        "params": dict(task.learner.params),
        "features": task.learner.features.to_json(),
        "label": task.label.to_json(),
        "sampling": task.sampling.to_json(),
        "class_weights": task.class_weights,
        "seed": task.seed,
        "data": task.shards.fingerprint,
        "groups": task.shards.group_fingerprint,
        "gang": None if gang is None else [gang.workers, gang.gpus],
        "versions": installed(),
    }
