"""What YARN says when it kills a container for its memory, and which knob to turn."""

from __future__ import annotations

import re

_USED = r"([\d.]+ ?\w+) of ([\d.]+ ?\w+) (?:physical|virtual) memory used"
_KILLED = re.compile(
    r"(?:exceeding|running (?:\w+ )?beyond) (?:the )?'?(?:physical|virtual)'? memory limits?"
    r"(?:(?!\n\n).)*?" + _USED,
    re.IGNORECASE | re.DOTALL,
)
_OF_DRIVER = re.compile(r"AM Container|ApplicationMaster", re.IGNORECASE)


def killed_for_memory(text: str) -> str | None:
    """A sentence for the user, when the text tells of such an end; None otherwise."""
    match = _KILLED.search(text)
    if match is None:
        return None
    used, limit = match[1], match[2]
    if _OF_DRIVER.search(text):
        return (
            f"YARN killed the driver's container for its memory: it used {used} of {limit}. The "
            "driver's Python lives outside of the JVM's heap: raise spark.driver.memoryOverhead"
        )
    return (
        f"YARN killed an executor's container for its memory: it used {used} of {limit}. XGBoost, "
        "MXNet and mapped shards live outside of the JVM's heap: raise "
        "spark.executor.memoryOverhead, or have more workers, each with a smaller shard"
    )
