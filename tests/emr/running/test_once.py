from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from pipeline.emr.running.once import TRIES, Heard, once
from tests.emr.nodes import Time


def answer(code: str, status: int = 400) -> ClientError:
    said = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, "RunJobFlow")  # type: ignore[arg-type]


TIMED_OUT = ReadTimeoutError(endpoint_url="https://emr")


class Api:
    """Makes one thing; what it answers is scripted: an error, with or without having made it."""

    def __init__(self, *script: tuple[Exception, bool]) -> None:
        self.made: list[str] = []
        self.script = list(script)
        self.asked = 0

    def look(self) -> str | None:
        return self.made[0] if self.made else None

    def make(self) -> str:
        self.asked += 1
        error, makes = self.script.pop(0) if self.script else (None, True)
        if makes:
            self.made.append(f"thing {len(self.made)}")
        if error is not None:
            raise error
        return self.made[-1]


def done(api: Api, sleep: Callable[[float], None]) -> tuple[str, bool]:
    return once(api.look, api.make, "thing", sleep)


def test_what_is_there_is_not_made(time: Time) -> None:
    api = Api()
    api.made.append("earlier")
    assert done(api, time.sleep) == ("earlier", False)
    assert api.asked == 0


@pytest.mark.parametrize(
    "lost",
    [
        TIMED_OUT,
        ConnectionClosedError(endpoint_url="https://emr"),
        answer("InternalServerError", 500),
        ResponseParserError("garbled"),
    ],
)
def test_after_a_lost_answer_what_was_made_is_found_and_not_made_again(
    time: Time, lost: Exception
) -> None:
    api = Api((lost, True))
    assert done(api, time.sleep) == ("thing 0", True)
    assert api.asked == 1
    assert time.slept == [5]


@pytest.mark.parametrize(
    "passing",
    [TIMED_OUT, answer("ThrottlingException"), EndpointConnectionError(endpoint_url="https://emr")],
)
def test_what_did_not_come_about_is_asked_for_again(time: Time, passing: Exception) -> None:
    api = Api((passing, False), (passing, False))
    assert done(api, time.sleep) == ("thing 0", True)
    assert api.asked == 3
    assert time.slept == [5, 10]


def test_a_refusal_is_not_repeated(time: Time) -> None:
    api = Api((answer("ValidationException"), False))
    with pytest.raises(ClientError, match="ValidationException"):
        done(api, time.sleep)
    assert api.asked == 1
    assert time.slept == []


def test_what_never_comes_about_ends_with_its_last_error(time: Time) -> None:
    api = Api(*[(TIMED_OUT, False)] * TRIES)
    with pytest.raises(ReadTimeoutError):
        done(api, time.sleep)
    assert api.asked == TRIES


def test_what_the_last_attempt_has_made_is_found_after_all(time: Time) -> None:
    api = Api(*[(TIMED_OUT, False)] * (TRIES - 1), (TIMED_OUT, True))
    assert done(api, time.sleep) == ("thing 0", True)
    assert api.asked == TRIES


def heard_after(time: Time, *script: tuple[BaseException, bool]) -> bool:
    heard = Heard()
    api = Api(*script)  # type: ignore[arg-type]
    with pytest.raises(BaseException):  # noqa: B017, PT011 - whatever the script ends with
        once(api.look, api.make, "thing", time.sleep, heard)
    return heard.maybe


def test_whether_it_may_have_been_heard_is_known_however_it_ends(time: Time) -> None:
    denied, throttled = answer("AccessDenied"), answer("Throttling")
    assert not heard_after(time, (denied, False))
    assert not heard_after(time, *[(throttled, False)] * TRIES)
    assert heard_after(time, (TIMED_OUT, False), (denied, False))
    assert heard_after(time, *[(TIMED_OUT, False)] * TRIES)
    assert heard_after(time, (KeyboardInterrupt(), False))
