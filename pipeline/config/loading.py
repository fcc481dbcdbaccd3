"""Reading a config: a file anywhere, overrides, interpolation, and the check of the whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from pipeline import files
from pipeline.config.document import parse
from pipeline.config.interpolation import interpolate
from pipeline.config.overrides import override_in
from pipeline.config.provenance import Loaded
from pipeline.config.validation import validated
from pipeline.errors import ConfigError, StoreError

S = TypeVar("S", bound=BaseModel)


def load(
    schema: type[S],
    path: str | Path,
    overrides: Iterable[str] = (),
    free: Iterable[str] = (),
    today: date | None = None,
) -> S:
    """Read a YAML file, apply `--set` overrides, interpolate, validate the whole.

    Parameters
    ----------
    schema : type of BaseModel
        What the file must look like.
    path : str or Path
        The YAML file: a plain path or a URI.
    overrides : iterable of str
        `dotted.key=value`, the value read as YAML; later ones win.
    free : iterable of str
        Keys below which dots separate nothing.
    today : date, optional
        What `${date}` is; by default the day of `EMR_ENSEMBLES_DATE`, else the UTC day now.

    Raises
    ------
    ConfigError
        With every problem found, each with its line and key: a file that is missing or no YAML,
        unknown keys (and the nearest known one), missing or wrong values, `${…}` that cannot be
        replaced.
    StoreError
        When a file that is not on the local disk cannot be read.
    """
    return read(schema, path, overrides, free, today).value


def read(
    schema: type[S],
    path: str | Path,
    overrides: Iterable[str] = (),
    free: Iterable[str] = (),
    today: date | None = None,
) -> Loaded[S]:
    """Like `load`, and where each value came from; parameters and errors are those of `load`."""
    place = str(path)
    document = parse(_text(place), place)
    keys = tuple(free)
    for number, override in enumerate(overrides, start=1):
        override_in(document, override, number, keys)
    given = document.data
    interpolate(document, today)
    return Loaded(validated(schema, document), document, given)


def _text(place: str) -> str:
    try:
        return files.read_bytes(place).decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError([f"{place}: no such file"]) from None
    except UnicodeDecodeError as error:
        said = f"{place}: cannot be read: not UTF-8 text (byte {error.start + 1})"
        raise ConfigError([said]) from None
    except StoreError as error:
        if not files.is_local(place):
            raise  # the network's fault, perhaps, and another attempt may help
        said = str(error).removeprefix(f"{place}: ")
        raise ConfigError([f"{place}: {said}"]) from None
