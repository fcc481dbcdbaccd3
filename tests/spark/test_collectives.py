from typing import get_args

import psutil
import pytest

from pipeline.errors import UserError
from pipeline.spark.collectives import (
    CollectiveName,
    Horovod,
    Rabit,
    Seat,
    address_towards,
    interface_of,
    make_collective,
)

# Every rank of an uneven layout: host, local rank and size, cross rank and size.
UNEVEN = {
    ("a", "a", "b"): [("a", 0, 2, 0, 2), ("a", 1, 2, 0, 1), ("b", 0, 1, 1, 2)],
    ("b", "a", "b", "b", "a"): [
        ("b", 0, 3, 0, 2),
        ("a", 0, 2, 1, 2),
        ("b", 1, 3, 0, 2),
        ("b", 2, 3, 0, 1),
        ("a", 1, 2, 1, 2),
    ],
    ("a",): [("a", 0, 1, 0, 1)],
    ("a", "b", "c"): [("a", 0, 1, 0, 3), ("b", 0, 1, 1, 3), ("c", 0, 1, 2, 3)],
}


class XGBoostError(ValueError):
    """As `xgboost.core.XGBoostError`, by name."""


class HorovodInternalError(RuntimeError):
    """As `horovod.common.exceptions.HorovodInternalError`, by name."""


@pytest.mark.parametrize("hosts", UNEVEN)
def test_a_seat_knows_its_place_on_uneven_hosts(hosts: tuple[str, ...]) -> None:
    seats = [Seat(rank, len(hosts), hosts) for rank in range(len(hosts))]
    assert [
        (seat.host, seat.local_rank, seat.local_size, seat.cross_rank, seat.cross_size)
        for seat in seats
    ] == UNEVEN[hosts]


@pytest.mark.parametrize("hosts", UNEVEN)
def test_no_two_ranks_share_a_place(hosts: tuple[str, ...]) -> None:
    seats = [Seat(rank, len(hosts), hosts) for rank in range(len(hosts))]
    assert len({(seat.host, seat.local_rank) for seat in seats}) == len(hosts)
    assert len({(seat.cross_rank, seat.local_rank) for seat in seats}) == len(hosts)


def test_this_machines_address_on_loopback_is_loopback() -> None:
    assert address_towards("127.0.0.1") == address_towards("localhost") == "127.0.0.1"


def test_an_interface_is_found_by_its_address() -> None:
    name = interface_of("127.0.0.1")
    assert any(entry.address == "127.0.0.1" for entry in psutil.net_if_addrs()[name])
    assert interface_of("192.0.2.1") == ""


def test_every_name_makes_a_collective_of_its_own() -> None:
    kinds = [type(make_collective(name)) for name in get_args(CollectiveName)]
    assert len(kinds) == len(set(kinds)) == 3


@pytest.mark.parametrize("name", ["rabit", "none"])
def test_one_worker_alone_needs_no_network(name: CollectiveName) -> None:
    collective = make_collective(name)
    invitation = collective.invite("192.0.2.1", 1)
    assert invitation == {}
    collective.join(Seat(0, 1, ("192.0.2.1",)), invitation, 1.0)
    collective.leave()


@pytest.mark.parametrize(
    "message", ["[12:00:00] rabit: Connection reset by peer", "Poll timeout:600 seconds"]
)
def test_xgboosts_network_errors_are_a_peers_failure(message: str) -> None:
    assert Rabit.is_peer_failure(XGBoostError(message))
    assert not Rabit.is_peer_failure(ValueError(message))


def test_xgboosts_other_errors_are_the_ranks_own() -> None:
    assert not Rabit.is_peer_failure(XGBoostError("Check failed: param.max_depth > 0"))


def test_horovods_internal_errors_are_a_peers_failure() -> None:
    assert Horovod.is_peer_failure(HorovodInternalError("allreduce failed"))
    assert Horovod.is_peer_failure(RuntimeError("Horovod has been shut down"))
    assert not Horovod.is_peer_failure(RuntimeError("shape mismatch"))


def test_what_gloo_says_of_a_lost_peer_reaches_us_through_mxnet() -> None:
    from mxnet.base import MXNetError

    lost = 'File "Read error [127.0.0.1]", line 59114\nMXNetError: Connection reset by peer'
    assert Horovod.is_peer_failure(MXNetError(lost))
    assert not Horovod.is_peer_failure(OSError(lost))  # a rank's own trouble with a database, say
    assert not Horovod.is_peer_failure(MXNetError("shapes do not match"))


def test_two_settings_that_horovod_does_not_survive_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # With both, Horovod 0.28.1 crashes the process when it starts there a second time.
    monkeypatch.setenv("HOROVOD_FUSION_THRESHOLD", "1048576")
    for _ in range(2):
        collective = make_collective("horovod")
        collective.join(Seat(0, 1, ("127.0.0.1",)), collective.invite("127.0.0.1", 1), 20)
        collective.leave()
    monkeypatch.setenv("HOROVOD_CYCLE_TIME", "2")
    with pytest.raises(UserError, match="HOROVOD_CYCLE_TIME: Horovod would crash"):
        make_collective("horovod").join(Seat(0, 1, ("127.0.0.1",)), {}, 20)
