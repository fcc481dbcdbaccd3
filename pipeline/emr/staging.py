"""What steps need, put where the cluster reads it, under names that say what is in it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import zipfile
from pathlib import Path

from pipeline import files

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_DIGITS = 12
_PASSED_OVER = ("__pycache__",)


def stage_code(package: Path, entry_points: Path, base: str) -> tuple[str, str]:
    """Put the package and the jobs' entry points below `base`, unless they are there.

    Parameters
    ----------
    package : Path
        The directory of the package `pipeline`.
    entry_points : Path
        The directory with `*.py` of the jobs.
    base : str
        URI to put them below.

    Returns
    -------
    (str, str)
        URIs of the zip and of the directory of entry points.

    Raises
    ------
    StoreError
        When they cannot be written.
    """
    archive = _zip(package)
    scripts = {file.name: file.read_bytes() for file in sorted(entry_points.glob("*.py"))}
    digest = hashlib.sha256(archive)
    for name, content in scripts.items():
        digest.update(name.encode() + content)
    place = files.join(base, f"code-{digest.hexdigest()[:_DIGITS]}")
    code = files.join(place, "pipeline.zip")
    for name, content in scripts.items():
        _put(files.join(place, name), content)
    _put(code, archive)
    return code, place


def stage_config(config: str, base: str) -> str:
    """Put a config below `base` as it is: what it takes from variables is taken by the jobs.

    Returns
    -------
    str
        Its URI there.
    """
    content = files.read_bytes(config)
    digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
    name = Path(config).stem
    return _put(files.join(base, f"{name}-{digest}.yaml"), content)


def _put(uri: str, content: bytes) -> str:
    with contextlib.suppress(FileExistsError):  # its name says that it is the same
        files.create_bytes(uri, content)
    return uri


def _zip(package: Path) -> bytes:
    """The package's files, always the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(package.rglob("*")):
            if file.is_file() and not set(_PASSED_OVER) & set(file.parts):
                entry = zipfile.ZipInfo(str(file.relative_to(package.parent)), _EPOCH)
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.read_bytes())
    return buffer.getvalue()
