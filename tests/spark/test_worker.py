import json
import os
from types import SimpleNamespace

import pytest

from pipeline.errors import DataError, UserError
from pipeline.spark.collectives import Alone, Rabit, Seat
from pipeline.spark.events import Sender
from pipeline.spark.network import PortRange, interface_of
from pipeline.spark.worker import (
    Worker,
    WorkerSpec,
    _describe,
    _gpu_addresses,
    _set_network,
    _set_threads,
    _work,
)


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


# --- network --------------------------------------------------------------------------------------

HOST = "127.0.0.1"
BEYOND_ANY_KERNELS = PortRange(1024, 1025)


def spec(**changes: object) -> WorkerSpec:
    usual = {"size": 2, "cores": 1, "gpus": 0, "collective": "rabit", "address": (HOST, 9)}
    return WorkerSpec(**{**usual, "secret": b"key", "stall_s": 1.0, **changes})


def test_workers_that_would_leave_the_range_do_not_start() -> None:
    with pytest.raises(UserError, match=r"127\.0\.0\.1: .*\.ports=1024-1025 does not hold those"):
        _set_network(spec(ports=BEYOND_ANY_KERNELS), HOST)


def test_workers_that_listen_to_nobody_have_no_range_to_keep() -> None:
    _set_network(spec(ports=BEYOND_ANY_KERNELS, collective="none"), HOST)
    _set_network(spec(ports=BEYOND_ANY_KERNELS, size=1), HOST)


def test_nccl_is_told_the_interface_that_routes_unless_somebody_told_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NCCL_SOCKET_IFNAME", "")  # put back, whatever it was
    monkeypatch.delenv("NCCL_SOCKET_IFNAME")
    _set_network(spec(), HOST)
    assert "NCCL_SOCKET_IFNAME" not in os.environ
    _set_network(spec(gpus=1), HOST)
    assert os.environ["NCCL_SOCKET_IFNAME"] == f"={interface_of(HOST)}"
    monkeypatch.setenv("NCCL_SOCKET_IFNAME", "ens6")
    _set_network(spec(gpus=1), HOST)
    assert os.environ["NCCL_SOCKET_IFNAME"] == "ens6"


def test_a_gang_of_which_one_host_is_known_by_its_loopback_does_not_meet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pipeline.spark.worker._set_threads", lambda _cores: None)
    heard = [json.dumps([host, {}]) for host in ("10.0.0.1", HOST)]
    barrier = SimpleNamespace(partitionId=lambda: 1, allGather=lambda _message: heard)
    sender = Sender((HOST, 9), b"key", 1)
    with pytest.raises(UserError, match=r"rank 1 has the address 127\.0\.0\.1"):
        _work(spec(), lambda _worker: None, barrier, Rabit(), sender)
