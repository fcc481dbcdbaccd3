from __future__ import annotations

from itertools import islice

import pytest

from pipeline.emr.running.polling import PATIENCE_S, polled
from pipeline.errors import EnsemblesError, UserError
from tests.emr.nodes import Time

GONE = EnsemblesError("AWS: no answer")


class Asked:
    """Gives one answer after the other; an exception is raised."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    def __call__(self) -> object:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_answers_come_at_the_same_distance(time: Time) -> None:
    assert list(islice(polled(Asked(1, 2, 3), time.sleep), 3)) == [1, 2, 3]
    assert time.slept == [20, 20]


def test_an_outage_is_waited_for_with_longer_pauses_and_then_forgotten(
    time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    found = list(islice(polled(Asked(1, GONE, GONE, GONE, 2, 3), time.sleep), 3))
    assert found == [1, 2, 3]
    assert time.slept == [20, 20, 40, 80, 20]
    assert "AWS: no answer; asking again in 20 s" in caplog.text


def test_after_a_quarter_of_an_hour_without_an_answer_the_wait_is_given_up(time: Time) -> None:
    with pytest.raises(EnsemblesError, match="no answer"):
        next(polled(Asked(GONE), time.sleep))
    assert PATIENCE_S <= time.now < PATIENCE_S + 240


def test_a_missing_right_ends_the_wait_at_once(time: Time) -> None:
    with pytest.raises(UserError, match="not allowed"):
        next(polled(Asked(UserError("not allowed")), time.sleep))
    assert time.slept == []
