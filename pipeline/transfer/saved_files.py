"""Transformers that are saved with the checkpoint's files that they read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from pyspark.ml.util import DefaultParamsReader, DefaultParamsWriter

from pipeline import files
from pipeline.errors import UserError
from pipeline.estimators.model import qualified

_FOLDER = "checkpoint"  # below the place of a saved transformer


class HasFiles(Protocol):
    """A transformer with a param `checkpoint`."""

    def files_to_save(self) -> Mapping[str, bytes]:
        """The checkpoint's files that are read, by name."""


class FilesWriter(DefaultParamsWriter):
    """Saves params and, before them, the checkpoint's files."""

    def save(self, path: str) -> None:
        """Save to a URI; a path without a scheme is of Spark's default file system."""
        # Read first: what is overwritten may be what they are read from.
        contents = cast(HasFiles, self.instance).files_to_save()
        uri = qualified(self.sparkSession, path)
        if self.shouldOverwrite:
            files.delete(uri)
        elif files.exists(uri):
            raise UserError(
                f"{uri}: something is there already; write().overwrite() replaces it, or choose "
                "another place"
            )
        for name, content in contents.items():
            files.write_bytes(files.join(uri, _FOLDER, name), content)
        self.saveImpl(path)


class FilesReader(DefaultParamsReader[Any]):
    """Loads params, and points to the files that were saved with them."""

    def __init__(self, kind: Any) -> None:
        super().__init__(kind)

    def load(self, path: str) -> Any:
        """Load from a URI."""
        loaded = super().load(path)
        uri = files.join(qualified(self.sparkSession, path), _FOLDER)
        return loaded.setParams(checkpoint=uri)
