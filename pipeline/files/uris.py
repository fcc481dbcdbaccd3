"""What a URI means: its scheme, the local path behind it, URIs below it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from pipeline.errors import UserError


def absolute(uri: str) -> str:
    """The URI with its scheme; a plain path is made absolute and gets `file://`."""
    if "://" not in uri and not uri.startswith("file:"):
        return Path(uri).expanduser().absolute().as_uri()
    return uri.rstrip("/") if urlsplit(uri).path.strip("/") else uri


def is_local(uri: str) -> bool:
    """Whether the URI names this machine's own disk."""
    return absolute(uri).startswith("file:")


def local_path(uri: str) -> Path:
    """The path of a `file://` URI.

    Raises
    ------
    UserError
        When the URI is of another scheme, or names a host.
    """
    if not is_local(uri):
        raise UserError(f"{uri}: expected a path on the local disk (file://)")
    parts = urlsplit(absolute(uri))
    if parts.netloc not in ("", "localhost"):
        raise UserError(f"{uri}: {parts.netloc} would be a host; write file:///path, or a path")
    return Path(unquote(parts.path))


def join(uri: str, *parts: str) -> str:
    """Append path parts to a URI."""
    if "://" in uri or uri.startswith("file:"):
        parts = tuple(quote(part, safe="/:@=+,~") for part in parts)
    return "/".join([uri.rstrip("/"), *parts])
