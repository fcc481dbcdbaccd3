"""Out-of-bag votes, added up by any number of tasks."""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import pytest

from pipeline.bagging.votes import Ballot, OutOfBag, Votes

ROWS = 50


def _replicas(targets: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Class shares and out-of-bag marks of a few replicas; row 0 is never out."""
    rng = np.random.default_rng(targets)
    replicas = []
    for _ in range(7):
        is_out = rng.random(ROWS) < 0.4
        is_out[0] = False
        replicas.append((rng.random((ROWS, targets)).astype(np.float32), is_out))
    return replicas


def _ballot(targets: int) -> Ballot:
    return Ballot(2 if targets == 1 else targets, "soft")


def _judged(
    uris: list[str], targets: int, start: int, labels: np.ndarray, weights: np.ndarray | None
) -> OutOfBag:
    votes = Votes(len(labels), _ballot(targets))
    for uri in uris:
        votes.add_written(uri, ROWS, start)
    return votes.measure(labels, weights)


def _write(path: Path, replicas: list[tuple[np.ndarray, np.ndarray]], targets: int) -> str:
    votes = Votes(ROWS, _ballot(targets))
    for shares, is_out in replicas:
        votes.add(shares, is_out)
    votes.write(path.as_uri())
    return path.as_uri()


def _labels(targets: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.integers(0, max(targets, 2), ROWS).astype(np.float32)


@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_the_error_is_that_of_the_mean_of_the_votes(
    targets: int, is_weighted: bool, tmp_path: Path
) -> None:
    replicas, labels = _replicas(targets), _labels(targets)
    weights = np.linspace(0, 3, ROWS).astype(np.float32) if is_weighted else None
    uri = _write(tmp_path / "all", replicas, targets)
    found = _judged([uri], targets, 0, labels, weights)
    own = np.ones(ROWS) if weights is None else weights
    wrong = weight = rows = 0.0
    for row in range(ROWS):
        votes = [shares[row] for shares, is_out in replicas if is_out[row]]
        if not votes:
            continue
        mean = np.mean(votes, axis=0)
        guess = int(mean[0] > 0.5) if targets == 1 else int(mean.argmax())
        rows += 1
        weight += own[row]
        wrong += own[row] * (guess != labels[row])
    assert found.rows == rows < ROWS
    assert found.rows_without_vote == ROWS - rows
    assert found.error == pytest.approx(wrong / weight)


@pytest.mark.parametrize("targets", [1, 3])
def test_who_added_up_and_in_which_order_does_not_matter(targets: int, tmp_path: Path) -> None:
    replicas, labels = _replicas(targets), _labels(targets)
    whole = [_write(tmp_path / "all", replicas, targets)]
    parts = [
        _write(tmp_path / f"{place}", replicas[place::3][::-1], targets) for place in (2, 0, 1)
    ]
    expected = _judged(whole, targets, 0, labels, None)
    assert _judged(parts, targets, 0, labels, None) == expected
    ranges = [(0, 20), (20, 21), (21, 50)]
    cut = [_judged(parts, targets, a, labels[a:b], None) for a, b in ranges]
    assert reduce(add, cut) == expected


def test_without_a_vote_there_is_no_error() -> None:
    assert OutOfBag(0, 5, 0.0, 0.0).error is None
    assert OutOfBag(4, 1, 1.0, 4.0).error == 0.25


@pytest.mark.parametrize(
    ("classes", "scores", "votes"),
    [
        (2, [[0.5], [0.51]], [[0], [1]]),
        (3, [[0.4, 0.4, 0.2], [0.1, 0.2, 0.7]], [[1, 0, 0], [0, 0, 1]]),
    ],
)
def test_a_hard_vote_is_for_one_class(
    classes: int, scores: list[list[float]], votes: list[list[float]]
) -> None:
    found = Ballot(classes, "hard").votes(np.array(scores, dtype=np.float32))
    assert found.tolist() == votes


@pytest.mark.parametrize("bounds", [(-3.0, 5.0), (1e9, 1e9 + 5), (2.0, 2.0), (0.0, 1e30)])
def test_numbers_of_any_size_are_averaged(bounds: tuple[float, float]) -> None:
    rng = np.random.default_rng(0)
    ballot = Ballot(0, "mean", bounds)
    values = rng.uniform(*bounds, (9, ROWS, 1)).astype(np.float32)
    votes = Votes(ROWS, ballot)
    for own in values:
        votes.add(own, np.arange(ROWS) > 0)
    found = ballot.predicted(votes.means())
    assert np.isnan(found[0])
    span = (bounds[1] - bounds[0]) or 1.0
    assert np.abs(found - values[:, :, 0].astype(float).mean(axis=0))[1:].max() < 1e-8 * span
    labels = values[0, :, 0]
    judged = votes.measure(labels, None)
    assert judged.rows_without_vote == 1
    assert judged.error == pytest.approx(((found - labels)[1:] ** 2).mean())


def test_a_prediction_that_is_absurdly_far_off_does_not_overflow() -> None:
    votes = Votes(1, Ballot(0, "mean", (0.0, 1.0)))
    for _ in range(1000):
        votes.add(np.array([[3e38]], dtype=np.float32), np.array([True]))
    assert votes.means()[0, 0] > 1000
