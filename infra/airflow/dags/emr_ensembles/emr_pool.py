"""Which trainers' tasks take turns.

Trainers run side by side where their executors fit together. Otherwise the cluster is created to
run one step at a time, and EMR holds the others. `EMR_ENSEMBLES_TRAINERS_POOL` names an Airflow
pool to hold their tasks instead, before they are steps: with one slot they take turns, whatever
fits. It must count deferred tasks (`airflow pools set NAME 1 TEXT --include-deferred`).
"""

from __future__ import annotations

import os

POOL_VARIABLE = "EMR_ENSEMBLES_TRAINERS_POOL"


def trainers_pool() -> str | None:
    """The pool that a trainer's task takes a slot of."""
    return os.environ.get(POOL_VARIABLE) or None
