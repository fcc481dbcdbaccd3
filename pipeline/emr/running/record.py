"""What a cluster was created from, kept on S3, so that whoever submits to it uses the same numbers.

```
<base>/clusters/<name>.json     the record; a tag of the cluster says where
<base>/staging/                 code and configs, under names that say what is in them
<base>/bootstrap/               what nodes install when they start
<base>/environments/            packed Python environments that were local
<base>/verdicts/<cluster id>/   what nodes found out about themselves
```
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from typing import Any

from pipeline import files
from pipeline.config import validate
from pipeline.emr.clusters.request import RECORD_TAG, Artifacts
from pipeline.emr.clusters.settings import ClusterSettings
from pipeline.emr.running.states import Cluster
from pipeline.errors import StoreError, UserError

FORMAT = 1
_DAMAGED = (AttributeError, KeyError, TypeError, ValueError)
_TAG_VALUE = re.compile(r"[A-Za-z0-9 +\-=._:/@]{1,256}")


@dataclass(frozen=True)
class ClusterRecord:
    """What a cluster was created from.

    Parameters
    ----------
    settings : ClusterSettings
        The cluster file's content.
    artifacts : Artifacts
        What its nodes read.
    base : str
        URI below which everything is staged.
    """

    settings: ClusterSettings
    artifacts: Artifacts
    base: str

    @property
    def staging(self) -> str:
        """Where code and configs of steps are put."""
        return files.join(self.base, "staging")


def record_uri(base: str, name: str) -> str:
    """Where the record of a cluster of that name lies.

    Raises
    ------
    UserError
        For a place that a tag cannot name.
    """
    uri = files.join(base, "clusters", f"{name}.json")
    if not _TAG_VALUE.fullmatch(uri):
        raise UserError(
            f"{uri}: a tag cannot hold it: use at most 256 letters, digits and + - = . _ : / @"
        )
    return uri


def write_record(record: ClusterRecord, uri: str) -> None:
    """Write a record; it replaces that of an earlier cluster of the same name.

    What the name does not depend on may differ then, such as prices: whoever only finds a cluster
    that runs leaves its record alone (`has_record`).

    Raises
    ------
    StoreError
        When it cannot be written.
    """
    content = {
        "format": FORMAT,
        "cluster": record.settings.model_dump(mode="json", exclude_none=True),
        "artifacts": dataclasses.asdict(record.artifacts),
        "base": record.base,
    }
    files.write_bytes(uri, json.dumps(content, indent=2).encode())


def has_record(uri: str) -> bool:
    """Whether a record lies there, also one of another version; what is damaged is none.

    Raises
    ------
    StoreError
        When it cannot be read.
    """
    try:
        _record(json.loads(files.read_bytes(uri)), uri)
    except (FileNotFoundError, *_DAMAGED):
        return False
    except UserError as error:
        if isinstance(error, StoreError):
            raise
    return True


def record_of(cluster: Cluster) -> ClusterRecord:
    """The record of a cluster that was described.

    Raises
    ------
    UserError
        When the cluster has none, or one that this version cannot read.
    StoreError
        When it cannot be read.
    """
    uri = cluster.tags.get(RECORD_TAG)
    if uri is None:
        raise UserError(
            f"cluster {cluster.id} ({cluster.name}) has no tag {RECORD_TAG}: it was not created "
            "by emr-ensembles emr create, and nothing says what it was made from"
        )
    return read_record(uri, f"cluster {cluster.id}")


def read_record(uri: str, whose: str) -> ClusterRecord:
    """A record by its URI, also of a cluster that is still to be created.

    Parameters
    ----------
    uri : str
        Where it lies.
    whose : str
        What an error calls the cluster.

    Raises
    ------
    UserError
        When it is gone, or this version cannot read it.
    StoreError
        When it cannot be read.
    """
    anew = "repeat emr-ensembles emr create with the same arguments, which writes it anew"
    try:
        return _record(json.loads(files.read_bytes(uri)), uri)
    except FileNotFoundError:
        raise UserError(f"{whose}: its record {uri} is gone; {anew}") from None
    except _DAMAGED as error:
        raise UserError(f"{uri}: not the record of a cluster ({error!r}); {anew}") from error


def _record(content: dict[str, Any], uri: str) -> ClusterRecord:
    if content.get("format") != FORMAT:
        raise UserError(
            f"{uri}: written in format {content.get('format')}, and this version reads {FORMAT}: "
            "use the version that created the cluster"
        )
    return ClusterRecord(
        settings=validate(ClusterSettings, content["cluster"], uri),
        artifacts=Artifacts(**content["artifacts"]),
        base=content["base"],
    )
