"""WebHDFS: a NameNode's operations over HTTP, with time-outs, and Hadoop's errors as Python's.

Only the simple authentication of a cluster without Kerberos is known.
"""

from __future__ import annotations

import errno
import getpass
import json
import os
import threading
import time
from collections.abc import Callable
from typing import IO, Any, TypeVar
from urllib.parse import quote, urlencode

import urllib3
from urllib3.exceptions import HTTPError, SSLError

T = TypeVar("T")

_ROOT = "/webhdfs/v1"
_TIMEOUT = urllib3.Timeout(connect=10.0, read=120.0)
# A NameNode that takes over from another needs some tens of seconds: 50 in all.
_ATTEMPTS = 11
_PAUSE_S = 1.0
_REDIRECT = 307
_UNAUTHORIZED = 401
# Another NameNode may be the active one, or this one is not ready yet.
_PASSING = ("StandbyException", "RetriableException", "SafeModeException")
_NUMBERS = {
    "FileNotFoundException": errno.ENOENT,
    "FileAlreadyExistsException": errno.EEXIST,
    "AccessControlException": errno.EACCES,
    "SecurityException": errno.EACCES,
    "ParentNotDirectoryException": errno.ENOTDIR,
    "DSQuotaExceededException": errno.EDQUOT,
    "NSQuotaExceededException": errno.EDQUOT,
    "PathIsNotEmptyDirectoryException": errno.ENOTEMPTY,
}


def user() -> str:
    """Whose files they are: as Hadoop and Spark say, or else this process's user."""
    return os.environ.get("HADOOP_USER_NAME") or os.environ.get("SPARK_USER") or getpass.getuser()


class WebHdfs:
    """Operations on the files of one name space.

    Parameters
    ----------
    addresses : tuple of str
        URLs of its NameNodes, of which one is active.
    """

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self._addresses = addresses
        self._active = 0
        self._lock = threading.Lock()
        self._pool = urllib3.PoolManager(timeout=_TIMEOUT, retries=False)

    def ask(self, method: str, operation: str, path: str, **parameters: str) -> dict[str, Any]:
        """One operation of the NameNode's; its answer.

        Raises
        ------
        OSError
            With the `errno` of what Hadoop says: FileNotFoundError, PermissionError and so on.
        """
        answer = self._ask(method, operation, path, parameters)
        found = json.loads(answer.data) if answer.data else {}
        return dict(found)

    def read(self, path: str, offset: int = 0, length: int | None = None) -> bytes:
        """Bytes of a file from `offset` on, up to its end where `length` is not given."""
        parameters = {"offset": str(offset)}
        if length is not None:
            parameters["length"] = str(length)

        def once() -> bytes:
            answer = self._ask("GET", "OPEN", path, parameters)
            if answer.status != _REDIRECT:
                return bytes(answer.data)  # an empty file has no DataNode
            return bytes(self._sent("GET", answer.headers["Location"], path).data)

        return _patiently(once, path)

    def write(self, path: str, source: IO[bytes]) -> None:
        """Write a file from what `source` holds; replaces one that is there."""

        def once() -> None:
            answer = self._ask("PUT", "CREATE", path, {"overwrite": "true"})
            source.seek(0)
            self._sent("PUT", answer.headers["Location"], path, source)

        _patiently(once, path)

    def _ask(
        self, method: str, operation: str, path: str, parameters: dict[str, str]
    ) -> urllib3.BaseHTTPResponse:
        """Ask the NameNodes in turn until one answers that is active.

        A question whose answer was lost is asked again: callers take for done what they then find
        done.
        """
        query = urlencode({"op": operation, "user.name": user(), **parameters})

        def once() -> urllib3.BaseHTTPResponse:
            number = self._active
            address = self._addresses[number % len(self._addresses)]
            try:
                return self._sent(method, f"{address}{_ROOT}{quote(path)}?{query}", path)
            except (_PassingError, HTTPError):
                with self._lock:
                    if self._active == number:  # another thread has not looked further already
                        self._active = number + 1
                raise

        return _patiently(once, f"{self._addresses[0]}{_ROOT}{quote(path)}")

    def _sent(
        self, method: str, url: str, path: str, body: IO[bytes] | None = None
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": "application/octet-stream"} if body else None
        answer = self._pool.request(method, url, body=body, headers=headers, redirect=False)
        if answer.status < 400:
            return answer
        raise _error(answer, path)


class _PassingError(Exception):
    """What another NameNode, or a later moment, may answer."""


def _patiently(action: Callable[[], T], place: str) -> T:
    """Do something that may be done again, until it succeeds or too much time has passed."""
    for attempt in range(_ATTEMPTS):
        last = attempt == _ATTEMPTS - 1
        try:
            return action()
        except SSLError as error:  # will not be another one later
            told = f"{place}: {error}; SSL_CERT_FILE names the certificates to trust"
            raise OSError(told) from None
        except _PassingError as error:
            if last:
                raise OSError(errno.EAGAIN, f"{place}: {error}") from None
        except HTTPError as error:
            if last:
                told = f"{place} does not answer, {_ATTEMPTS} times in a row"
                raise OSError(errno.EHOSTUNREACH, told) from error
        time.sleep(attempt * _PAUSE_S)
    raise OSError(errno.EAGAIN, place)


def _error(answer: urllib3.BaseHTTPResponse, path: str) -> Exception:
    try:
        told = json.loads(answer.data)["RemoteException"]
        name, message = str(told["exception"]), str(told["message"]).partition("\n")[0]
    except (ValueError, KeyError, TypeError):
        name, message = "", f"the answer was HTTP {answer.status} {answer.reason or ''}".rstrip()
    if name in _PASSING:
        return _PassingError(message)
    if answer.status == _UNAUTHORIZED:
        message = f"{message}; WebHDFS with Kerberos is not supported"
        return OSError(errno.EACCES, message, path)
    if name in _NUMBERS:
        return OSError(_NUMBERS[name], message, path)
    return OSError(f"{name}: {message}" if name else message)
