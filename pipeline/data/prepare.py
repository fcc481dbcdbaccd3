"""The prepared table that all trainers start from: roles checked, rows identified and split."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import DecimalType

from pipeline.data.identity import row_hash, with_row_id
from pipeline.data.names import column, require
from pipeline.data.roles import Roles, check_roles
from pipeline.data.settings import ColumnsSettings, SplitSettings
from pipeline.data.splits import with_split
from pipeline.errors import DataError

ROW_ID = "row_id"
SPLIT = "split"
RESERVED = (ROW_ID, SPLIT, "is_validation", "probability", "prediction")
"""Names that this and later jobs give to columns of their own."""


@dataclass(frozen=True)
class Prepared:
    """A table ready to train on.

    Attributes
    ----------
    frame : DataFrame
        The columns that have a role, `row_id` (long, distinct) and `split` (string: train,
        validation or test). Not computed yet, nor cached.
    roles : Roles
        What its columns are for.
    columns : dict
        Name and type of every column of the source table.
    """

    frame: DataFrame
    roles: Roles
    columns: dict[str, str]


def prepare(df: DataFrame, columns: ColumnsSettings, split: SplitSettings, seed: int) -> Prepared:
    """Check a table's roles, keep the columns that have one, name and split its rows.

    Decimals become doubles, after the rows have their ids. Labels and weights are looked at by
    `check_label`, not here.

    Parameters
    ----------
    df : DataFrame
        As `read` gives it.
    columns : ColumnsSettings
        What its columns mean.
    split : SplitSettings
        Shares, and whether time decides.
    seed : int
        Draws the split.

    Returns
    -------
    Prepared
        Lazy, but for the checks that `columns.key` and `split.by_time` need: a Spark job each.

    Raises
    ------
    DataError
        As `check_roles`, `with_row_id` and `with_split` raise it, and for names that the jobs
        need for themselves.
    """
    roles = check_roles(df, columns)
    if split.by_time is not None:
        require(df, [split.by_time], "split.by_time")
    used = _used(roles, split)
    _require_free(used)
    chosen = df.select(*[column(name) for name in used])
    identified = with_row_id(chosen, key=roles.key, name=ROW_ID)
    divided = with_split(identified, split, seed, row_id=ROW_ID, name=SPLIT)
    found = {field.name: field.dataType.simpleString() for field in df.schema.fields}
    return Prepared(frame=_without_decimals(divided), roles=roles, columns=found)


def fingerprint(df: DataFrame, roles: Roles) -> str:
    """A name for a prepared table's content and what is learnt from it, by one Spark job.

    Equal for tables of equal columns (names, types and roles) and equal rows, whatever their order
    and partitions; different for others, as surely as 64-bit hashes, summed and xored, can tell.

    Parameters
    ----------
    df : DataFrame
        A prepared table: `row_id` keeps equal rows apart.
    roles : Roles
        What its columns are for. Keys and times do not count by themselves: rows that are named or
        split in another way are other rows.

    Returns
    -------
    str
        64 hexadecimal digits, a SHA-256.
    """
    hashes = df.select(row_hash(df, df.columns).alias("hash"))
    # A sum of longs would overflow; 30 decimal digits hold it for a hundred billion rows.
    total = F.sum(F.col("hash").cast("decimal(20,0)"))
    rows, summed, xored = hashes.agg(F.count("*"), total, F.bit_xor("hash")).collect()[0]
    schema = sorted([field.name, field.dataType.simpleString()] for field in df.schema.fields)
    learnt = [roles.label, roles.features, roles.vector, roles.weight, roles.text]
    facts = [schema, rows, str(summed), xored, learnt]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _require_free(used: list[str]) -> None:
    taken = [name for name in used if name.lower() in RESERVED]
    if taken:
        raise DataError(
            f"column {', '.join(taken)}: the name is needed by the pipeline; rename the column, "
            "or name it in columns.drop"
        )


def _used(roles: Roles, split: SplitSettings) -> list[str]:
    """Names of the columns that have a role, each once."""
    optional = [roles.vector, roles.weight, roles.time, split.by_time]
    inputs = [*roles.features, *roles.text]
    named = [roles.label, *inputs, *(name for name in optional if name), *roles.key]
    return list(dict.fromkeys(named))


def _without_decimals(df: DataFrame) -> DataFrame:
    names = [f.name for f in df.schema.fields if isinstance(f.dataType, DecimalType)]
    return df.withColumns({name: column(name).cast("double") for name in names})
