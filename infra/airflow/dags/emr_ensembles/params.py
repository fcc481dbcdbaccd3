"""Params of the DAGs: what a person may choose for a run, each with its JSON schema."""

from __future__ import annotations

from airflow.sdk import Param

TRAINERS = ("bag", "boost", "deep")


def config() -> Param:
    """The job's YAML."""
    return Param(
        "conf/flights.yaml",
        "The job's YAML file: a URI, or a path; a relative one lies in the project's clone.",
        type="string",
        minLength=1,
    )


def output(default: str) -> Param:
    """The base of all dates' outputs."""
    return Param(
        default,
        "A URI or path; every date has a directory of its own below it.",
        type="string",
        minLength=1,
    )


def overrides() -> Param:
    """What `--set` takes."""
    return Param(
        [],
        "Keys of the config to override, as boosting.rounds=50.",
        type="array",
        items={"type": "string", "pattern": "^[^=\\s]+=.*$"},
    )


def trainers() -> Param:
    """Which models to train."""
    return Param(
        list(TRAINERS),
        "Which models to train.",
        type="array",
        items={"type": "string", "enum": list(TRAINERS)},
        uniqueItems=True,
        minItems=1,
    )


def connection(default: str) -> Param:
    """Which cluster."""
    return Param(
        default,
        "The Airflow connection of type Spark that names the master.",
        type="string",
        pattern="^[A-Za-z0-9_.-]+$",
    )


def registry(default: str) -> Param:
    """Where champions are kept."""
    return Param(
        default,
        "A URI or path below which champions are kept, by name, apart from the outputs of dates. "
        "Null: promotion.registry of the config; without one nothing is promoted.",
        type=["null", "string"],
        minLength=1,
    )
