"""What Spark's writers have saved: where it lies, and that nothing there is what it should not be.

Spark reads every file of a directory, and makes what its metadata names. A model is data, so both
are judged before anything of it is loaded.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pipeline import files
from pipeline.errors import ModelError
from pipeline.store.stored_files import StoredFiles

_MARKED = re.compile(r"([\w-]+)-[0-9a-f]{8}")
_METADATA = "metadata"


def own_name(name: str) -> str:
    """A directory's name that no other writer of the same thing has."""
    return f"{name}-{uuid.uuid4().hex[:8]}"


def is_own_name(directory: str, name: str) -> bool:
    """Whether `own_name(name)` may have made a directory's name."""
    found = _MARKED.fullmatch(directory)
    return found is not None and found[1] == name


def directories_in(names: Iterable[str]) -> dict[str, str]:
    """Directories that `own_name` has named, among those of a model's files; by the plain name.

    Raises
    ------
    ModelError
        When there are two for one name.
    """
    directories: dict[str, str] = {}
    for directory in {name.partition("/")[0] for name in names}:
        found = _MARKED.fullmatch(directory)
        if found is None:
            continue
        if found[1] in directories:
            raise ModelError(
                f"the model has two directories for {found[1]}: {directory} and "
                f"{directories[found[1]]}; train it again, or take another copy"
            )
        directories[found[1]] = directory
    return directories


def names_below(uri: str, directories: Collection[str]) -> list[str]:
    """The files below some directories that Spark may read: Hadoop's checksums are left out."""
    if len(directories) == 1:  # of a checkpoint, which may hold a thousand others
        [only] = directories
        found = [f"{only}/{name}" for name in files.names(files.join(uri, only))]
    else:
        found = [n for n in files.names(uri) if n.partition("/")[0] in directories]
    return [name for name in found if not _is_checksum(name)]


def require_listed(natives: StoredFiles, directories: Collection[str]) -> None:
    """Refuse files below these directories that the model does not list.

    Raises
    ------
    ModelError
        Names one of them.
    """
    for name in names_below(natives.uri, directories):
        if name not in natives:
            raise ModelError(
                f"{files.join(natives.uri, name)}: no file of the model, and Spark would read it; "
                "take another copy of the model, or train it again"
            )


def metadata_of(natives: Mapping[str, bytes], directory: str) -> Iterator[tuple[str, Any]]:
    """All that Spark may take for metadata below a directory: names of files, and what they say.

    Raises
    ------
    ModelError
        For a file that is no JSON: it may be compressed, which Spark would not mind.
    """
    for name in natives:
        if not name.startswith(f"{directory}/"):
            continue
        parts = name.split("/")[1:]
        # A file may be called metadata, too; what begins with _ is hidden from Spark.
        if _METADATA not in parts or parts[-1].startswith("_"):
            continue
        for line in natives[name].splitlines():
            try:
                yield name, json.loads(line.decode())
            except ValueError as error:
                raise ModelError(f"{name}: it is no metadata of Spark ML: {error}") from error


def require_kinds(natives: Mapping[str, bytes], directory: str, kinds: Collection[str]) -> None:
    """Refuse metadata below a directory that names a class other than these.

    Raises
    ------
    ModelError
        Names the file and the class.
    """
    for name, found in metadata_of(natives, directory):
        kind = found.get("class") if isinstance(found, dict) else None
        if kind not in kinds:
            raise ModelError(f"{name} names the class {kind}, which has no place there")


def _is_checksum(name: str) -> bool:
    return name.rpartition("/")[2].startswith(".")
