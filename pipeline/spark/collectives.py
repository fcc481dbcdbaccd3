"""Collectives: how the workers of a gang talk to each other while they train.

Inside a barrier task rank 0 starts the rendezvous before the gang's one exchange of addresses,
every rank then joins, and leaves cleanly on success. After an exception nobody waits for peers: the
Python worker process ends with its task, its sockets close, and the others notice.
"""

from __future__ import annotations

import errno
import os
import socket
import socketserver
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias

from pipeline.errors import UserError
from pipeline.spark.network import PortRange, interface_of, listening

CollectiveName: TypeAlias = Literal["rabit", "horovod", "none"]


@dataclass(frozen=True)
class Seat:
    """A worker's place in the gang.

    Parameters
    ----------
    rank, size : int
        This worker, and how many there are.
    hosts : tuple of str
        Address of every rank, in the order of ranks.
    """

    rank: int
    size: int
    hosts: tuple[str, ...]

    @property
    def host(self) -> str:
        """This worker's own address."""
        return self.hosts[self.rank]

    @property
    def local_rank(self) -> int:
        """Position among the workers of this host."""
        return self.hosts[: self.rank].count(self.host)

    @property
    def local_size(self) -> int:
        """Workers of this host."""
        return self.hosts.count(self.host)

    @property
    def cross_rank(self) -> int:
        """Position of this host among the hosts that have a worker of this local rank."""
        return self._peers().index(self.host)

    @property
    def cross_size(self) -> int:
        """Hosts that have a worker of this local rank."""
        return len(self._peers())

    def _peers(self) -> list[str]:
        ordered = list(dict.fromkeys(self.hosts))
        return [host for host in ordered if self.hosts.count(host) > self.local_rank]


class Collective(ABC):
    """A way to reduce values over the workers of a gang."""

    @abstractmethod
    def invite(self, address: str, size: int, ports: PortRange | None = None) -> dict[str, Any]:
        """On rank 0, before anyone joins: start the rendezvous; what the others must know."""

    @abstractmethod
    def join(self, seat: Seat, invitation: dict[str, Any], patience_s: float) -> None:
        """Join the others; operations that hear nothing for `patience_s` seconds raise."""

    @abstractmethod
    def leave(self) -> None:
        """End cleanly: everyone has finished."""

    @staticmethod
    @abstractmethod
    def is_peer_failure(error: BaseException) -> bool:
        """Whether an exception only says that another worker is gone."""


class Rabit(Collective):
    """XGBoost's collective; ranks follow the task, so results do not depend on who came first."""

    def __init__(self) -> None:
        self._tracker: Any = None
        self._is_joined = False

    def invite(self, address: str, size: int, ports: PortRange | None = None) -> dict[str, Any]:
        """Start the tracker; workers take the address from which they reach it for their own."""
        if size == 1:
            return {}
        start = partial(_bound_tracker, address, size)
        self._tracker = listening(start, ports, address, "XGBoost's tracker")
        self._tracker.start()
        return dict(self._tracker.worker_args())

    def join(self, seat: Seat, invitation: dict[str, Any], patience_s: float) -> None:
        """Connect to the tracker and the other workers."""
        if seat.size == 1:
            return
        from xgboost import collective

        collective.init(
            **invitation,
            dmlc_communicator="rabit",
            dmlc_task_id=f"{seat.rank:06d}",
            dmlc_timeout=max(int(patience_s), 1),
        )
        self._is_joined = True

    def leave(self) -> None:
        """Say goodbye to the others and let the tracker end."""
        if not self._is_joined:
            return
        from xgboost import collective

        collective.finalize()
        if self._tracker is not None:
            self._tracker.wait_for(timeout=30)

    @staticmethod
    def is_peer_failure(error: BaseException) -> bool:
        """Whether XGBoost complains about its network."""
        text = str(error).lower()
        signs = ("collective", "rabit", "connection", "socket", "poll timeout", "peer")
        return type(error).__name__ == "XGBoostError" and any(sign in text for sign in signs)


def _bound_tracker(address: str, size: int, port: int) -> Any:
    """A tracker on that port.

    Raises
    ------
    OSError
        When the port is taken.
    """
    from xgboost.core import XGBoostError
    from xgboost.tracker import RabitTracker

    try:
        return RabitTracker(n_workers=size, host_ip=address, port=port, sortby="task")
    except XGBoostError as error:
        taken = os.strerror(errno.EADDRINUSE)
        if taken not in str(error):
            raise
        raise OSError(errno.EADDRINUSE, taken) from error


# What Gloo says of a peer that has gone, depending on how far a message had come.
_GLOO_SIGNS = ("Connection reset", "Read error", "Write error", "Broken pipe")
_SHUTDOWN_POLL_S = 0.05
_MENDED = "keeps_gloo_interface"  # a Horovod that goes by HOROVOD_GLOO_IFACE throughout
_TUNING = ("HOROVOD_FUSION_THRESHOLD", "HOROVOD_CYCLE_TIME")


class Horovod(Collective):
    """Horovod with Gloo, for MXNet; all it needs to know travels in environment variables."""

    def __init__(self) -> None:
        self._server: Any = None
        self._variables: dict[str, str] = {}

    def invite(self, address: str, size: int, ports: PortRange | None = None) -> dict[str, Any]:
        """Start the rendezvous server."""
        start = partial(_bound_rendezvous, address)
        # Its init(), which forgets all keys, is left out on purpose: a rank may have come already.
        self._server = listening(start, ports, address, "Horovod's rendezvous")
        thread = threading.Thread(
            target=self._server.serve_forever, args=(_SHUTDOWN_POLL_S,), daemon=True
        )
        thread.start()
        return {"address": address, "port": int(self._server.server_address[1])}

    def join(self, seat: Seat, invitation: dict[str, Any], patience_s: float) -> None:
        """Initialise Horovod.

        Raises
        ------
        UserError
            When the environment sets both the fusion threshold and the cycle time: Horovod 0.28.1
            then ends by a signal when it starts once more in a process. When it is Horovod as
            published, and this host's name leads to another address than that of `seat`.
        """
        if all(name in os.environ for name in _TUNING):
            raise UserError(
                f"the environment of executors sets both {' and '.join(_TUNING)}: Horovod would "
                "crash at its second start in a process; set one of them"
            )
        if len(set(seat.hosts)) > 1:
            _require_routed_name(seat.host)
        self._variables = {
            "HOROVOD_RANK": str(seat.rank),
            "HOROVOD_SIZE": str(seat.size),
            "HOROVOD_LOCAL_RANK": str(seat.local_rank),
            "HOROVOD_LOCAL_SIZE": str(seat.local_size),
            "HOROVOD_CROSS_RANK": str(seat.cross_rank),
            "HOROVOD_CROSS_SIZE": str(seat.cross_size),
            "HOROVOD_HOSTNAME": seat.host,
            "HOROVOD_GLOO_RENDEZVOUS_ADDR": str(invitation["address"]),
            "HOROVOD_GLOO_RENDEZVOUS_PORT": str(invitation["port"]),
            "HOROVOD_GLOO_IFACE": interface_of(seat.host),
            "HOROVOD_CONTROLLER": "gloo",
            "HOROVOD_CPU_OPERATIONS": "gloo",
            "HOROVOD_GLOO_TIMEOUT_SECONDS": str(max(int(patience_s), 1)),
        }
        os.environ.update(self._variables)
        import horovod.mxnet as hvd

        hvd.init()

    def leave(self) -> None:
        """Shut Horovod down; it can be initialised again in the same process."""
        import horovod.mxnet as hvd

        hvd.shutdown()
        for name in self._variables:
            os.environ.pop(name, None)
        self.dismiss()

    def dismiss(self) -> None:
        """End the rendezvous that `invite` began."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @staticmethod
    def is_peer_failure(error: BaseException) -> bool:
        """Whether Horovod complains about its network, by itself or through MXNet."""
        text, kind = str(error), type(error).__name__
        if kind == "MXNetError" and any(sign in text for sign in _GLOO_SIGNS):
            return True
        signs = ("HorovodInternalError", "Horovod has been shut down", "gloo", "Connection closed")
        return kind == "HorovodInternalError" or any(sign in text for sign in signs)


def _bound_rendezvous(address: str, port: int) -> Any:
    """Horovod's rendezvous on that address and port.

    `RendezvousServer`, its usual frame, listens on all addresses, on a port of its own choice.

    Raises
    ------
    OSError
        When the port is taken.
    """
    from horovod.runner.http.http_server import RendezvousHandler, RendezvousHTTPServer

    class Server(RendezvousHTTPServer):  # type: ignore[misc]
        daemon_threads = True

        def server_bind(self) -> None:
            socketserver.TCPServer.server_bind(self)  # HTTPServer's own asks DNS for its name
            self.server_name, self.server_port = self.server_address[:2]

    return Server((address, port), RendezvousHandler, 0)


def _require_routed_name(own: str) -> None:
    """Refuse a Horovod that would listen elsewhere than at `own`.

    Horovod 0.28.1 as published forgets `HOROVOD_GLOO_IFACE` for the connections that carry the
    gradients, and takes the address of the host's name. Where the source was mended before it was
    built, the package says so.
    """
    import horovod

    if getattr(horovod, _MENDED, False):
        return
    name = socket.gethostname()
    try:
        named = socket.gethostbyname(name)
    except OSError:
        named = "no address"
    if named != own:
        raise UserError(
            f"{own}: Horovod {horovod.__version__} as published listens at the address of its "
            f"host's name, and {name} leads to {named}, not to {own}, which routes to the driver. "
            "Use the Horovod that make setup builds, or mend the name in /etc/hosts of that host"
        )


class Alone(Collective):
    """No collective: workers that need none."""

    def invite(self, address: str, size: int, ports: PortRange | None = None) -> dict[str, Any]:
        """Nothing to start."""
        return {}

    def join(self, seat: Seat, invitation: dict[str, Any], patience_s: float) -> None:
        """Nothing to join."""

    def leave(self) -> None:
        """Nothing to leave."""

    @staticmethod
    def is_peer_failure(error: BaseException) -> bool:
        """No peers, no failures of theirs."""
        return False


_COLLECTIVES: dict[str, type[Collective]] = {"rabit": Rabit, "horovod": Horovod, "none": Alone}


def make_collective(name: CollectiveName) -> Collective:
    """A collective by its name."""
    return _COLLECTIVES[name]()
