"""Putting an archive where clusters fetch it from: once, since its name says what is in it."""

from __future__ import annotations

from pipeline import files
from pipeline.emr.environment.archive import Archive
from pipeline.errors import UserError


def publish(archive: Archive, prefix: str) -> tuple[str, bool]:
    """Upload an archive and its checksum; its URI, and whether anything was uploaded.

    The checksum comes last: who finds it finds a whole archive.

    Parameters
    ----------
    archive : Archive
        What was packed.
    prefix : str
        The URI of a directory.

    Raises
    ------
    UserError
        When another archive of this name is there.
    StoreError
        When it cannot be written.
    """
    uri = files.join(prefix, archive.path.name)
    told = files.join(prefix, archive.checksum.name)
    if _published(archive, uri, told):
        return uri, False
    files.upload(archive.path, uri)
    try:
        files.create_bytes(told, archive.checksum.read_bytes())
    except FileExistsError:
        _require_same(archive, uri, told)  # another publisher was faster
    return uri, True


def _published(archive: Archive, uri: str, told: str) -> bool:
    if not files.exists(told):
        return False
    _require_same(archive, uri, told)
    return files.exists(uri)


def _require_same(archive: Archive, uri: str, told: str) -> None:
    there = files.read_bytes(told).decode("utf-8", "replace").split()[:1]
    if there != [archive.sha256]:
        other = "".join(there) or "not told"
        raise UserError(
            f"{uri}: another build of this environment was published there (its sha256 is {other}, "
            f"and this one's {archive.sha256}); clusters may be using it, so publish to another "
            "prefix, or delete it and its .sha256 first"
        )
