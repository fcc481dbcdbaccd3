"""What is said of files that cannot be used."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import ModelError


def broken(path: Path | str, reason: str) -> ModelError:
    """The error for a file whose content is not what it should be."""
    return ModelError(
        f"{path} cannot be read as a file of a checkpoint: {reason}; bring the file again from "
        "where the checkpoint was published"
    )
