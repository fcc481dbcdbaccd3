"""Everything that a cluster needs before it is requested: what its nodes read, and its record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.emr.clusters.request import RECORD_TAG, request
from pipeline.emr.running.artifacts import Prepared, prepare_artifacts
from pipeline.emr.running.record import ClusterRecord, has_record, record_uri, write_record

if TYPE_CHECKING:
    from pipeline.emr.clusters.settings import ClusterSettings


@dataclass(frozen=True)
class ClusterStaging:
    """A cluster that can be requested once `bring` has been called.

    Parameters
    ----------
    request : dict
        The arguments of RunJobFlow; the last tag says where the record is.
    record : ClusterRecord
        What the cluster is created from.
    record_uri : str
        Where that is written.
    prepared : Prepared
        What nodes read.
    """

    request: dict[str, Any]
    record: ClusterRecord
    record_uri: str
    prepared: Prepared

    @property
    def name(self) -> str:
        """The cluster's name, the same for the same cluster file and the same artifacts."""
        return str(self.request["Name"])

    def bring(self, *, runs: bool = False) -> None:
        """Write what is not there yet, and the record.

        Parameters
        ----------
        runs : bool
            Whether the cluster is there already. Its record says what it was created from, and
            is left alone then: prices, limits and trainers of the file may have changed since,
            and the name does not depend on all of them. Only one that was lost is written anew.

        Raises
        ------
        StoreError
            When it cannot be written.
        """
        self.prepared.bring()
        if not (runs and has_record(self.record_uri)):
            write_record(self.record, self.record_uri)


def prepare_cluster(
    settings: ClusterSettings,
    base: str,
    environment: str,
    bootstrap: Path,
    logs: str | None = None,
) -> ClusterStaging:
    """Make the request of a cluster; nothing is written yet.

    Parameters
    ----------
    settings : ClusterSettings
        The cluster file's content.
    base : str
        URI on S3 below which everything is staged.
    environment : str
        The packed environment: its URI on S3, or its file on this machine.
    bootstrap : Path
        The directory of `node.sh` and `bundle.sh`.
    logs : str, optional
        URI below which EMR writes logs; default: `logs` below the base.

    Raises
    ------
    UserError
        When something of it cannot be used.
    """
    prepared = prepare_artifacts(base, environment, bootstrap, logs)
    made = request(settings, prepared.artifacts)
    uri = record_uri(base, made["Name"])
    made["Tags"] = [*made["Tags"], {"Key": RECORD_TAG, "Value": uri}]
    record = ClusterRecord(settings, prepared.artifacts, base.rstrip("/"))
    return ClusterStaging(made, record, uri, prepared)
