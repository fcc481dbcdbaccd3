"""Answers that a ResourceManager gives; a real one is asked in tests/cli/rehearsal."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pipeline.emr import yarn
from pipeline.emr.executors import Node
from pipeline.errors import EnsemblesError

NODE = {
    "usedMemoryMB": 1_000,
    "availMemoryMB": 3_096,
    "usedVirtualCores": 1,
    "availableVirtualCores": 3,
    "totalResource": {
        "resourceInformations": {"resourceInformation": [{"name": "yarn.io/gpu", "value": 2}]}
    },
}
APPLICATION = {
    "id": "application_1_2",
    "name": "flights boost",
    "state": "FINISHED",
    "finalStatus": "FAILED",
    "diagnostics": "why",
    "applicationTags": "emr-ensembles,run-1,boost",
    "startedTime": 2,
}
OLDER = {**APPLICATION, "id": "application_1_1", "startedTime": 1, "applicationTags": None}
ANSWERS: dict[str, Any] = {
    "/ws/v1/cluster/nodes?states=RUNNING": {"nodes": {"node": [NODE]}},
    "/ws/v1/cluster/apps?applicationTags=run-1": {"apps": {"app": [APPLICATION, OLDER]}},
    "/ws/v1/cluster/apps?applicationTags=none": {"apps": None},
    "/conf?name=yarn.scheduler.minimum-allocation-mb": {"property": {"value": "32"}},
    "/ws/v1/cluster/apps/application_1_2/state": {"state": "KILLED"},
}


class Manager(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps(ANSWERS[self.path]).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = _answer  # noqa: N815

    def log_message(self, *_args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def webapp() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Manager)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_node_is_what_it_can_give_in_all(webapp: str) -> None:
    assert yarn.nodes(webapp) == [Node(4_096, 4, 2)]
    assert yarn.increment_mb(webapp) == 32


def test_applications_of_a_run_come_in_their_order(webapp: str) -> None:
    found = yarn.applications(webapp, "RUN-1")
    assert [each.id for each in found] == ["application_1_1", "application_1_2"]
    assert found[1].tags == {"emr-ensembles", "run-1", "boost"}
    assert found[1].final_status == "FAILED"
    assert yarn.applications(webapp, "none") == []
    yarn.kill(webapp, "application_1_2")


def test_a_manager_that_is_gone_is_named() -> None:
    with pytest.raises(EnsemblesError, match=r"127.0.0.1:1/.* the ResourceManager does not answer"):
        yarn.nodes("http://127.0.0.1:1")
