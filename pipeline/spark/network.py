"""Where a gang listens: on the interface that routes to the driver, on ports of a stated range.

The setting `spark.emr.ensembles.ports` ("first-last") states the range, so that a security group
need allow no more. The event listener, rabit's tracker and Horovod's rendezvous take their ports
from it. The sockets between workers (rabit, Gloo, NCCL) get theirs from the kernel, and no library
has a setting for them: the kernel's own range must lie within the stated one.
"""

from __future__ import annotations

import errno
import random
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil

from pipeline.errors import UserError

if TYPE_CHECKING:
    from pyspark import SparkConf

Listener = TypeVar("Listener")

PORTS = "spark.emr.ensembles.ports"
_LOWEST, _HIGHEST = 1024, 65535  # below are those of root
_KERNEL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TAKEN = (errno.EADDRINUSE, errno.EACCES)


@dataclass(frozen=True)
class PortRange:
    """The ports from the first to the last, both included.

    Parameters
    ----------
    first, last : int
        The ends.
    """

    first: int
    last: int

    def __contains__(self, other: PortRange) -> bool:
        return self.first <= other.first and other.last <= self.last

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    def shuffled(self) -> list[int]:
        """The ports in random order: applications of one host seldom try the same one."""
        ports = range(self.first, self.last + 1)
        return random.sample(ports, len(ports))


def ports_of(conf: SparkConf) -> PortRange | None:
    """The stated range; None where the setting is left out: any free port.

    Raises
    ------
    UserError
        When it is no range of ports.
    """
    text = (conf.get(PORTS, "") or "").strip()
    if not text:
        return None
    match = re.fullmatch(r"([0-9]{1,5})\s*-\s*([0-9]{1,5})", text)
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not _LOWEST <= first <= last <= _HIGHEST:
        raise UserError(
            f"{PORTS}={text!r} is no range of ports: give the first and the last one, between "
            f"{_LOWEST} and {_HIGHEST}, as in 32768-60999; or leave it out for any free port"
        )
    return PortRange(first, last)


def listening(
    start: Callable[[int], Listener], ports: PortRange | None, address: str, what: str
) -> Listener:
    """What `start` gives for a port that is free.

    Parameters
    ----------
    start : callable
        Takes a port (0: the kernel chooses); raises `OSError` when it is taken.
    ports : PortRange or None
        The ports to try; None: any.
    address : str
        Where it listens, for the message.
    what : str
        What listens, for the message.

    Raises
    ------
    UserError
        When every port of the range is taken.
    """
    if ports is None:
        return start(0)
    for port in ports.shuffled():
        try:
            return start(port)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
    raise UserError(
        f"{address}: none of the ports {ports} ({PORTS}) is free for {what}. Give a wider range, "
        "or end what holds them (ss -ltnp says what does)"
    )


def require_kernel_ports(ports: PortRange | None, address: str) -> None:
    """Refuse a host whose kernel hands out ports beyond the stated range.

    Parameters
    ----------
    ports : PortRange or None
        The stated range; None: nothing is asked.
    address : str
        This host's, for the message.

    Raises
    ------
    UserError
        Names the host, both ranges, and the two ways out.
    """
    if ports is None:
        return
    own = _kernel_ports()
    if own not in ports:
        raise UserError(
            f"{address}: the sockets between workers get their ports from the kernel, which hands "
            f"out {own} on this host (net.ipv4.ip_local_port_range), and {PORTS}={ports} does not "
            f"hold those. Either set {PORTS} to a range that does, or have the cluster's bootstrap "
            f'action run: sysctl -w net.ipv4.ip_local_port_range="{ports.first} {ports.last}"'
        )


def _kernel_ports() -> PortRange:
    first, last = _KERNEL_PORTS.read_text().split()
    return PortRange(int(first), int(last))


def address_towards(host: str) -> str:
    """This machine's address on the interface that routes to `host`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))  # a datagram socket sends nothing when it connects
        return str(probe.getsockname()[0])


def interface_of(address: str) -> str:
    """Name of the network interface that has `address`.

    Raises
    ------
    UserError
        When none has it; Gloo would then look up the host's name, which may lead elsewhere.
    """
    for name, entries in psutil.net_if_addrs().items():
        if any(entry.address == address for entry in entries):
            return str(name)
    raise UserError(
        f"no network interface of this host has {address}, its address towards the driver. Set "
        "spark.driver.host to an address that executors reach over an interface of their own"
    )


def require_reachable(hosts: tuple[str, ...]) -> None:
    """Refuse a gang on several hosts of which one is known to the others by a loopback address.

    Parameters
    ----------
    hosts : tuple of str
        Address of every rank, in the order of ranks.

    Raises
    ------
    UserError
        Names the rank.
    """
    if len(set(hosts)) == 1:
        return
    for rank, host in enumerate(hosts):
        if host.startswith("127."):
            raise UserError(
                f"rank {rank} has the address {host} towards the driver, where the other hosts of "
                "the gang do not reach it: its host takes the driver's name for itself in "
                "/etc/hosts. Set spark.driver.host to the driver's address on the network"
            )
