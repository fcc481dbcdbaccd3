"""Places in a config that a cluster's nodes cannot reach, or that do not outlive the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pipeline import files
from pipeline.cli.plan.asked import Asked
from pipeline.files.filesystems import SCHEMES

_REGISTRY = "promotion.registry"
_LASTING = ("output", _REGISTRY)  # to be read when the cluster is gone
_ON_S3 = ("s3", "s3a")

# Lists of files that YARN hands to containers; each may be a path of the node that submits.
_SHIPPED = (
    *("spark.jars", "spark.files", "spark.archives"),
    *(f"spark.yarn.dist.{what}" for what in ("jars", "files", "archives", "pyFiles")),
)


def uri_problems(asked: Asked) -> Iterator[str]:
    """A sentence for each place that no node reaches."""
    for key, uri in _read_or_written(asked).items():
        scheme = urlsplit(files.absolute(uri)).scheme
        where = "s3://" if key in _LASTING else "s3:// or hdfs://"
        if files.is_local(uri):
            yield (
                f"{key}: {uri}: the cluster's nodes do not see this machine's disk: name a place "
                f"on {where}"
            )
        elif scheme not in SCHEMES and key != "source.uri":  # which Spark alone reads
            yield f"{key}: {uri}: unknown scheme {scheme}: name a place on {where}"
        elif key == "output" and scheme not in _ON_S3:
            yield (
                f"output: {uri}: it must outlive the cluster, and be read from outside of it, to "
                "tell what is done: name a place on s3://"
            )
    for name, entry in _shipped(asked):
        if "://" not in entry and not entry.startswith(("/", "file:", "local:")):
            yield (
                f"spark: {name}: {entry}: steps are submitted by the primary node, which has no "
                "such file: put it on s3://"
            )


def uri_notes(asked: Asked) -> Iterator[str]:
    """A sentence for each place that may not hold what is expected of it."""
    registry = _read_or_written(asked).get(_REGISTRY, "")
    if registry.startswith("hdfs:"):
        yield f"{_REGISTRY}: {registry}: HDFS ends with its cluster, and champions with it: use s3://"
    source = asked.config.source
    if "prepare" in asked.jobs and (source.uri or "").startswith("hdfs:///"):
        yield f"source.uri: {source.uri}: the HDFS of a new cluster is empty: bring the table there"
    if "prepare" in asked.jobs and source.kind == "table":
        yield (
            f"source.table: {source.table}: Spark knows the catalog that the settings spark.sql."
            "catalog… name; without them it starts with an empty one"
        )
    for name, entry in _shipped(asked):
        if entry.startswith(("/", "file:")):
            yield f"spark: {name}: {entry}: taken from the primary node's own disk"


def _read_or_written(asked: Asked) -> dict[str, str]:
    """The places that the jobs use, by key."""
    config, jobs = asked.config, asked.jobs
    found = {"output": config.output, "scratch": config.scratch}
    if "prepare" in jobs:
        found["source.uri"] = config.source.uri
    if "boost" in jobs:
        found["boosting.initial_model"] = config.boosting.initial_model
        found["boosting.resume_from"] = config.boosting.resume_from
    if "score" in jobs or "report" in jobs:
        found[_REGISTRY] = config.promotion.registry
    if "deep" in jobs:
        found["deep.resume_from"] = config.deep.resume_from
        found["text.checkpoint"] = config.text.checkpoint
        found["text.resume_from"] = config.text.resume_from
    return {key: uri for key, uri in found.items() if uri is not None}


def _shipped(asked: Asked) -> Iterator[tuple[str, str]]:
    for name in _SHIPPED:
        for entry in asked.spark.get(name, "").split(","):
            if entry.strip():
                yield name, entry.strip()
