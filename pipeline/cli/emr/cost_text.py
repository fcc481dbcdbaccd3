"""What a cluster costs in an hour at most, and when it ends by itself, in words."""

from __future__ import annotations

from pipeline.emr.clusters.room import hourly_bound
from pipeline.emr.clusters.settings import ClusterSettings


def bound_text(settings: ClusterSettings) -> str:
    """Such as `at most 3.20 an hour`, in the currency of the file's prices."""
    bound = hourly_bound(settings)
    if bound is not None:
        return f"at most {bound:.2f} an hour"
    used = dict.fromkeys(name for fleet in settings.fleets.values() for name in fleet.types)
    missing = [name for name in used if name not in settings.prices]
    return f"an unknown sum an hour (the cluster file has no price for {', '.join(missing)})"


def idle_text(settings: ClusterSettings) -> str:
    """When a cluster ends that nobody ends."""
    return f"ends by itself after {settings.limits.idle_minutes} minutes idle"
