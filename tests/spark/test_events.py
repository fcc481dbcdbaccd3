import json
import logging
import socket
import time
from collections.abc import Iterator

import pytest

from pipeline.errors import UserError
from pipeline.spark import events
from pipeline.spark.events import Channel, Event, Sender
from pipeline.spark.network import PORTS, PortRange

HOST = "127.0.0.1"


@pytest.fixture
def channel() -> Iterator[Channel]:
    with Channel(HOST, HOST) as opened:
        yield opened


def hears(channel: Channel) -> Event:
    event = channel.get(timeout=20)
    assert event is not None
    return event


def is_hung_up(connection: socket.socket) -> bool:
    connection.settimeout(20)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_events_arrive_in_order_with_what_they_carry(channel: Channel) -> None:
    began = time.monotonic()
    with Sender(channel.address, channel.secret, 3) as sender:
        sender.send("started", host="größe", gpus=["0"])
        sender.advance()
        sender.send("round", metrics={"auc": 0.5})
        first, second = hears(channel), hears(channel)
    assert (first.rank, first.kind) == (3, "started")
    assert first.data == {"host": "größe", "gpus": ["0"], "step": 0}
    assert (second.kind, second.data) == ("round", {"metrics": {"auc": 0.5}, "step": 1})
    assert began <= first.at <= second.at <= time.monotonic()
    assert channel.get(timeout=0) is None


def test_several_workers_speak_at_once(channel: Channel) -> None:
    senders = [Sender(channel.address, channel.secret, rank) for rank in range(8)]
    for sender in senders:
        sender.__enter__()
    for sender in senders:
        sender.send("started")
    assert {hears(channel).rank for _ in senders} == set(range(8))
    for sender in senders:
        sender.__exit__(None, None, None)


def test_a_message_with_a_wrong_key_is_dropped_and_the_line_cut(channel: Channel) -> None:
    line = events._written(Event(0, "error", {}), b"another key")
    with socket.create_connection(channel.address) as stranger:
        stranger.sendall(line + events._written(Event(0, "error", {}), channel.secret))
        assert is_hung_up(stranger)
    assert channel.get(timeout=0.2) is None
    with Sender(channel.address, channel.secret, 1) as sender:
        sender.send("started")
        assert hears(channel).rank == 1


def test_a_changed_message_is_dropped(channel: Channel) -> None:
    line = events._written(Event(0, "finished", {}), channel.secret)
    with socket.create_connection(channel.address) as stranger:
        stranger.sendall(line.replace(b'"rank": 0', b'"rank": 1'))
        assert is_hung_up(stranger)
    assert channel.get(timeout=0.2) is None


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\n",
        b"\x00\xff\xfe\n",
        json.dumps({"rank": 0, "kind": "error", "data": {}}).encode() + b"\n",
        b"x" * (1 << 20),
    ],
)
def test_noise_is_dropped_and_the_line_cut(channel: Channel, noise: bytes) -> None:
    with socket.create_connection(channel.address) as stranger:
        stranger.sendall(noise)
        assert is_hung_up(stranger)
    assert channel.get(timeout=0.1) is None


def test_every_channel_has_a_key_of_its_own() -> None:
    with Channel(HOST, HOST) as one, Channel(HOST, HOST) as two:
        assert one.secret != two.secret
        assert one.address != two.address


def test_heartbeats_tell_how_far_a_worker_is(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    with Sender(channel.address, channel.secret, 0) as sender:
        assert hears(channel) == Event(0, "heartbeat", {"step": 0}, at=pytest.approx(0, abs=1e12))
        sender.advance()
        sender.advance()
        limit = time.monotonic() + 20
        while hears(channel).data["step"] != 2:
            assert time.monotonic() < limit


def test_heartbeats_end_with_the_worker(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    with Sender(channel.address, channel.secret, 0) as sender:
        hears(channel)
    sender._pulse.join(timeout=20)
    assert not sender._pulse.is_alive()


def test_a_worker_that_reaches_no_driver_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))  # and nobody listens
        with (
            caplog.at_level(logging.WARNING),
            Sender(taken.getsockname(), b"key", 2) as sender,
        ):
            sender.send("started")
            sender.advance()
            sender.send("finished")
    assert "rank 2 has no channel to the driver" in caplog.text


def test_a_worker_that_loses_its_driver_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with (
        socket.create_server((HOST, 0)) as server,
        Sender(server.getsockname()[:2], b"key", 2) as sender,
    ):
        connection, _ = server.accept()
        connection.close()
        limit = time.monotonic() + 20
        while sender._socket is not None:
            sender.send("round", metrics={})
            assert time.monotonic() < limit
        sender.send("finished")
    assert "rank 2 lost its channel to the driver" in caplog.text


# --- ports ----------------------------------------------------------------------------------------


@pytest.fixture
def one_port() -> PortRange:
    """A range of one port that is free, below those that the kernel gives out."""
    for port in range(21000, 22000):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return PortRange(port, port)
    pytest.fail("no port is free")


def test_the_driver_listens_on_a_port_of_the_range_and_on_its_address(one_port: PortRange) -> None:
    with Channel(HOST, "driver.example", one_port) as channel:
        assert channel.address == ("driver.example", one_port.first)
        assert channel._server.server_address == (HOST, one_port.first)


def test_the_next_attempt_gets_the_port_of_the_last(one_port: PortRange) -> None:
    for rank in range(2):
        with (
            Channel(HOST, HOST, one_port) as channel,
            Sender(channel.address, channel.secret, rank) as sender,
        ):
            sender.send("started")
            assert hears(channel).rank == rank


def test_a_driver_without_a_free_port_names_the_setting(one_port: PortRange) -> None:
    with (
        Channel(HOST, HOST, one_port),
        pytest.raises(
            UserError, match=rf"none of the ports {one_port} \({PORTS}\) is free for the"
        ),
    ):
        Channel(HOST, HOST, one_port)
