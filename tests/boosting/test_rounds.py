"""Rounds in this process: what is trained, told, and kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xgboost as xgb

from pipeline.boosting.memory import Memory
from pipeline.boosting.rounds import seed_of
from pipeline.boosting.stopping import Patience
from pipeline.boosting.task import RowRoles
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.errors import UserError
from pipeline.spark.shard_file import ShardRows
from pipeline.spark.shards import ShardSet
from pipeline.store.checkpoints import Checkpoints
from tests.boosting.small_tasks import PARAMS, Run, run, sample, shards, task

OWN = "tests.boosting.own_functions"


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> ShardSet:
    return shards(tmp_path_factory.mktemp("numbers"), sample(400), sample(200, 9))


@pytest.fixture(scope="module")
def plain(numbers: ShardSet, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(task(tmp_path_factory.mktemp("plain"), numbers))


def _booster(done: Run) -> xgb.Booster:
    return xgb.Booster(model_file=bytearray(done.booster))


def _predicted(done: Run, rows: ShardRows, kind: str = "value") -> np.ndarray:
    return np.asarray(_booster(done).inplace_predict(rows.features, predict_type=kind))


def test_plain_xgboost_trains_the_same_booster_on_the_same_rows(plain: Run) -> None:
    rows = sample(400)
    matrix = xgb.QuantileDMatrix(rows.features, rows.labels, max_bin=PARAMS["max_bin"])
    params = {**PARAMS, "objective": "reg:squarederror", "nthread": 1}
    native = xgb.train(params, matrix, 8)
    expected = native.inplace_predict(rows.features)
    assert np.abs(_predicted(plain, rows) - expected).max() < 1e-5


def test_every_round_is_told_with_its_metrics(plain: Run) -> None:
    history = plain.result["history"]
    assert plain.channel.rounds == list(range(8))
    told = [data for kind, data in plain.channel.said if kind == "round"]
    for data, row in zip(told, history, strict=True):
        assert {"round": data["round"], **data["metrics"]} == row
        assert set(row) == {"round", "train.rmse", "validation.rmse"}
    rows = sample(200, 9)
    error = np.sqrt(np.mean((_predicted(plain, rows) - rows.labels) ** 2))
    assert history[-1]["validation.rmse"] == pytest.approx(error, abs=1e-4)
    assert plain.channel.steps > 8  # while rows are binned, too


def test_a_fit_is_the_same_again_and_another_with_another_seed(
    numbers: ShardSet, tmp_path: Path
) -> None:
    drawn = {"subsample": 0.7, "colsample_bynode": 0.5}
    first = run(task(tmp_path / "a", numbers, params=drawn))
    assert run(task(tmp_path / "b", numbers, params=drawn)).booster == first.booster
    assert run(task(tmp_path / "c", numbers, params={**drawn, "seed": 6})).booster != first.booster


def test_what_rounds_draw_begins_anew_at_every_checkpoint() -> None:
    assert seed_of(0, 20) == seed_of(0, 20)
    seeds = [seed_of(seed, number) for seed in range(3) for number in range(0, 100, 20)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_training_stops_early_and_keeps_the_best_round(numbers: ShardSet, tmp_path: Path) -> None:
    wild = {"max_depth": 8, "eta": 1.0, "reg_lambda": 0.0}
    done = run(task(tmp_path, numbers, params=wild, rounds=60, patience=Patience(4)))
    errors = [row["validation.rmse"] for row in done.result["history"]]
    best = int(np.argmin(errors))
    assert len(errors) == best + 1 + 4 < 60
    assert done.result["best_iteration"] == best
    assert _booster(done).num_boosted_rounds() == best + 1
    rows = sample(200, 9)
    error = np.sqrt(np.mean((_predicted(done, rows) - rows.labels) ** 2))
    assert error == pytest.approx(errors[best], abs=1e-4)


def test_without_validation_rows_nothing_stops_early(tmp_path: Path) -> None:
    rows = shards(tmp_path / "rows", sample(200))
    done = run(task(tmp_path / "fit", rows, patience=Patience(1)))
    assert done.result["best_iteration"] == 7
    assert set(done.result["history"][0]) == {"round", "train.rmse"}


def test_rates_follow_the_schedule_and_are_told(numbers: ShardSet, tmp_path: Path) -> None:
    etas = (0.5, 0.25, 0.125, 0.0625)
    done = run(task(tmp_path / "a", numbers, rounds=4, etas=etas))
    assert [row["eta"] for row in done.result["history"]] == list(etas)
    matrix = xgb.QuantileDMatrix(sample(400).features, sample(400).labels, max_bin=32)
    native = xgb.Booster({**PARAMS, "nthread": 1}, [matrix])
    for number, eta in enumerate(etas):
        native.set_param({"eta": eta})
        native.update(matrix, number)
    expected = native.inplace_predict(sample(400).features)
    assert np.abs(_predicted(done, sample(400)) - expected).max() < 1e-5


def test_an_own_objective_equal_to_xgboosts_gives_its_model(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = sample(400, labels=(rng.random(400) < 0.4).astype(np.float32))
    found = shards(tmp_path / "rows", rows)
    params = {"objective": "binary:logistic", "base_score": 0.5}
    native = run(task(tmp_path / "a", found, params=params))
    own = run(task(tmp_path / "b", found, params=params, objective=f"{OWN}.logistic"))
    for kind in ("margin", "value"):
        assert np.abs(_predicted(own, rows, kind) - _predicted(native, rows, kind)).max() < 1e-4
    losses = [done.result["history"][-1]["train.logloss"] for done in (own, native)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_an_own_objective_may_have_an_output_for_each_class(tmp_path: Path) -> None:
    rows = sample(300, labels=np.arange(300, dtype=np.float32) % 3)
    found = shards(tmp_path / "rows", rows)
    params = {"objective": "multi:softprob", "num_class": 3, "base_score": 0.5}
    native = run(task(tmp_path / "a", found, params=params))
    own = run(task(tmp_path / "b", found, params=params, objective=f"{OWN}.softmax"))
    assert np.abs(_predicted(own, rows) - _predicted(native, rows)).max() < 1e-3


def test_own_metrics_stand_in_the_history_and_may_decide(numbers: ShardSet, tmp_path: Path) -> None:
    metrics = (f"{OWN}.furthest", f"{OWN}.mean_error")
    done = run(
        task(
            tmp_path,
            numbers,
            params={"eval_metric": ["mae"], "max_depth": 8, "eta": 1.0},
            metrics=metrics,
            rounds=60,
            patience=Patience(3, "furthest"),
        )
    )
    history = done.result["history"]
    names = {"mae", "furthest", "mean_error"}
    assert set(history[0]) == {
        "round",
        *(f"{part}.{name}" for part in ("train", "validation") for name in names),
    }
    for row in history:
        assert row["train.mean_error"] == pytest.approx(row["train.mae"], abs=1e-4)
    values = [row["validation.furthest"] for row in history]
    assert done.result["best_iteration"] == int(np.argmin(values))
    assert len(values) == int(np.argmin(values)) + 1 + 3


def test_external_memory_gives_the_same_model_and_leaves_no_files(
    numbers: ShardSet, plain: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_DIRS", str(tmp_path / "disk"))
    done = run(task(tmp_path / "fit", numbers, memory=Memory("always")))
    assert done.result["on_disk"]
    assert not plain.result["on_disk"]
    assert done.booster == plain.booster
    assert (tmp_path / "disk").is_dir()
    assert list((tmp_path / "disk").iterdir()) == []


def test_rows_that_do_not_fit_are_refused_with_figures(numbers: ShardSet, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\d+ rows of 4 columns need \d+ MB on this worker"):
        run(task(tmp_path, numbers, memory=Memory("always", 1)))


def test_a_place_that_takes_no_checkpoints_costs_one_note_and_nothing_of_the_model(
    numbers: ShardSet, plain: Run, tmp_path: Path
) -> None:
    # What is there already is no file, and cannot be replaced.
    (tmp_path / "kept" / "round-000002.zip" / "more").mkdir(parents=True)
    place = Checkpoints((tmp_path / "kept").as_uri())
    done = run(task(tmp_path / "fit", numbers, every=2, checkpoints=place))
    assert done.booster == plain.booster
    assert done.result["history"] == plain.result["history"]
    (note,) = done.channel.notes
    assert note.startswith("no more checkpoints after round 2: ")
    assert [data["is_warning"] for kind, data in done.channel.said if kind == "note"] == [True]


def test_categories_are_split_as_categories_and_listed_in_the_file(tmp_path: Path) -> None:
    codes = np.arange(300) % 5
    matrix = np.column_stack([np.zeros(300), codes]).astype(np.float32)
    labels = np.isin(codes, [1, 3]).astype(np.float32)
    rows = shards(tmp_path / "rows", ShardRows(np.arange(300), matrix, labels))
    colors = ("blue", "green", "red", "white", "yellow")
    features = FeatureSchema(
        (Feature("nothing", "numeric"), Feature("color", "categorical", colors))
    )
    done = run(
        task(
            tmp_path / "fit",
            rows,
            params={"max_depth": 1, "eta": 1.0, "reg_lambda": 0.0},
            rounds=1,
            features=features,
            roles=RowRoles(("q", "c")),
        )
    )
    booster = _booster(done)
    assert booster.feature_types == ["q", "c"]
    assert booster.get_dump()[0].count("leaf") == 2  # one split parts 1 and 3 from the others
    assert np.abs(booster.inplace_predict(matrix) - labels).max() < 1e-5
    document = json.loads(booster.save_raw("json"))
    (_, listed) = document["learner"]["gradient_booster"]["model"]["cats"]["enc"]
    assert bytes(listed["values"]).decode() == "".join(colors)
