"""What steps, their applications' containers and nodes wrote, as EMR brings it to S3.

```
<logs>/<cluster>/steps/<step>/{controller,stderr,stdout,syslog}.gz
<logs>/<cluster>/containers/<application>/<container>/{stderr,stdout}.gz
<logs>/<cluster>/node/<instance>/bootstrap-actions/<n>/{controller,stderr,stdout}.gz
```

In cluster mode a step's own stderr is that of spark-submit, which names the application; the job
itself writes into the driver's container. EMR brings logs about every 5 minutes, also of what still
runs, and brings them again as they grow.
"""

from __future__ import annotations

import datetime
import gzip
import io
import re
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from pipeline import files

LATE_MINUTES = 5
"""So late logs may arrive."""

_APPLICATION = re.compile(r"\bapplication_\d+_\d+\b")
_DRIVER = re.compile(r"container_(?:e\d+_)?\d+_\d+_(\d+)_000001")
_STREAMS = ("stderr", "stdout")
_LONGEST_LINE = 2_000
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile)


@dataclass(frozen=True)
class Tail:
    """The last lines of a log.

    Parameters
    ----------
    uri : str
        Where it lies.
    lines : tuple of str
        The last ones.
    application : str
        The last application that any of its lines names; empty for none.
    brought : datetime or None
        When EMR brought it; None where its store does not say.
    """

    uri: str
    lines: tuple[str, ...]
    application: str = ""
    brought: datetime.datetime | None = None

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


def tail(uri: str, count: int) -> Tail | None:
    """The last lines of a log; None where it has not arrived.

    It is read from its beginning to its end, and no more of it kept. One that is damaged ends where
    it can no longer be read.

    Parameters
    ----------
    uri : str
        Compressed by gzip, or not.
    count : int
        How many lines.

    Raises
    ------
    StoreError
        When it cannot be read.
    """
    kept: deque[str] = deque(maxlen=count)
    application = ""
    try:
        for line in _lines(uri):
            kept.append(line[:_LONGEST_LINE])
            if named := _APPLICATION.findall(line):
                application = named[-1]
    except FileNotFoundError:
        return None
    return Tail(uri, tuple(kept), application, _changed(uri))


@dataclass(frozen=True)
class ClusterLogs:
    """The logs of one cluster.

    Parameters
    ----------
    base : str
        URI below which EMR writes logs.
    cluster : str
        The cluster's id.
    """

    base: str
    cluster: str

    def of_step(self, step: str, stream: str = "stderr") -> str:
        """URI of what a step wrote itself: `stderr`, `stdout`, `controller` or `syslog`."""
        return self._at("steps", step, f"{stream}.gz")

    def application_of(self, step: str) -> str:
        """The application that a step began; empty while its stderr has not arrived."""
        found = tail(self.of_step(step), 1)
        return "" if found is None else found.application

    def drivers(self, application: str) -> list[str]:
        """The driver's containers, that of the last attempt first."""
        found = [(_DRIVER.fullmatch(name), name) for name in self._containers(application)]
        attempts = [(int(match[1]), name) for match, name in found if match is not None]
        return [name for _, name in sorted(attempts, reverse=True)]

    def executors(self, application: str) -> list[str]:
        """The other containers."""
        return [name for name in self._containers(application) if not _DRIVER.fullmatch(name)]

    def of_container(self, application: str, container: str, stream: str = "stderr") -> str:
        """URI of what a container wrote: `stderr` or `stdout`."""
        return self._at("containers", application, container, f"{stream}.gz")

    def driver_tails(self, application: str, count: int) -> list[Tail]:
        """The last lines of the driver: of the last attempt whose log has arrived."""
        for container in self.drivers(application):
            uris = [self.of_container(application, container, stream) for stream in _STREAMS]
            found = [each for each in (tail(uri, count) for uri in uris) if each is not None]
            if any(each.lines for each in found):
                return found
        return []

    def nodes(self) -> list[str]:
        """The instances whose logs have arrived."""
        return files.children(self._at("node"))

    def of_bootstrap(self, instance: str) -> list[str]:
        """URIs of what the bootstrap actions of an instance wrote, in their order."""
        place = self._at("node", instance, "bootstrap-actions")
        actions = sorted(files.children(place), key=lambda name: (len(name), name))
        return [
            files.join(place, action, name)
            for action in actions
            for name in files.children(files.join(place, action))
        ]

    def _containers(self, application: str) -> list[str]:
        return files.children(self._at("containers", application))

    def _at(self, *parts: str) -> str:
        return files.join(self.base, self.cluster, *parts)


def _changed(uri: str) -> datetime.datetime | None:
    stamps = files.stamps(uri)
    nanoseconds = int(stamps[0][2]) if stamps else 0
    return datetime.datetime.fromtimestamp(nanoseconds / 1e9, datetime.UTC) if nanoseconds else None


def _lines(uri: str) -> Iterator[str]:
    with files.open_stream(uri) as raw:
        source = io.BufferedReader(_Readable(raw))
        packed = source.peek(2)[:2] == b"\x1f\x8b"
        opened = io.BufferedReader(gzip.GzipFile(fileobj=source)) if packed else source
        try:
            for line in io.TextIOWrapper(opened, encoding="utf-8", errors="replace", newline="\n"):
                # A progress bar draws itself anew in one line.
                yield line.rstrip("\r\n").rpartition("\r")[2]
        except _BROKEN:
            yield "(what follows is damaged)"


class _Readable(io.RawIOBase):
    """What pyarrow reads from, as Python's own classes want it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
