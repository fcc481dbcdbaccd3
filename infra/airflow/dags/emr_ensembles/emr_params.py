"""Params of the DAGs on EMR: the cluster, and where everything lies."""

from __future__ import annotations

import os

from airflow.sdk import Param

from emr_ensembles.params import TRAINERS

BASE_VARIABLE = "EMR_ENSEMBLES_BASE"

MOST_LISTS = 5
"""So many lists of instance types are tried at most."""

UNSET = "s3://name-your-bucket"
"""A default must be there; this one is refused, with a sentence, before anything is staged."""

_TEXTS = {
    "base": "Everything is staged below this URI on S3",
    "environment": "What `emr-ensembles env pack` made: its URI on S3, or its file",
    "logs": "EMR writes its logs below this URI; without it below `logs` of the base",
}


def below_base(name: str) -> str:
    """A place below the base that the environment names."""
    return f"{os.environ.get(BASE_VARIABLE, UNSET).rstrip('/')}/{name}"


def place(name: str) -> Param:
    """`base`, `environment` or `logs`, as of `emr-ensembles emr create`."""
    return Param(
        None,
        f"{_TEXTS[name]}. Null: that of $EMR_ENSEMBLES_{name.upper()}.",
        type=["null", "string"],
        minLength=1,
    )


def cluster(default: str) -> Param:
    """The cluster file."""
    return Param(
        default,
        "The cluster file: the name of one in conf/clusters, a path, or a URI.",
        type="string",
        minLength=1,
    )


def cluster_overrides() -> Param:
    """What `--set` of `emr create` takes."""
    return Param(
        [],
        "Keys of the cluster file to override, as limits.idle_minutes=10.",
        type="array",
        items={"type": "string", "pattern": "^[^=\\s]+=.*$"},
    )


def instance_types() -> Param:
    """What the core nodes may be, one after the other."""
    return Param(
        [],
        "Lists of instance types for the core nodes, in the order in which they are tried: the "
        "next list when AWS has no room for those before, or does not allow them. Empty: those of "
        "the cluster file.",
        type="array",
        maxItems=MOST_LISTS,
        items={
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "pattern": "^[a-z0-9-]+\\.[a-z0-9-]+$"},
        },
    )


def core_count() -> Param:
    """How many core nodes."""
    return Param(
        None,
        "How many core nodes. Null: as the cluster file says.",
        type=["null", "integer"],
        minimum=1,
    )


def release() -> Param:
    """EMR's release."""
    return Param(
        None,
        "EMR's release. Null: that of the cluster file.",
        type=["null", "string"],
        pattern="^emr-[0-9]+\\.[0-9]+\\.[0-9]+$",
    )


def trainers() -> Param:
    """Which models to train."""
    return Param(
        None,
        "Which models to train. Null: those that the cluster file is made for.",
        type=["null", "array"],
        items={"type": "string", "enum": list(TRAINERS)},
        uniqueItems=True,
        minItems=1,
    )


def table() -> Param:
    """Which table is scored."""
    return Param(
        below_base("table"),
        "The URI of the table whose partitions are scored: directories such as dt=2026-11-22.",
        type="string",
        minLength=1,
    )


def partition_key() -> Param:
    """The partitions' name."""
    return Param(
        "dt",
        "What stands before the date in the names of partitions.",
        type="string",
        pattern="^[A-Za-z0-9_]+$",
    )


def partition_format() -> Param:
    """How partitions are written."""
    return Param("parquet", "Of the table.", type="string", enum=["parquet", "csv", "json", "orc"])


def most_partitions() -> Param:
    """So many at a time."""
    return Param(
        30,
        "So many partitions are scored by one run at most: that of its date, then the oldest.",
        type="integer",
        minimum=1,
        maximum=200,  # EMR takes 256 steps that have not ended
    )


def cluster_params(default: str) -> dict[str, Param]:
    """All that a cluster is made from."""
    return {
        "cluster": cluster(default),
        "cluster_overrides": cluster_overrides(),
        "instance_types": instance_types(),
        "core_count": core_count(),
        "release": release(),
        **{name: place(name) for name in _TEXTS},
    }
