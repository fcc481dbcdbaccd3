"""A small archive with the name of a packed environment."""

from __future__ import annotations

from pathlib import Path

from pipeline.emr.environment.archive import Archive, make_archive


def packed(directory: Path, target: str = "gpu", content: str = "") -> Archive:
    """Pack a file; its content decides the sha256, not the name."""
    source = directory / "environment" / "bin"
    source.mkdir(parents=True, exist_ok=True)
    (source / "python").write_text(f"#!/bin/sh\n{content}")
    return make_archive(source.parent, directory / f"emr-ensembles-{target}-0123456789ab.tar.gz")
