"""A proxy in front of moto that loses answers, as networks do: moto has done what was asked.

It also answers what moto cannot: such answers are checked against botocore's shapes, as its Stubber
checks them, and travel over HTTP like all others.
"""

from __future__ import annotations

import datetime
import http.client
import json
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import botocore.session
from botocore.exceptions import ParamValidationError
from botocore.validate import validate_parameters

Answer: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes an answer, of a request's arguments or of moto's answer."""

_JSON = {"Content-Type": "application/x-amz-json-1.1"}


class Loss(Enum):
    """What becomes of a request."""

    DROPPED = "moto does it, and the connection is closed without an answer"
    FAILED = "moto does it, and the answer says 500"
    THROTTLED = "moto never hears of it, and the answer says that it is throttled"
    UNHEARD = "moto never hears of it, and the connection is closed"
    LATE = "moto does it, and the answer is held back until the client has given up"
    GARBLED = "moto does it, and the answer is not what it should be"
    EXPIRED = "moto never hears of it, and the answer says that the credentials have expired"
    DENIED = "moto never hears of it, and the answer says that it is not allowed"


_REFUSALS = {
    Loss.THROTTLED: ("ThrottlingException", "Rate exceeded"),
    Loss.EXPIRED: ("ExpiredTokenException", "The security token included is expired"),
    Loss.DENIED: ("AccessDeniedException", "not authorized"),
}
_MOST_STEP_IDS = 10
_PATIENCE_S = 60  # longer than any client's


class Lossy:
    """The proxy; `asked` counts by operation what it was asked, `done` what moto has heard of.

    Operations are named as in policies: `RunJobFlow`, `DescribeSubnets`. Of S3's only `GetObject`
    has a name.
    """

    def __init__(self, behind: str) -> None:
        self.asked: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self._behind = urlsplit(behind)
        self._losses: dict[str, list[Loss]] = defaultdict(list)
        self._own: dict[str, Answer] = {}
        self._changes: dict[str, Answer] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """For `AWS_ENDPOINT_URL`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def lose(self, operation: str, *losses: Loss) -> None:
        """Lose the next requests of an operation, the first one in the first way and so on."""
        with self._lock:
            self._losses[operation] += losses

    def answer(self, operation: str, answer: Answer) -> None:
        """Answer an operation of EMR from its arguments, in moto's place."""
        self._own[operation] = answer

    def change(self, operation: str, change: Answer) -> None:
        """Answer an operation of EMR with what is made of moto's answer."""
        self._changes[operation] = change

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _next(self, operation: str) -> Loss | None:
        with self._lock:
            self.asked[operation] += 1
            left = self._losses[operation]
            loss = left.pop(0) if left else None
            if loss is not Loss.UNHEARD and loss not in _REFUSALS:
                self.done[operation] += 1
            return loss

    def _answered(
        self, operation: str, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes, dict[str, str]]:
        if operation in self._own:
            return _checked(operation, self._own[operation](json.loads(body)))
        if operation == "ListSteps" and len(json.loads(body).get("StepIds", [])) > _MOST_STEP_IDS:
            said = f"StepIds: at most {_MOST_STEP_IDS}"  # as EMR's reference says; moto takes any
            return 400, _error("ValidationException", said), _JSON
        connection = http.client.HTTPConnection(
            str(self._behind.hostname), self._behind.port, timeout=30
        )
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if operation in self._changes and answer.status == 200:
            return _checked(operation, self._changes[operation](json.loads(content)))
        return answer.status, content, dict(answer.getheaders())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                body = _body(self)
                operation = _operation(self.headers.get("X-Amz-Target"), body)
                if self.command == "GET" and re.fullmatch(r"/[^/?]+/[^?]+", self.path):
                    operation = "GetObject"
                loss = proxy._next(operation)
                if loss in _REFUSALS:
                    self._answer(400, _error(*_REFUSALS[loss]))
                    return
                if loss is Loss.UNHEARD:
                    self.close_connection = True
                    return
                answer = proxy._answered(
                    operation, self.command, self.path, dict(self.headers.items()), body
                )
                if loss is Loss.LATE:
                    self.connection.settimeout(_PATIENCE_S)
                    self.connection.recv(1)  # nothing comes until the client closes
                if loss in (Loss.DROPPED, Loss.LATE):
                    self.close_connection = True
                elif loss is Loss.GARBLED:
                    self._answer(200, b"<html>a captive portal</html>")
                elif loss is Loss.FAILED:
                    self._answer(500, _error("InternalServerError", "an injected fault"))
                else:
                    self._answer(*answer)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815

            def _answer(
                self, status: int, content: bytes, headers: dict[str, str] | None = None
            ) -> None:
                self.send_response_only(status)
                given = headers or _JSON
                for name, value in given.items():
                    if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                        self.send_header(name, value)
                # Of HEAD the length is that of what is not sent.
                length = given.get("Content-Length") if self.command == "HEAD" else None
                self.send_header("Content-Length", length or str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def lossy(behind: str) -> Iterator[Lossy]:
    """A proxy in front of a server, for as long as it is needed."""
    proxy = Lossy(behind)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def _body(request: BaseHTTPRequestHandler) -> bytes:
    if request.headers.get("Expect", "").lower() == "100-continue":
        # BaseHTTPRequestHandler has told the client to go on.
        del request.headers["Expect"]
    if request.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return request.rfile.read(int(request.headers.get("Content-Length") or 0))
    del request.headers["Transfer-Encoding"]
    found = b""
    while size := int(request.rfile.readline().partition(b";")[0], 16):
        found += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return found


def _operation(target: str | None, body: bytes) -> str:
    """The JSON protocols name it in a header, EC2's in the body."""
    if target is not None:
        return target.rpartition(".")[2]
    if b"Action=" not in body[:4096]:
        return ""
    return parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]


def _error(code: str, message: str) -> bytes:
    return json.dumps({"__type": code, "Message": message}).encode()


@cache
def _shape(operation: str) -> Any:
    model = botocore.session.get_session().get_service_model("emr")
    return model.operation_model(operation).output_shape


def _checked(operation: str, answer: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
    """An answer that a test makes; one that EMR could not give is refused."""
    try:
        validate_parameters(_with_times(answer), _shape(operation))
    except ParamValidationError as error:
        return 400, _error("NotAnAnswer", str(error)), _JSON
    return 200, json.dumps(answer, default=_seconds).encode(), _JSON


def _with_times(value: Any, key: str = "") -> Any:
    """moto's own answers have times as they travel."""
    if isinstance(value, dict):
        # moto's lack of Kerberos is not as EMR has it.
        own = {name: each for name, each in value.items() if name != "KerberosAttributes"}
        return {name: _with_times(each, name) for name, each in own.items()}
    if isinstance(value, list):
        return [_with_times(each) for each in value]
    if key.endswith("DateTime") and isinstance(value, int | float):
        return datetime.datetime.fromtimestamp(value, datetime.UTC)
    return value


def _seconds(value: Any) -> float:
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    raise TypeError(f"{value!r} does not travel as JSON")
