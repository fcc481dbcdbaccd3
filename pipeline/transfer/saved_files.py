"""Transformers that are saved with the checkpoint's files that they read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol, cast

from pyspark.ml.util import DefaultParamsReader, DefaultParamsWriter

from pipeline import files
from pipeline.errors import UserError
from pipeline.estimators.model import qualified

_METADATA = "metadata"  # where Spark ML has the params
_FOLDER = "checkpointFolder"  # the key there of the folder with the files, beside it


class HasFiles(Protocol):
    """A transformer with a param `checkpoint`."""

    def files_to_save(self) -> Mapping[str, bytes]:
        """The checkpoint's files that are read, by name."""


class FilesWriter(DefaultParamsWriter):
    """Saves params and, before them, the checkpoint's files."""

    def save(self, path: str) -> None:
        """Save to a URI; a path without a scheme is of Spark's default file system.

        What is overwritten goes last: until the new files are all there the old ones are whole.
        """
        uri = qualified(self.sparkSession, path)
        if files.exists(uri) and not self.shouldOverwrite:
            raise UserError(
                f"{uri}: something is there already; write().overwrite() replaces it, or choose "
                "another place"
            )
        contents = cast(HasFiles, self.instance).files_to_save()
        former = files.children(uri)
        # Named by its content: a transformer that is saved over itself keeps the files it reads.
        folder = f"checkpoint-{_digest(contents)}"
        for name, content in contents.items():
            files.write_bytes(files.join(uri, folder, name), content)
        files.delete(files.join(uri, _METADATA))
        self.saveMetadata(self.instance, path, self.sc, extraMetadata={_FOLDER: folder})
        for name in former:
            if name not in (folder, _METADATA):
                files.delete(files.join(uri, name))


class FilesReader(DefaultParamsReader[Any]):
    """Loads params, and points to the files that were saved with them."""

    def __init__(self, kind: Any) -> None:
        super().__init__(kind)

    def load(self, path: str) -> Any:
        """Load from a URI."""
        loaded = super().load(path)
        folder = self.loadMetadata(path, self.sc)[_FOLDER]
        return loaded.setParams(
            checkpoint=files.join(qualified(self.sparkSession, path), str(folder))
        )


def _digest(contents: Mapping[str, bytes]) -> str:
    """What tells files from any others, short."""
    found = hashlib.sha256()
    for name, content in sorted(contents.items()):
        found.update(f"{name} {len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()[:16]
