"""Log lines above the bars of a terminal instead of through them."""

from __future__ import annotations

import io
import logging
import sys
from typing import Any, TextIO

from tqdm import tqdm

_LOGGERS = ("", "pipeline")


class LogAbove:
    """Has handlers that write to stderr or stdout write above the bars, as long as it is entered.

    Parameters
    ----------
    stream : TextIO
        The terminal with the bars.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._changed: list[tuple[logging.StreamHandler[Any], Any]] = []

    def __enter__(self) -> None:
        consoles = (sys.stderr, sys.stdout, self._stream)
        for name in _LOGGERS:
            for handler in logging.getLogger(name).handlers:
                if isinstance(handler, logging.StreamHandler) and handler.stream in consoles:
                    self._changed.append((handler, handler.stream))
                    handler.setStream(_Above(self._stream, handler.stream))

    def __exit__(self, *raised: object) -> None:
        for handler, stream in self._changed:
            handler.setStream(stream)


class _Above(io.TextIOBase):
    """A stream whose text appears above the bars of a terminal."""

    def __init__(self, stream: TextIO, otherwise: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._otherwise = otherwise

    def write(self, text: str) -> int:
        """Write above the bars; where the terminal is gone, write as without bars."""
        try:
            with tqdm.external_write_mode(file=self._stream):
                self._stream.write(text)
                self._stream.flush()
        except (OSError, ValueError):
            self._otherwise.write(text)
        return len(text)
