"""The executor half: one rank's part in training a booster, round after round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.data.encoding import FeatureSchema
from pipeline.spark.shards import Part, ShardSet
from pipeline.spark.worker import Worker

if TYPE_CHECKING:
    import xgboost as xgb

TRAIN: Part = "train"
VALIDATION: Part = "validation"


@dataclass(frozen=True)
class BoostingTask:
    """What every rank is asked to do.

    Parameters
    ----------
    shards : ShardSet
        The rows; a rank's own shard has its number.
    features : FeatureSchema
        Names and kinds of the columns.
    params : dict
        XGBoost's training params.
    rounds : int
        Most rounds.
    patience : int
        Rounds without improvement on validation rows after which training stops; 0: never.
    """

    shards: ShardSet
    features: FeatureSchema
    params: dict[str, Any]
    rounds: int
    patience: int


def train_rounds(task: BoostingTask, worker: Worker) -> dict[str, Any]:
    """Train; rank 0 returns the booster (UBJSON), its history and the best iteration."""
    import xgboost as xgb

    params = {**task.params, "nthread": worker.threads}
    if worker.gpus:
        params["device"] = f"cuda:{worker.gpus[0]}"
    train = _matrix(task, worker, TRAIN)
    watched = [(train, TRAIN)]
    callbacks = [_progress(worker)]
    if task.shards.rows[VALIDATION]:
        watched.append((_matrix(task, worker, VALIDATION, like=train), VALIDATION))
        if task.patience:
            callbacks.append(_early_stopping(task.patience))
    history: dict[str, dict[str, list[float]]] = {}
    booster = xgb.train(
        params,
        train,
        num_boost_round=task.rounds,
        evals=watched,
        evals_result=history,
        callbacks=callbacks,
        verbose_eval=False,
    )
    if worker.rank:
        return {}
    best = _best(booster)
    kept = booster[: best + 1] if best + 1 < booster.num_boosted_rounds() else booster
    return {
        "booster": bytes(kept.save_raw("ubj")),
        "best_iteration": best,
        "history": _rows(history),
    }


def _matrix(task: BoostingTask, worker: Worker, part: Part, like: Any = None) -> Any:
    from pipeline.boosting.matrix import ShardBatches, binned

    shard = task.shards.open(part, worker.rank)
    batches = ShardBatches(
        shard, shard.labels, task.features.names, task.features.categorical, worker.advance
    )
    return binned(batches, max_bin=task.params["max_bin"], threads=worker.threads, like=like)


def _progress(worker: Worker) -> Any:
    import xgboost as xgb

    class Progress(xgb.callback.TrainingCallback):
        """Tells the driver after each round."""

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            worker.advance()
            if worker.rank == 0:
                worker.report("round", round=epoch, metrics=_last(evals_log))
            return False

    return Progress()


def _early_stopping(patience: int) -> Any:
    import xgboost as xgb

    return xgb.callback.EarlyStopping(rounds=patience, data_name=VALIDATION)


def _best(booster: xgb.Booster) -> int:
    try:
        return int(booster.best_iteration)
    except AttributeError:  # nothing was watched, so the last round counts
        return int(booster.num_boosted_rounds()) - 1


def _series(log: dict[str, dict[str, list[float]]]) -> dict[str, list[float]]:
    """The values of every metric, by `set.metric`."""
    return {
        f"{name}.{metric}": values
        for name, metrics in log.items()
        for metric, values in metrics.items()
    }


def _last(log: dict[str, dict[str, list[float]]]) -> dict[str, float]:
    """The newest value of every metric."""
    return {name: float(values[-1]) for name, values in _series(log).items()}


def _rows(log: dict[str, dict[str, list[float]]]) -> list[dict[str, float]]:
    """The history as a row per round."""
    columns = _series(log)
    count = max(map(len, columns.values()), default=0)
    return [
        {"round": number, **{name: float(values[number]) for name, values in columns.items()}}
        for number in range(count)
    ]
