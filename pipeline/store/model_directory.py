"""A saved model: native files and a manifest that says what they are, published as a version.

The manifest (`v000001.json`) holds each native file's size and SHA-256. It is written last, so a
reader sees the old model, the new one, or none, and never a part of one. There is no pickle in a
model.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline import files
from pipeline.errors import ConflictError, ModelError, UserError
from pipeline.store.stored_files import StoredFiles
from pipeline.store.versions import Draft, IfExists, Version, newest, numbers, version

FORMAT = 2
_FIRST_FORMAT = "metadata.json"
_SPARK_METADATA = "metadata/part-00000"
_BESIDE = "metadata"
_NUMBERED = re.compile(r"(.+)@(\d{1,6})")
_READS = 3
_AT_ONCE = 8


def publish(
    uri: str,
    natives: Mapping[str, bytes],
    metadata: Mapping[str, Any],
    *,
    spark_metadata: str | None = None,
    if_exists: IfExists = "refuse",
    seen: int | None = None,
) -> Version:
    """Write a model so that it appears whole.

    Parameters
    ----------
    uri : str
        The model's directory.
    natives : mapping of str to bytes
        The native files by name.
    metadata : mapping
        What the manifest holds besides `format` and `files`.
    spark_metadata : str, optional
        The line by which Spark ML's `PipelineModel.load` finds the model's class.
    if_exists : {"refuse", "overwrite", "version"}
        What becomes of a model that is there already.
    seen : int, optional
        The newest version that the caller knows of (0: none), where it may follow no other.

    Raises
    ------
    UserError
        When something is there already and `if_exists` is `refuse`, or is not a model of ours.
    ConflictError
        When another writer published a model there at the same time.
    StoreError
        When it cannot be written.
    """
    old = newest(uri)
    if old is not None:
        _require_ours(uri, old.manifest)
    with Draft(uri, if_exists, beside=_BESIDE) as draft:
        if seen is not None:
            _require_newest(uri, seen)
        if old is None and files.exists(files.join(uri, _BESIDE)) and not _was_begun(uri):
            raise UserError(f"{uri}: holds no model of ours; not touched. Choose another place")
        listing = _copied(natives, draft.content)
        if spark_metadata is not None:
            files.write_bytes(files.join(uri, _SPARK_METADATA), spark_metadata.encode() + b"\n")
        return draft.publish({"format": FORMAT, **metadata, "files": listing})


def read(uri: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read a model: its metadata and its native files, checked against their checksums.

    Parameters
    ----------
    uri : str
        The model's directory: its newest version; `<directory>@2` is its second.

    Raises
    ------
    ModelError
        When the directory holds no model, one of another format, or a damaged one.
    """
    for last in [False] * (_READS - 1) + [True]:
        found = _find(uri)
        try:
            return found.manifest, dict(_stored(found))
        except ModelError:
            # A writer that replaces the model deletes what was being read; then there is a newer.
            if last or _find(uri).number == found.number:
                raise
    raise ModelError(f"{uri}: the model changes faster than it can be read")


def open_stored(uri: str) -> tuple[dict[str, Any], StoredFiles]:
    """A model's metadata, and its native files where they lie; each is checked when it is read.

    Parameters
    ----------
    uri : str
        As for `read`.

    Raises
    ------
    ModelError
        When the directory holds no model, one of another format, or one that lacks files.
    """
    found = _find(uri)
    stored = _stored(found)
    lacking = set(stored) - set(files.names(found.content))
    if lacking:
        name = min(lacking)
        raise ModelError(f"{files.join(found.content, name)}: missing; the model is damaged")
    return found.manifest, stored


def digest(manifest: Mapping[str, Any]) -> str:
    """A name for a model's content, whatever its version and its place."""
    return hashlib.sha256(json.dumps(manifest["files"], sort_keys=True).encode()).hexdigest()[:16]


def read_metadata(uri: str) -> dict[str, Any]:
    """Read and check a model's manifest alone.

    Raises
    ------
    ModelError
        When it is missing, is not ours, or is of another format.
    """
    return _find(uri).manifest


def _find(uri: str) -> Version:
    numbered = _NUMBERED.fullmatch(uri)
    if numbered:
        found = version(numbered[1], int(numbered[2]))
        if found is None:
            there = ", ".join(map(str, numbers(numbered[1]))) or "none"
            raise ModelError(f"{uri}: no such version of the model; there are: {there}")
    else:
        found = newest(uri)
    if found is None:
        if files.exists(files.join(uri, _FIRST_FORMAT)):
            raise ModelError(
                f"{uri}: written in format 1, this version reads format {FORMAT} only; train the "
                "model again, or read it with the version of emr-ensembles that wrote it"
            )
        raise ModelError(
            f"{uri}: no model there; check the URI, or train a model and save it there first"
        )
    _require_ours(uri, found.manifest)
    return found


def _require_newest(uri: str, seen: int) -> None:
    """With a draft begun: it has the number after the newest, and this is still the one seen."""
    there = max(numbers(uri), default=0)
    if there != seen:
        raise ConflictError(
            f"{uri}: another writer published version {there} meanwhile; that one stands, nothing "
            "was written. Look at it, and run this again"
        )


def _require_ours(uri: str, manifest: Mapping[str, Any]) -> None:
    if not {"format", "kind", "files"} <= set(manifest):
        raise ModelError(f"{uri}: what is there is not a model of emr-ensembles")
    if type(manifest["format"]) is not int:
        raise _damaged(uri, "its format is not a whole number")
    if manifest["format"] != FORMAT:
        advice = "upgrade emr-ensembles" if manifest["format"] > FORMAT else "train it again"
        raise ModelError(
            f"{uri}: written in format {manifest['format']}, this version reads format {FORMAT}; "
            f"{advice}"
        )
    _require_files(uri, manifest["files"])


def _require_files(uri: str, listing: object) -> None:
    if not isinstance(listing, dict):
        raise _damaged(uri, "its files are not given by name")
    parts = [part for name in listing for part in name.split("/")]
    if any(part in ("", ".", "..") for part in parts):
        raise ModelError(f"{uri}: the manifest names files outside the model's directory")
    for name, entry in listing.items():
        if not isinstance(entry, dict) or not {"bytes", "sha256"} <= entry.keys():
            raise _damaged(uri, f"the file {name} lacks its size or its checksum")
        if type(entry["bytes"]) is not int or not isinstance(entry["sha256"], str):
            raise _damaged(uri, f"the size or the checksum of the file {name} is of the wrong kind")


def _damaged(uri: str, what: str) -> ModelError:
    return ModelError(
        f"{uri}: the model's manifest is damaged: {what}; train the model again, or take another "
        "copy"
    )


def _stored(found: Version) -> StoredFiles:
    return StoredFiles(found.content, found.manifest["files"])


def _copied(natives: Mapping[str, bytes], target: str) -> dict[str, dict[str, Any]]:
    """Write all files, a few at a time; returns the size and the checksum of each."""

    def copy(name: str) -> dict[str, Any]:
        data = natives[name]
        files.write_bytes(files.join(target, name), data)
        return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(natives, pool.map(copy, natives), strict=True))


def _was_begun(uri: str) -> bool:
    """Whether the Spark line that lies there is one of ours: a save broke off after it."""
    try:
        line = json.loads(files.read_bytes(files.join(uri, _SPARK_METADATA)))
    except (FileNotFoundError, ValueError):
        return False
    return isinstance(line, dict) and str(line.get("class", "")).startswith("pipeline.")
