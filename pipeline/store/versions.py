"""An output that appears whole: numbered versions of one directory, each with a manifest.

```
<uri>/v000002-1f0c3a9b/…    the content, in a directory of its own
<uri>/v000002.json          the manifest, written last
```

A version is there when its manifest is, and a manifest appears whole on every store. So a reader
sees the old version, the new one, or none, whatever dies when. Of two writers of one number one
wins and the other is told, because the manifest is created only where there is none
(`pipeline.files.creation`).
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pipeline import files
from pipeline.errors import ConflictError, ModelError, StoreError, UserError

logger = logging.getLogger(__name__)

IfExists: TypeAlias = Literal["overwrite", "version", "refuse"]

_MANIFEST = re.compile(r"v(\d{6})\.json")
_CONTENT = re.compile(r"v(\d{6})-[0-9a-f]{8}")
_PART = re.compile(r"v(\d{6})\.json\.[0-9a-f]{8}\.part")
# Not from us, and nobody's data: left by EMRFS, by NFS for a deleted file that is open, by macOS.
_STRAY = re.compile(r".+_\$folder\$|\.nfs.*|\.DS_Store")
_READS = 20
_MISSES = 5


@dataclass(frozen=True)
class Version:
    """A version that is there.

    Attributes
    ----------
    uri : str
        The directory of all versions.
    number : int
        Counts from 1; the highest is the newest.
    manifest : dict
        What was published with it; `content` names the content's directory.
    """

    uri: str
    number: int
    manifest: dict[str, Any]

    @property
    def content(self) -> str:
        """URI of the content's directory."""
        return files.join(self.uri, str(self.manifest["content"]))


def newest(uri: str) -> Version | None:
    """The newest version, or None where there is none.

    Raises
    ------
    ModelError
        When its manifest is damaged, or names a content that is not its own.
    """
    misses = 0
    for _ in range(_READS):  # a writer may replace the version between the two looks
        found = files.children(uri)
        number = max(_numbers_in(found), default=0)
        if not number:
            # A listing that runs while one manifest replaces another may hold neither: look again.
            misses += 1
            if misses == _MISSES:
                return None
            continue
        try:
            return _read(uri, number)
        except FileNotFoundError:
            continue
    raise StoreError(f"{uri}: its versions change faster than they can be read")


def version(uri: str, number: int) -> Version | None:
    """One version, or None where it is not there.

    Raises
    ------
    ModelError
        As `newest`.
    """
    try:
        return _read(uri, number)
    except FileNotFoundError:
        return None


def numbers(uri: str) -> list[int]:
    """Numbers of the versions that are there, ascending."""
    return _numbers_in(files.children(uri))


def _numbers_in(names: list[str]) -> list[int]:
    found = (_MANIFEST.fullmatch(name) for name in names)
    return sorted(int(match[1]) for match in found if match)


class Draft:
    """A version that is being made; a context manager that leaves nothing when it fails.

    Parameters
    ----------
    uri : str
        The directory of all versions.
    if_exists : {"overwrite", "version", "refuse"}
        What becomes of versions that are there when this one is published: they are deleted, or
        kept; or there must be none.
    beside : pattern, optional
        Names that may lie beside the versions.

    Raises
    ------
    UserError
        On entering: when a version is there and `if_exists` is `refuse`, or the directory holds
        what is not ours.
    """

    def __init__(self, uri: str, if_exists: IfExists, beside: str = r"(?!)") -> None:
        self.uri = files.absolute(uri)
        self._if_exists = if_exists
        self._beside = re.compile(beside)
        self._number = 0
        self._name = ""
        self._tried = False
        self._published = False

    @property
    def content(self) -> str:
        """URI of the directory to write the content into."""
        return files.join(self.uri, self._name)

    def __enter__(self) -> Draft:
        found = files.children(self.uri)
        strange = [name for name in found if not self._is_ours(name)]
        if strange:
            raise UserError(
                f"{self.uri}: the directory is not empty and holds what is not ours "
                f"({', '.join(strange[:3])}); not touched. Choose another place"
            )
        there = max(_numbers_in(found), default=0)
        if there and self._if_exists == "refuse":
            raise UserError(
                f"{self.uri}: is there already (version {there}), and if_exists is refuse; choose "
                "another place, or set if_exists to overwrite or version"
            )
        self._number = there + 1
        self._name = f"v{self._number:06d}-{uuid.uuid4().hex[:8]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: object
    ) -> None:
        if self._published or (self._tried and self._may_stand()):
            return
        beaten = kind is not None and issubclass(kind, Exception) and self._is_beaten()
        self._discard()
        if beaten and not isinstance(raised, ConflictError):
            raise self._conflict() from raised  # the winner swept what this one was writing

    def publish(self, manifest: Mapping[str, Any]) -> Version:
        """Let the version be seen, then delete what it replaces.

        Raises
        ------
        ConflictError
            When another writer has published meanwhile; this one's content is deleted.
        StoreError
            When the manifest cannot be written; or when it cannot be found out whether a newer one
            is there, and then this version stands.
        """
        whole = {**manifest, "version": self._number, "content": self._name}
        text = json.dumps(whole, indent=2, allow_nan=False)
        place = files.join(self.uri, f"v{self._number:06d}.json")
        self._tried = True
        try:
            files.create_bytes(place, text.encode() + b"\n")
        except FileExistsError:
            # A put that was sent twice, because its answer was lost, finds its own manifest.
            if not self._stands():
                raise self._conflict() from None
        self._published = True
        found = files.children(self.uri)
        if max(_numbers_in(found), default=0) > self._number:
            # Others were so much faster that this number had come and gone.
            files.delete(place)
            self._published = False
            raise self._conflict()
        self._sweep(found)
        return Version(self.uri, self._number, whole)

    def _is_ours(self, name: str) -> bool:
        patterns = (_MANIFEST, _CONTENT, _PART, _STRAY, self._beside)
        return any(pattern.fullmatch(name) for pattern in patterns)

    def _stands(self) -> bool:
        """Whether the manifest of this number is there and names this writer's content."""
        try:
            return bool(_read(self.uri, self._number).manifest["content"] == self._name)
        except (FileNotFoundError, ModelError):
            return False

    def _may_stand(self) -> bool:
        """As `_stands`, and when that cannot be found out: the content of a manifest must stay."""
        try:
            return self._stands()
        except StoreError as error:
            logger.warning("%s stays: its manifest may be there: %s", self.content, error)
            return True

    def _is_beaten(self) -> bool:
        try:
            return max(numbers(self.uri), default=0) >= self._number
        except StoreError:
            return False

    def _conflict(self) -> ConflictError:
        return ConflictError(
            f"{self.uri}: another writer published version {max(numbers(self.uri), default=0)} "
            "while this one was at work; that one stands, this one was discarded. Give each writer "
            "a place of its own, or run them one after the other"
        )

    def _discard(self) -> None:
        try:
            files.delete(self.content)
        except StoreError as error:  # the cause of the failure matters more
            logger.warning("%s was not deleted: %s", self.content, error)

    def _sweep(self, found: list[str]) -> None:
        """Delete older versions, unless they are kept, and what killed writers have left.

        Parameters
        ----------
        found : list of str
            Names in the directory, listed after this version was published.
        """
        kept = {self._name}
        try:
            for number in _numbers_in(found):
                if number >= self._number:
                    continue
                if self._if_exists == "version":
                    kept.add(str(_read(self.uri, number).manifest["content"]))
                else:
                    files.delete(files.join(self.uri, f"v{number:06d}.json"))
            for name in found:
                match = _CONTENT.fullmatch(name) or _PART.fullmatch(name)
                if match and int(match[1]) <= self._number and name not in kept:
                    files.delete(files.join(self.uri, name))
        except (StoreError, ModelError, FileNotFoundError) as error:
            logger.warning("%s: older versions were not all deleted: %s", self.uri, error)


def _read(uri: str, number: int) -> Version:
    name = f"v{number:06d}.json"
    try:
        manifest = json.loads(files.read_bytes(files.join(uri, name)))
    except ValueError as error:
        raise ModelError(f"{uri}: {name} is not JSON: {error}") from None
    if not isinstance(manifest, dict):
        raise ModelError(f"{uri}: {name} is not a manifest of emr-ensembles")
    content = _CONTENT.fullmatch(str(manifest.get("content")))
    if content is None or int(content[1]) != number:
        raise ModelError(f"{uri}: {name} names a content that is not its own; it is damaged")
    return Version(uri, number, manifest)
