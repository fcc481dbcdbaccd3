"""What a cluster costs in an hour at most, and when it ends by itself, in words."""

from __future__ import annotations

from pipeline.emr.clusters.room import hourly_bound, types_without_price
from pipeline.emr.clusters.settings import ClusterSettings

IDLE = "no application on YARN, and HDFS less than 10 % full"
"""When EMR takes a cluster for idle."""

_ON_TOP = "volumes, S3 and network come on top"


def bound_text(settings: ClusterSettings) -> str:
    """Such as `at most 3.20 an hour for instances (…)`, in the currency of the file's prices."""
    bound = hourly_bound(settings)
    if bound is not None:
        return f"at most {bound:.2f} an hour for instances ({_ON_TOP})"
    missing = ", ".join(types_without_price(settings))
    return f"an unknown sum an hour (the cluster file has no price for {missing})"


def idle_text(settings: ClusterSettings) -> str:
    """When a cluster ends that nobody ends; idle is what EMR calls so (`IDLE`)."""
    return f"ends by itself after {settings.limits.idle_minutes} minutes idle"
