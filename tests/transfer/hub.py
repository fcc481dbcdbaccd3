"""A server that speaks as much of the Hugging Face Hub's API as fetching a model needs."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_LARGE = (".safetensors", ".bin", ".msgpack")


@dataclass
class Hub:
    """Models by name, and what the server was asked for.

    Parameters
    ----------
    models : mapping of str to mapping of str to bytes
        Each with its files. A model of the name in `refused` is answered by its (status, code).
    broken : mapping of str to bytes
        What is sent in the place of a file.
    """

    models: Mapping[str, Mapping[str, bytes]]
    refused: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    broken: dict[str, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    address: str = ""


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    class Handler(_Handler):
        of = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    of: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0].lstrip("/")
        if found := re.fullmatch(r"api/models/(.+?)/tree/(\w+)", path):
            self._model(found[1], found[2], _tree)
        elif found := re.fullmatch(r"api/models/(.+?)(?:/revision/(\w+))?", path):
            self._model(found[1], found[2] or "main", _info)
        elif found := re.fullmatch(r"(.+?)/resolve/\w+/(.+)", path):
            self._file(found[1], found[2])
        else:
            self._send(404, b"")

    def _model(self, name: str, revision: str, made: Any) -> None:
        if name in self.of.refused:
            status, code = self.of.refused[name]
            self._send(status, b"{}", {"X-Error-Code": code})
        elif name not in self.of.models:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif revision not in ("main", "v1", COMMIT):
            self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        else:
            content = json.dumps(made(name, self.of.models[name])).encode()
            self._send(200, content, {"Content-Type": "application/json"})

    def _file(self, model: str, name: str) -> None:
        content = self.of.models[model][name]
        if self.command == "GET":
            self.of.fetched.append(name)
            content = self.of.broken.get(name, content)
        tag = {"ETag": f'"{_sha(content)}"', "X-Repo-Commit": COMMIT}
        self._send(200, content, tag)

    def _send(self, status: int, content: bytes, headers: Mapping[str, str] = {}) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_arguments: Any) -> None:
        """Nothing on stderr."""


def _info(name: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    siblings = [
        {"rfilename": each, "size": len(content), "blobId": "0" * 40, **_large(each, content)}
        for each, content in files.items()
    ]
    return {"id": name, "sha": COMMIT, "siblings": siblings, "tags": []}


def _large(name: str, content: bytes) -> dict[str, Any]:
    if not name.endswith(_LARGE):
        return {}
    return {"lfs": {"sha256": _sha(content), "size": len(content), "pointerSize": 134}}


def _tree(_name: str, files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    found = []
    for each, content in files.items():
        entry = {"type": "file", "path": each, "size": len(content), "oid": "0" * 40}
        for large in _large(each, content).values():
            entry["lfs"] = {**large, "oid": large["sha256"]}
        found.append(entry)
    return found


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
