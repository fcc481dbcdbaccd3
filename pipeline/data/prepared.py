"""The prepared table on disk, and the record that says what it is.

The table lies in a directory of its own (`data-<id>/`, Parquet); `data.json` names it and is
written last, so a reader sees the old table, the new one, or none.
"""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from pipeline import files
from pipeline.data.prepare import SPLIT, Prepared, fingerprint
from pipeline.data.roles import Roles, check_label
from pipeline.data.splits import count_splits, require_nonempty
from pipeline.errors import UserError

logger = logging.getLogger(__name__)

RECORD = "data.json"


@dataclass(frozen=True)
class PreparedTable:
    """What `data.json` says.

    Attributes
    ----------
    uri : str
        Where the Parquet files are.
    roles : Roles
        What the columns are for.
    rows : dict
        Rows of each split.
    fingerprint : str
        Of the table's content.
    made_by : dict
        The settings that it was made by: source, columns, split, seed.
    """

    uri: str
    roles: Roles
    rows: dict[str, int]
    fingerprint: str
    made_by: dict[str, Any]

    def read(self, spark: SparkSession) -> DataFrame:
        """The rows."""
        return spark.read.parquet(self.uri)


def publish(
    spark: SparkSession, output: str, prepared: Prepared, made_by: dict[str, Any]
) -> PreparedTable:
    """Write the table, look at its labels and splits, then let it be seen.

    Raises
    ------
    DataError
        For unusable labels or weights, or an empty split; nothing is left behind then.
    """
    uri = files.join(output, f"data-{uuid.uuid4().hex[:8]}")
    try:
        prepared.frame.write.parquet(uri)
        table = spark.read.parquet(uri)
        check_label(table, prepared.roles)
        rows = count_splits(table, SPLIT)
        require_nonempty(rows)
        found = PreparedTable(uri, prepared.roles, rows, fingerprint(table), made_by)
    except BaseException:
        files.delete(uri)
        raise
    old = _record(output)
    _write_record(output, found)
    if old is not None:
        files.delete(files.join(output, str(old["table"])))
    return found


def open_prepared(output: str, made_by: dict[str, Any]) -> PreparedTable:
    """The prepared table of an output URI.

    Parameters
    ----------
    output : str
        The job's output URI.
    made_by : dict
        The settings that the caller expects it to be made by.

    Raises
    ------
    UserError
        When there is none, or it was made by other settings; names the keys that differ.
    """
    record = _record(output)
    if record is None:
        raise UserError(f"{output}: no prepared table ({RECORD}); run jobs/prepare.py first")
    differing = [key for key, value in made_by.items() if record["made_by"].get(key) != value]
    if differing:
        raise UserError(
            f"{output}: the table was prepared with other settings ({', '.join(differing)}); run "
            "jobs/prepare.py again"
        )
    roles = {**record["roles"], "features": tuple(record["roles"]["features"])}
    roles["key"] = tuple(roles["key"])
    return PreparedTable(
        files.join(output, record["table"]),
        Roles(**roles),
        record["rows"],
        record["fingerprint"],
        record["made_by"],
    )


def _record(output: str) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(files.read_bytes(files.join(output, RECORD)))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UserError(
            f"{output}/{RECORD} is damaged ({error}); run jobs/prepare.py again"
        ) from None
    return record


def _write_record(output: str, table: PreparedTable) -> None:
    record = {
        "format": 1,
        "table": table.uri.rpartition("/")[2],
        "roles": asdict(table.roles),
        "rows": table.rows,
        "fingerprint": table.fingerprint,
        "made_by": table.made_by,
    }
    files.write_bytes(files.join(output, RECORD), json.dumps(record, indent=2).encode() + b"\n")
