"""The replicas of a fit as one booster, made on an executor and put beside them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pipeline import files
from pipeline.bagging.learners.learner import XGBOOST, LearnerSpec
from pipeline.bagging.learners.objectives import objective_of
from pipeline.bagging.merging import is_mergeable, merge
from pipeline.bagging.replicas import BaggingTask
from pipeline.bagging.store import merged_name
from pipeline.files.local_directory import local_directory


def can_merge(learner: LearnerSpec, combine: str) -> bool:
    """Whether the ensemble's mean is one booster: trees whose scores add up, and are averaged."""
    if learner.name != XGBOOST or combine not in ("soft", "mean"):
        return False
    return is_mergeable(objective_of(learner), int(learner.params.get("rounds", 1)))


def merge_replicas(task: BaggingTask, count: int) -> None:
    """Merge the first `count` replicas; reads one at a time, and writes as it reads."""
    target = merged_name(count)
    directory = local_directory()
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as name:
        path = Path(name) / target
        with path.open("wb") as sink:
            merge((files.read_bytes(task.uri_of(each)) for each in range(count)), count, sink)
        files.upload(path, files.join(task.store, target))
