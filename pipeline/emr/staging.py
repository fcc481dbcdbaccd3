"""What steps need, put where the cluster reads it, under names that say what is in it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline import files

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_DIGITS = 12
_PASSED_OVER = ("__pycache__",)


@dataclass(frozen=True)
class Code:
    """The package and the jobs' entry points, as they are now.

    Parameters
    ----------
    archive : bytes
        The package as a zip.
    scripts : mapping of str to bytes
        The entry points, by the names of their files.
    """

    archive: bytes
    scripts: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Says what is in it."""
        digest = hashlib.sha256(self.archive)
        for name, content in self.scripts.items():
            digest.update(name.encode() + content)
        return digest.hexdigest()[:_DIGITS]

    def uris(self, base: str) -> tuple[str, str]:
        """Where it is put below `base`: URIs of the zip and of the directory of entry points."""
        place = files.join(base, f"code-{self.digest}")
        return files.join(place, "pipeline.zip"), place

    def put(self, base: str) -> tuple[str, str]:
        """Put it below `base`, unless it is there; the URIs of both.

        Raises
        ------
        StoreError
            When it cannot be written.
        """
        code, place = self.uris(base)
        for name, content in self.scripts.items():
            _put(files.join(place, name), content)
        _put(code, self.archive)
        return code, place


def read_code(package: Path, entry_points: Path) -> Code:
    """Read what steps run.

    Parameters
    ----------
    package : Path
        The directory of the package `pipeline`.
    entry_points : Path
        The directory with `*.py` of the jobs.
    """
    scripts = {file.name: file.read_bytes() for file in sorted(entry_points.glob("*.py"))}
    return Code(_zip(package), scripts)


def stage_code(package: Path, entry_points: Path, base: str) -> tuple[str, str]:
    """Read what steps run and put it below `base`; the parameters and URIs of the two steps."""
    return read_code(package, entry_points).put(base)


def config_uri(config: str, base: str) -> str:
    """Where a config is put below `base`, under a name that says what is in it."""
    return _config_uri(config, base, files.read_bytes(config))


def stage_config(config: str, base: str) -> str:
    """Put a config below `base` as it is: what it takes from variables is taken by the jobs.

    Returns
    -------
    str
        Its URI there.
    """
    content = files.read_bytes(config)
    return _put(_config_uri(config, base, content), content)


def _config_uri(config: str, base: str, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
    return files.join(base, f"{Path(config).stem}-{digest}.yaml")


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
