"""EC2's metadata of an instance (IMDSv2), at its own address in the network of a node."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.bootstrap import archives

if TYPE_CHECKING:
    from tests.bootstrap.node import Node

# As EC2 does where only version 2 is allowed: no answer without a token that was asked for by PUT.
_SERVER = r"""
import fcntl, http.server, os, socket, struct, sys

ADDRESS, INSTANCE, FAILURES = "169.254.169.254", sys.argv[1], [int(sys.argv[2])]
SIOCSIFADDR, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x8914, 1
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    address = struct.pack("16sH2s4s8x", b"lo", socket.AF_INET, b"", socket.inet_aton(ADDRESS))
    fcntl.ioctl(control, SIOCSIFADDR, address)
    fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


class Metadata(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        asked = int(self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", 0))
        if FAILURES[0]:
            FAILURES[0] -= 1
            self.answer(503, "")
        elif self.path == "/latest/api/token" and 1 <= asked <= 21600:
            self.answer(200, "the-token")
        else:
            self.answer(400, "")

    def do_GET(self):
        if self.headers.get("X-aws-ec2-metadata-token") != "the-token":
            self.answer(401, "")
        elif self.path == "/latest/meta-data/instance-id":
            self.answer(200, INSTANCE)
        else:
            self.answer(404, "")

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, form, *values):
        with open("/calls/metadata", "a") as calls:
            calls.write(self.command + " " + self.path + "\n")


with http.server.ThreadingHTTPServer((ADDRESS, 80), Metadata) as server:
    print("up", flush=True)
    server.serve_forever()
"""


@contextlib.contextmanager
def served(node: Node, instance: str, failures: int = 0) -> Iterator[None]:
    """Answer what the node asks of its instance, after so many failures, until the block ends."""
    script = ["-I", "-B", "-c", _SERVER, instance, str(failures)]
    process = subprocess.Popen(
        node.entering(archives.PYTHON, *script), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield
    finally:
        process.kill()
        process.communicate()
