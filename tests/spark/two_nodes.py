"""Two nodes of a pretended cluster: network namespaces with two interfaces each.

`eth0` has the default route and leads nowhere; `eth1` alone leads to the other node. Whoever
chooses by name, by order or by the default route takes `eth0`. The nodes' own name leads to their
loopback, and so does not help either.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

TOOLS = ("hostname", "ip", "nsenter", "sysctl", "unshare")
ADDRESSES = ("10.77.2.1", "10.77.2.2")  # on eth1
KERNEL_PORTS = (41000, 41499)
_OTHER_ADDRESSES = ("10.77.1.1", "10.77.1.2")  # on eth0


class Node:
    """A network and a name of its own, held by a process."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(["unshare", "--net", "--uts", "sleep", "600"])
        limit = time.monotonic() + 20
        while os.readlink(f"/proc/{self.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            if self._holder.poll() is not None or time.monotonic() > limit:
                self.end()
                raise OSError("unshare made no network namespace")
            time.sleep(0.01)

    @property
    def pid(self) -> int:
        return self._holder.pid

    def within(self, *command: str) -> list[str]:
        """The command line that runs a command on this node."""
        return ["nsenter", f"--target={self.pid}", "--net", "--uts", *command]

    def do(self, line: str) -> None:
        run = subprocess.run(
            self.within(*shlex.split(line)), capture_output=True, text=True, timeout=20, check=False
        )
        if run.returncode:
            raise OSError(f"{line}: {run.stderr.strip()}")

    def end(self) -> None:
        self._holder.kill()
        self._holder.wait()


def missing() -> str:
    """Why this machine has no such nodes; empty when it may have."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextmanager
def two_nodes() -> Iterator[tuple[Node, Node]]:
    """The nodes; `OSError` where the kernel refuses them."""
    with ExitStack() as stack:
        nodes = []
        first, last = KERNEL_PORTS
        for _ in range(2):
            nodes.append(Node())
            stack.callback(nodes[-1].end)
        for node, address in zip(nodes, _OTHER_ADDRESSES, strict=True):
            node.do("hostname localhost")
            node.do("ip link set lo up")
            node.do("ip link add eth0 type veth peer name nowhere")
            node.do(f"ip addr add {address}/24 dev eth0")
            node.do("ip link set nowhere up")
            node.do("ip link set eth0 up")
            node.do("ip route add default dev eth0")
            node.do(f"sysctl -w net.ipv4.ip_local_port_range='{first} {last}'")
        nodes[0].do(f"ip link add eth1 type veth peer name eth1 netns {nodes[1].pid}")
        for node, address in zip(nodes, ADDRESSES, strict=True):
            node.do(f"ip addr add {address}/24 dev eth1")
            node.do("ip link set eth1 up")
        yield nodes[0], nodes[1]
