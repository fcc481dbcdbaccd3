"""A tar.gz whose bytes depend on names, modes and content alone, and its checksum beside it."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError

# Of 1980: tar warns of files from 1970, and zip knows nothing older.
_MTIME = 315532800
# Of the slower levels none makes more than a few per cent less of shared libraries.
_LEVEL = 4


@dataclass(frozen=True)
class Archive:
    """A whole archive.

    Parameters
    ----------
    path : Path
        Its file; `<file>.sha256` is beside it.
    sha256 : str
        Of the file, as 64 hex digits.
    """

    path: Path
    sha256: str

    @property
    def checksum(self) -> Path:
        """The file beside it, in the format of `sha256sum`."""
        return checksum_path(self.path)


def checksum_path(archive: Path) -> Path:
    """Where an archive's checksum is."""
    return archive.with_name(f"{archive.name}.sha256")


def make_archive(directory: Path, path: Path) -> Archive:
    """Pack what is in a directory; under its name the archive is whole, or not there."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with (
            part.open("wb") as file,
            gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT) as tar,
        ):
            for entry in _below(directory):
                _add(tar, entry, entry.relative_to(directory).as_posix())
        digest = sha256_of(part)
        # A checksum of other bytes must not stand beside the new ones for a moment.
        checksum_path(path).unlink(missing_ok=True)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    archive = Archive(path, digest)
    archive.checksum.write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    return archive


def read_archive(path: Path) -> Archive:
    """An archive that was packed before.

    Raises
    ------
    UserError
        When it, or its checksum, is missing or damaged.
    """
    told = checksum_path(path)
    for file in (path, told):
        if not file.is_file():
            raise UserError(f"{file}: no such file; make it by emr-ensembles env pack")
    digest = sha256_of(path)
    if told.read_text(encoding="utf-8").split()[:1] != [digest]:
        raise UserError(
            f"{path}: is not the file that {told.name} tells the sha256 of; pack it again by "
            "emr-ensembles env pack"
        )
    return Archive(path, digest)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, as hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _below(directory: Path) -> Iterator[Path]:
    for root, directories, files in os.walk(directory):
        # Links to directories are entries of their own.
        links = [name for name in directories if Path(root, name).is_symlink()]
        directories[:] = sorted(set(directories) - set(links))
        if Path(root) != directory:
            yield Path(root)
        yield from (Path(root, name) for name in sorted([*files, *links]))


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.mtime = _MTIME
    entry.mode = 0o755
    if path.is_symlink():
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, os.readlink(path), 0o777
        tar.addfile(entry)
    elif path.is_dir():
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)
    else:
        found = path.stat()
        entry.size = found.st_size
        entry.mode = 0o755 if found.st_mode & 0o100 else 0o644
        with path.open("rb") as file:
            tar.addfile(entry, file)
