import contextlib
import http.client
import socket
from typing import get_args

import psutil
import pytest
from xgboost.core import XGBoostError as XGBoostsOwnError

from pipeline.errors import UserError
from pipeline.spark.collectives import (
    Collective,
    CollectiveName,
    Horovod,
    Rabit,
    Seat,
    _require_routed_name,
    make_collective,
)
from pipeline.spark.network import PORTS, PortRange

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


def listeners() -> set[tuple[str, int]]:
    connections = psutil.Process().net_connections("tcp")
    return {tuple(each.laddr) for each in connections if each.status == "LISTEN"}


@pytest.fixture
def free_port() -> int:
    """Below the kernel's own, so that nobody is given it in between."""
    for port in range(22000, 23000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    pytest.fail("no port is free")


@pytest.mark.parametrize(("name", "key"), [("rabit", "dmlc_tracker_port"), ("horovod", "port")])
def test_gangs_meet_on_a_port_of_the_range_at_that_address_alone(
    name: CollectiveName, key: str, free_port: int
) -> None:
    before = listeners()
    collective = make_collective(name)
    invitation = collective.invite("127.0.0.1", 2, PortRange(free_port, free_port))
    assert invitation[key] == free_port
    assert listeners() - before == {("127.0.0.1", free_port)}
    abandon(collective)


@pytest.mark.parametrize("name", ["rabit", "horovod"])
def test_gangs_find_no_port_in_a_full_range(name: CollectiveName, free_port: int) -> None:
    full = PortRange(free_port, free_port)
    with (
        socket.create_server(("127.0.0.1", free_port)),
        pytest.raises(UserError, match=rf"none of the ports {full} \({PORTS}\) is free"),
    ):
        make_collective(name).invite("127.0.0.1", 2, full)


@pytest.mark.parametrize("name", ["rabit", "horovod"])
def test_an_address_of_another_machine_is_not_taken_for_a_full_range(name: CollectiveName) -> None:
    with pytest.raises(Exception, match="Cannot assign requested address"):
        make_collective(name).invite("192.0.2.77", 2, PortRange(22000, 22999))


def test_the_next_rendezvous_gets_the_port_of_the_last(free_port: int) -> None:
    for _ in range(2):
        collective = Horovod()
        collective.invite("127.0.0.1", 2, PortRange(free_port, free_port))
        asks = http.client.HTTPConnection("127.0.0.1", free_port, timeout=20)
        asks.request("GET", "/scope/key")
        assert asks.getresponse().status == 404
        asks.close()
        collective.dismiss()


def abandon(collective: Collective) -> None:
    """As after an exception, where the process ends."""
    if isinstance(collective, Horovod):
        collective.dismiss()
    elif isinstance(collective, Rabit):
        with contextlib.suppress(XGBoostsOwnError):  # it waits for workers, and none will come
            collective._tracker.free()


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


def test_horovod_as_published_needs_a_host_name_that_leads_to_the_routed_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("horovod.keeps_gloo_interface", raising=False)
    monkeypatch.setattr(socket, "gethostname", lambda: "localhost")
    _require_routed_name("127.0.0.1")
    with pytest.raises(UserError, match=r"^10\.0\.0\.7: Horovod 0\.28\.1 .* leads to 127\.0\.0\.1"):
        _require_routed_name("10.0.0.7")

    def unknown(name: str) -> str:
        raise socket.gaierror(socket.EAI_NONAME, name)

    monkeypatch.setattr(socket, "gethostbyname", unknown)
    with pytest.raises(UserError, match="leads to no address"):
        _require_routed_name("10.0.0.7")


def test_a_mended_horovod_goes_by_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("horovod.keeps_gloo_interface", True, raising=False)
    monkeypatch.setattr(socket, "gethostname", lambda: "localhost")
    _require_routed_name("10.0.0.7")
