"""The event channel: what workers tell the driver while they train.

Rows leave a Spark task only at its end, so progress, heartbeats and the first real traceback travel
over a socket of their own. Each message is a line: an HMAC-SHA256 of the payload, then the payload
as JSON; the key is drawn per attempt. A worker that cannot reach the driver trains on regardless.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import queue
import secrets
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pipeline.spark.network import PortRange, listening

logger = logging.getLogger(__name__)

HEARTBEAT_S = 2.0
_SHUTDOWN_POLL_S = 0.05
_CONNECT_S = 10.0
_LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class Event:
    """Something that a worker said.

    Parameters
    ----------
    rank : int
        Who said it.
    kind : str
        `started`, `heartbeat`, `error`, `finished`, or a trainer's own (`round`, `epoch`).
    data : dict
        What belongs to the kind.
    at : float
        When the driver heard it, in seconds of the monotonic clock.
    """

    rank: int
    kind: str
    data: dict[str, Any]
    at: float = field(default_factory=time.monotonic)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True  # a range is not used up by connections that ended a minute ago
    daemon_threads = True
    request_queue_size = 128  # a gang's workers come all at once


def _bound(bind: str, handler: type[socketserver.BaseRequestHandler], port: int) -> _Server:
    return _Server((bind, port), handler)


class Channel:
    """The driver's end: listens on the driver's own address; a context manager.

    Parameters
    ----------
    bind : str
        Address to listen on.
    advertise : str
        Address under which workers reach it.
    ports : PortRange, optional
        The ports of which it takes one; any by default.

    Raises
    ------
    UserError
        When none of them is free.
    """

    def __init__(self, bind: str, advertise: str, ports: PortRange | None = None) -> None:
        self.secret = secrets.token_bytes(32)
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        channel = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while line := self.rfile.readline(_LONGEST_LINE):
                    event = _read(line, channel.secret)
                    if event is None:
                        return  # not one of ours: hang up
                    channel._events.put(event)

        start = partial(_bound, bind, Handler)
        self._server = listening(start, ports, bind, "the driver's event listener")
        self.address = (advertise, int(self._server.server_address[1]))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_SHUTDOWN_POLL_S,), daemon=True
        )

    def __enter__(self) -> Channel:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def get(self, timeout: float) -> Event | None:
        """The next event, or None when none comes within `timeout` seconds or before a `wake`."""
        try:
            return self._events.get(timeout=timeout)
        except queue.Empty:
            return None

    def rest(self) -> Iterator[Event]:
        """The events that have arrived."""
        while not self._events.empty():
            event = self._events.get()
            if event is not None:
                yield event

    def wake(self) -> None:
        """Let whoever waits for an event look up."""
        self._events.put(None)


class Sender:
    """A worker's end: never raises, never blocks training for long; a context manager.

    Parameters
    ----------
    address : (str, int)
        The channel's address.
    secret : bytes
        The channel's key.
    rank : int
        This worker.
    """

    def __init__(self, address: tuple[str, int], secret: bytes, rank: int) -> None:
        self.rank = rank
        self.step = 0
        self._address = address
        self._secret = secret
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._done = threading.Event()
        self._pulse = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Sender:
        with self._lock:
            self._connect()
        self._pulse.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._done.set()
        if self._socket is not None:
            self._socket.close()

    def advance(self) -> None:
        """Note that this worker got a step further; the next heartbeat says so."""
        self.step += 1

    def send(self, kind: str, **data: Any) -> None:
        """Tell the driver; a lost channel is no error."""
        line = _written(Event(self.rank, kind, {**data, "step": self.step}), self._secret)
        with self._lock:
            if self._socket is None:
                self._connect()  # the driver may be reachable again
            if self._socket is None:
                return
            try:
                self._socket.sendall(line)
            except OSError as error:
                logger.warning("rank %d lost its channel to the driver: %s", self.rank, error)
                self._socket.close()
                self._socket = None

    def _connect(self) -> None:
        try:
            self._socket = socket.create_connection(self._address, timeout=_CONNECT_S)
        except OSError as error:
            logger.warning("rank %d has no channel to the driver: %s", self.rank, error)

    def _beat(self) -> None:
        while not self._done.wait(HEARTBEAT_S):
            self.send("heartbeat")


def _written(event: Event, secret: bytes) -> bytes:
    payload = json.dumps({"rank": event.rank, "kind": event.kind, "data": event.data}).encode()
    return hmac.digest(secret, payload, hashlib.sha256).hex().encode() + b" " + payload + b"\n"


def _read(line: bytes, secret: bytes) -> Event | None:
    signature, _, payload = line.rstrip(b"\n").partition(b" ")
    expected = hmac.digest(secret, payload, hashlib.sha256).hex().encode()
    if not hmac.compare_digest(signature, expected):
        return None
    content = json.loads(payload)
    return Event(content["rank"], content["kind"], content["data"])
