"""A saved model: a directory of native files and one `metadata.json` that is written last.

The native files of each save lie in a directory of their own (`native-<id>/`), and `metadata.json`
names it together with each file's size and SHA-256. Writing `metadata.json` is atomic on every
store, so a reader sees the old model, the new one, or none, and never a part of one. There is no
pickle in a model.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from pipeline import files
from pipeline.errors import ModelError, UserError

FORMAT = 1
METADATA = "metadata.json"
_SPARK_METADATA = "metadata/part-00000"
_NATIVE = re.compile(r"native-[0-9a-f]{8}")


def publish(
    uri: str,
    natives: Mapping[str, bytes],
    metadata: Mapping[str, Any],
    *,
    spark_metadata: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a model so that it appears whole.

    Parameters
    ----------
    uri : str
        The model's directory.
    natives : mapping of str to bytes
        The native files by name.
    metadata : mapping
        What `metadata.json` holds besides `format`, `native` and `files`.
    spark_metadata : str, optional
        The line by which Spark ML's `PipelineModel.load` finds the model's class.
    overwrite : bool
        Replace a model that is already there; otherwise that is an error.

    Raises
    ------
    UserError
        When something is there already and `overwrite` is false, or is not a model of ours.
    StoreError
        When it cannot be written.
    """
    old = _present(uri)
    if old is not None and not overwrite:
        raise UserError(
            f"{uri}: a model is there already; overwrite it explicitly or choose another"
        )
    if old is None and not _is_ours(files.children(uri)):
        raise UserError(
            f"{uri}: the directory is not empty and holds no model of ours; not touched"
        )
    if old is not None:
        read_metadata(uri)  # what is not ours, or names files elsewhere, is not replaced either
    native = f"native-{uuid.uuid4().hex[:8]}"
    listing = {}
    for name, data in natives.items():
        files.write_bytes(files.join(uri, native, name), data)
        listing[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    if spark_metadata is not None:
        files.write_bytes(files.join(uri, _SPARK_METADATA), spark_metadata.encode() + b"\n")
    whole = {"format": FORMAT, **metadata, "native": native, "files": listing}
    text = json.dumps(whole, indent=2, allow_nan=False)
    files.write_bytes(files.join(uri, METADATA), text.encode() + b"\n")
    for name in files.children(uri):
        if _NATIVE.fullmatch(name) and name != native:
            files.delete(files.join(uri, name))


def read(uri: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read a model: its metadata and its native files, checked against their checksums.

    Raises
    ------
    ModelError
        When the directory holds no model, one of a newer format, or a damaged one.
    """
    metadata = read_metadata(uri)
    natives = {}
    for name, entry in metadata["files"].items():
        place = files.join(uri, metadata["native"], name)
        try:
            data = files.read_bytes(place)
        except FileNotFoundError:
            raise ModelError(f"{place}: missing; the model is damaged") from None
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise ModelError(f"{place}: its checksum is not the one of metadata.json; damaged")
        natives[name] = data
    return metadata, natives


def read_metadata(uri: str) -> dict[str, Any]:
    """Read and check `metadata.json` alone.

    Raises
    ------
    ModelError
        When it is missing, is not ours, or is of a newer format.
    """
    metadata = _present(uri)
    if metadata is None:
        raise ModelError(f"{uri}: no model there ({METADATA} is missing)")
    if not {"format", "kind", "native", "files"} <= set(metadata):
        raise ModelError(f"{uri}: {METADATA} is not that of a model of emr-ensembles")
    if metadata["format"] > FORMAT:
        raise ModelError(
            f"{uri}: written in format {metadata['format']}, this version reads up to {FORMAT}; "
            "upgrade emr-ensembles"
        )
    inside = [str(metadata["native"]), *metadata["files"]]
    if any(part in ("", ".", "..") for name in inside for part in name.split("/")):
        raise ModelError(f"{uri}: {METADATA} names files outside the model's directory")
    return metadata


def _is_ours(children: list[str]) -> bool:
    """Whether a directory without a model is free: empty, or left by a save that broke off."""
    others = [name for name in children if not _NATIVE.fullmatch(name)]
    return not children or (len(others) < len(children) and set(others) <= {"metadata"})


def _present(uri: str) -> dict[str, Any] | None:
    try:
        data = files.read_bytes(files.join(uri, METADATA))
    except FileNotFoundError:
        return None
    try:
        metadata = json.loads(data)
    except ValueError as error:
        raise ModelError(f"{uri}: {METADATA} is not JSON: {error}") from None
    if not isinstance(metadata, dict):
        raise ModelError(f"{uri}: {METADATA} is not that of a model of emr-ensembles")
    return metadata
