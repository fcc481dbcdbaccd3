"""What a NameNode may answer; that files arrive on a real HDFS is tested with the store."""

from __future__ import annotations

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipeline import files
from pipeline.errors import AccessError, StoreError
from pipeline.files.hdfs import client
from pipeline.files.hdfs.client import WebHdfs
from pipeline.files.hdfs.filesystem import _Handler


class NameNode:
    """Gives the answers it was told to give, in their order; the last one again and again."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self.asked: list[str] = []
        outer, left = self, list(answers)

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.asked.append(f"{self.command} {self.path}")
                status, body = left.pop(0) if len(left) > 1 else left[0]
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_args: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def told(name: str, message: str = "why") -> object:
    return {"RemoteException": {"exception": name, "message": f"{message}\nat java.lang"}}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_PAUSE_S", 0.001)


def test_of_two_namenodes_the_active_one_is_asked_from_then_on() -> None:
    standby = NameNode((403, told("StandbyException")))
    active = NameNode((200, {"boolean": True}))
    hdfs = WebHdfs((standby.url, active.url))
    assert hdfs.ask("PUT", "MKDIRS", "/a b") == {"boolean": True}
    assert hdfs.ask("PUT", "MKDIRS", "/c") == {"boolean": True}
    assert len(standby.asked) == 1
    assert active.asked[0].startswith("PUT /webhdfs/v1/a%20b?op=MKDIRS&user.name=")


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (404, told("FileNotFoundException"), FileNotFoundError),
        (403, told("AccessControlException"), PermissionError),
        (403, told("FileAlreadyExistsException"), FileExistsError),
        (401, {}, PermissionError),
    ],
)
def test_what_hadoop_says_is_an_error_of_pythons(
    status: int, answer: object, kind: type[OSError]
) -> None:
    with pytest.raises(kind):
        WebHdfs((NameNode((status, answer)).url,)).ask("GET", "GETFILESTATUS", "/x")


def test_other_errors_keep_the_first_line_of_hadoops_message() -> None:
    node = NameNode((500, told("IOException", "no DataNode")))
    with pytest.raises(OSError, match=r"^IOException: no DataNode$"):
        WebHdfs((node.url,)).read("/x")
    with pytest.raises(OSError, match="HTTP 502"):
        WebHdfs((NameNode((502, {})).url,)).read("/x")


def test_who_starts_up_is_asked_again() -> None:
    node = NameNode((403, told("SafeModeException")), (200, {"boolean": True}))
    assert WebHdfs((node.url,)).ask("PUT", "MKDIRS", "/x") == {"boolean": True}


def test_a_rename_whose_answer_was_lost_is_taken_for_done() -> None:
    """The first question was answered into nothing; the second finds no source any more."""
    mine, other = {"FileStatus": {"fileId": 7}}, {"FileStatus": {"fileId": 8}}
    gone = (404, told("FileNotFoundException"))
    for found, is_done in ((mine, True), (other, False)):
        node = NameNode((200, mine), (403, told("RetriableException")), gone, (200, found))
        handler = _Handler(WebHdfs((node.url,)))
        if is_done:
            handler.rename("/part", "/whole", "NONE")
            continue
        with pytest.raises(FileNotFoundError):
            handler.rename("/part", "/whole", "NONE")


def test_what_a_datanode_answers_in_passing_is_asked_again() -> None:
    node = NameNode((403, told("RetriableException")), (200, "content"))
    assert WebHdfs((node.url,)).read("/x") == b'"content"'


def test_a_namenode_that_is_not_there_is_named_and_ends_in_an_error() -> None:
    with pytest.raises(OSError, match=r"http://127.0.0.1:1/webhdfs/v1/x does not answer, 11 times"):
        WebHdfs(("http://127.0.0.1:1",)).write("/x", io.BytesIO(b""))


def test_an_error_of_the_store_names_the_uri(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.files.hdfs.filesystem.read_configuration", dict)
    node = NameNode((403, told("AccessControlException")))
    monkeypatch.setattr("pipeline.files.hdfs.filesystem.addresses", lambda *_: (node.url,))
    with pytest.raises(AccessError, match="hdfs://denied/x: cannot be looked at: permission"):
        files.exists("hdfs://denied/x")
    monkeypatch.setattr(
        "pipeline.files.hdfs.filesystem.addresses", lambda *_: ("http://127.0.0.1:1",)
    )
    with pytest.raises(StoreError, match=r"hdfs://gone/x: cannot be written: .* does not answer"):
        files.create_bytes("hdfs://gone/x", b"")
