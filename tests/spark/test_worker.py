import os
from types import SimpleNamespace

import pytest

from pipeline.errors import DataError, UserError
from pipeline.spark.collectives import Alone, Seat
from pipeline.spark.events import Sender
from pipeline.spark.worker import Worker, _describe, _gpu_addresses, _set_threads


def context(*addresses: str) -> SimpleNamespace:
    gpus = {"gpu": SimpleNamespace(addresses=list(addresses))} if addresses else {}
    return SimpleNamespace(resources=lambda: gpus)


def test_a_worker_gets_the_gpus_it_was_promised() -> None:
    assert _gpu_addresses(context("2", "3"), 2) == ("2", "3")
    assert _gpu_addresses(context("2", "3"), 0) == ()
    assert _gpu_addresses(context(), 0) == ()


def test_gpus_that_spark_did_not_give_are_the_users_to_mend() -> None:
    with pytest.raises(UserError, match=r"promised 2 GPUs .* \['7'\]; check the discovery script"):
        _gpu_addresses(context("7"), 2)


def test_libraries_that_load_later_use_the_workers_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    for name in names:
        monkeypatch.setenv(name, "99")
    _set_threads(3)
    assert {os.environ[name] for name in names} == {"3"}


def test_a_worker_knows_its_place_and_counts_its_steps() -> None:
    sender = Sender(("127.0.0.1", 9), b"key", 1)
    worker = Worker(Seat(1, 2, ("a", "b")), 4, (), sender)
    assert (worker.rank, worker.size, worker.threads) == (1, 2, 4)
    worker.advance()
    worker.advance()
    worker.report("round", round=1)
    assert sender.step == 2


def test_an_error_is_described_with_whose_it_was() -> None:
    told = _describe(DataError("bad column"), Alone())
    assert (told["type"], told["message"]) == ("DataError", "bad column")
    assert (told["is_user"], told["is_peer"]) == (True, False)
    assert not _describe(ValueError("x"), Alone())["is_user"]


def test_a_very_long_error_is_cut() -> None:
    told = _describe(ValueError("x" * 10_000_000), Alone())
    assert len(told["message"]) + len(told["traceback"]) < 100_000
