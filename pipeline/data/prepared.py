"""The prepared table in the store, and the manifest that says what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from pipeline import files
from pipeline.data.labels import check_label
from pipeline.data.prepare import SPLIT, Prepared, fingerprint
from pipeline.data.roles import Roles
from pipeline.data.splits import SPLITS, require_nonempty
from pipeline.errors import ModelError, UserError
from pipeline.store.versions import Draft, IfExists, Version, newest

DIRECTORY = "data"
FORMAT = 2


@dataclass(frozen=True)
class PreparedTable:
    """What its manifest says.

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
    columns : dict
        Name and type of every column of the source table.
    """

    uri: str
    roles: Roles
    rows: dict[str, int]
    fingerprint: str
    made_by: dict[str, Any]
    columns: dict[str, str]

    def read(self, spark: SparkSession) -> DataFrame:
        """The rows."""
        return spark.read.parquet(self.uri)


def publish(
    spark: SparkSession,
    output: str,
    prepared: Prepared,
    made_by: dict[str, Any],
    *,
    inputs: Mapping[str, Any],
    if_exists: IfExists = "overwrite",
) -> PreparedTable:
    """Write the table, look at its labels and splits, then let it be seen.

    Parameters
    ----------
    spark : SparkSession
        The session.
    output : str
        The job's output URI; the table lies in `data/` below it.
    prepared : Prepared
        The table.
    made_by : dict
        The settings that it was made by, which readers compare with their own.
    inputs : mapping
        All that the table depends on, for a later run to compare.
    if_exists : {"overwrite", "version", "refuse"}
        What becomes of a table that is there already.

    Raises
    ------
    DataError
        For unusable labels or weights, or an empty split; nothing is left behind then.
    UserError
        When a table is there already and `if_exists` is `refuse`.
    """
    with Draft(table_uri(output), if_exists) as draft:
        prepared.frame.write.parquet(draft.content)
        table = spark.read.parquet(draft.content)
        found = check_label(table, prepared.roles, SPLIT)
        rows = {split: found[split] for split in SPLITS}
        require_nonempty(rows)
        manifest = {
            "format": FORMAT,
            "roles": asdict(prepared.roles),
            "rows": rows,
            "fingerprint": fingerprint(table, prepared.roles),
            "made_by": made_by,
            "columns": prepared.columns,
            "inputs": dict(inputs),
        }
        return _from_version(draft.publish(manifest))


def table_uri(output: str) -> str:
    """Where the prepared table of an output URI lies."""
    return files.join(output, DIRECTORY)


def find_prepared(output: str) -> Version | None:
    """The newest prepared table's manifest, or None where there is none.

    Raises
    ------
    UserError
        When it is damaged, or of another format.
    """
    try:
        found = newest(table_uri(output))
    except ModelError as error:
        raise UserError(f"{error}; run jobs/prepare.py again") from None
    if found is not None and found.manifest.get("format") != FORMAT:
        raise UserError(
            f"{found.uri}: written in format {found.manifest.get('format')}, this version reads "
            f"format {FORMAT}; run jobs/prepare.py again"
        )
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
    found = find_prepared(output)
    if found is None:
        raise UserError(f"{output}: no prepared table; run jobs/prepare.py first")
    table = _from_version(found)
    differing = [key for key, value in made_by.items() if table.made_by.get(key) != value]
    if differing:
        raise UserError(
            f"{output}: the table was prepared with other settings ({', '.join(differing)}); run "
            "jobs/prepare.py again"
        )
    return table


def _from_version(found: Version) -> PreparedTable:
    manifest = found.manifest
    roles = dict(manifest["roles"])
    for name in ("features", "key", "text"):
        roles[name] = tuple(roles.get(name, ()))
    return PreparedTable(
        uri=found.content,
        roles=Roles(**roles),
        rows=manifest["rows"],
        fingerprint=manifest["fingerprint"],
        made_by=manifest["made_by"],
        columns=manifest["columns"],
    )
