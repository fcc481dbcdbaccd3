"""Objects in processes of their own, which live as long as the measurement."""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, NoReturn

_PATIENCE_S = 60.0


class Servant:
    """What lives in a process of its own: a context manager whose methods are called from afar."""

    @property
    def pids(self) -> list[int]:
        """Processes of it; their descendants belong to it, too."""
        return [os.getpid()]

    def __enter__(self) -> Servant:
        return self

    def __exit__(self, *_raised: object) -> None:
        return None


class Remote:
    """A servant, seen from the process that started it; a context manager that ends it.

    Parameters
    ----------
    make : callable
        Makes the servant; can be pickled, as all arguments and results.
    *arguments
        Its arguments.
    """

    def __init__(self, make: Callable[..., Servant], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, arguments))
        self._process.start()
        theirs.close()
        self._pids: list[int] | None = None

    @property
    def pids(self) -> Sequence[int]:
        """The servant's processes; waits until it is there."""
        if self._pids is None:
            self._pids = list(self.answer())
        return self._pids

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method; an exception is raised here, with its traceback as text."""
        self.ask(method, *arguments)
        return self.answer()

    def ask(self, method: str, *arguments: Any) -> None:
        """Call a method without waiting for its result."""
        _ = self.pids
        self._connection.send((method, arguments))

    def answer(self) -> Any:
        """The result of what was asked."""
        try:
            is_result, found = self._connection.recv()
        except EOFError:
            raise RuntimeError(f"{self._process.name} ended") from None
        if not is_result:
            raise RuntimeError(f"in {self._process.name}:\n{found}")
        return found

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._connection.close()  # an idle one ends by that
        self._process.join(_PATIENCE_S if _raised[0] is None else 1)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


def _serve(
    connection: Connection, make: Callable[..., Servant], arguments: tuple[Any, ...]
) -> None:
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    try:
        with make(*arguments) as servant:
            connection.send((True, servant.pids))
            while True:
                method, given = connection.recv()
                connection.send(_answer(servant, method, given))
    except EOFError:
        return  # the parent needs us no more, or is gone
    except Exception:
        connection.send((False, traceback.format_exc()))
        raise


def _answer(servant: Servant, method: str, arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, getattr(servant, method)(*arguments)
    except Exception:  # noqa: BLE001 - raised again where it was asked for
        return False, traceback.format_exc()


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(143)
