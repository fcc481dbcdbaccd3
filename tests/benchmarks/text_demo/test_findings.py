"""`make demo-text`: whether the expected order holds, and what is said about it."""

from __future__ import annotations

import pytest

from benchmarks.text_demo.findings import claims, overlapping, rows, verdict
from tests.benchmarks.text_demo.samples import MEANS, results


def test_the_better_of_the_two_that_train_all_weights_is_compared_with_every_other_row() -> None:
    expected = claims(rows(results(MEANS), 1500))
    pairs = [(claim.higher.name, claim.lower.name) for claim in expected]
    best = "frozen_then_fine_tune"
    others = ("frozen", "from_scratch", "as_is", "tfidf_logistic", "tfidf_boosting")
    below_frozen = [("frozen", "from_scratch"), ("frozen", "tfidf_boosting")]
    assert pairs == [*((best, name) for name in others), *below_frozen]
    assert all(claim.holds for claim in expected)
    assert verdict(expected) == "The expected order holds, and no intervals overlap."


@pytest.mark.parametrize(
    ("changed", "pair"),
    [
        ({"tfidf_logistic": 0.82}, "frozen_then_fine_tune above tfidf_logistic"),
        ({"tfidf_boosting": 0.76}, "frozen above tfidf_boosting"),
        ({"from_scratch": 0.75}, "frozen above from_scratch"),
    ],
)
def test_an_order_that_does_not_hold_is_named(changed: dict[str, float], pair: str) -> None:
    expected = claims(rows(results({**MEANS, **changed}), 1500))
    assert verdict(expected) == f"The expected order does NOT hold: missing is {pair}."


def test_intervals_that_overlap_are_told_although_the_order_holds() -> None:
    near = {**MEANS, "tfidf_logistic": 0.808}
    found = rows(results(near), 1500)
    expected = claims(found)
    assert verdict(expected) == (
        "The expected order holds in the mean; intervals overlap of frozen_then_fine_tune and "
        "tfidf_logistic."
    )
    assert ("frozen_then_fine_tune", "tfidf_logistic") in overlapping(found)
    assert ("frozen", "from_scratch") not in overlapping(found)
    told = next(str(claim) for claim in expected if claim.lower.name == "tfidf_logistic")
    assert told == (
        "frozen_then_fine_tune (0.810) is above tfidf_logistic (0.808); their intervals overlap; "
        "seed by seed +0.002 ± 0.000"
    )


def test_one_seed_has_an_order_but_no_interval() -> None:
    expected = claims(rows(results(MEANS, seeds=1), 1500))
    assert verdict(expected) == "The expected order holds; of one seed."
    assert "one seed has no interval; seed by seed +0.060" in str(expected[0])
