"""What YARN says when it kills a container for its memory, and which knob to turn."""

from __future__ import annotations

import re

_USED = r"([\d.]+ ?\w+) of ([\d.]+ ?\w+) (?:physical|virtual) memory used"
_KILLED = re.compile(
    r"(?:exceeding|running (?:\w+ )?beyond) (?:the )?'?(?:physical|virtual)'? memory limits?"
    r"(?:(?!\n\n).)*?" + _USED,
    re.IGNORECASE | re.DOTALL,
)
# The kernel's own, with a cgroup's limit: nothing says how much was used.
_BY_KERNEL = re.compile(
    r"container(?:(?!\n\n).)*?exit(?:ed with)? ?(?:status|code):? *137\b", re.IGNORECASE | re.DOTALL
)
_OF_DRIVER = re.compile(r"AM Container|ApplicationMaster", re.IGNORECASE)


def killed_for_memory(text: str) -> str | None:
    """A sentence for the user, when the text tells of such an end; None otherwise."""
    match = _KILLED.search(text)
    if match is not None:
        how = f"YARN killed {{}} for its memory: it used {match[1]} of {match[2]}."
    elif _BY_KERNEL.search(text):
        how = "{} was killed (exit code 137): by the kernel for its memory, or by somebody."
    else:
        return None
    if _OF_DRIVER.search(text):
        return how.format("the driver's container") + (
            " The driver's Python lives outside of the JVM's heap: raise "
            "spark.driver.memoryOverhead"
        )
    return how.format("an executor's container") + (
        " XGBoost, MXNet and mapped shards live outside of the JVM's heap: raise "
        "spark.executor.memoryOverhead, or have more executors, each with a smaller shard"
    )
