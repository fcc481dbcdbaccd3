"""Reads what the JVM says of a failure: chains of causes, tracebacks, and much besides."""

from __future__ import annotations

import re

_LONGEST = 1500

_PREFIX = re.compile(
    r"^An error occurred while calling \S+\s+: "
    r"|^Job aborted due to stage failure: "
    r"|^Task \d+ in stage [\d.]+ failed \d+ times, most recent failure: "
    r"|^Lost task [\d.]+ in stage [\d.]+ \(TID \d+\) \([^)]*\): (?!ExecutorLost)"
    r"|^Lost task [\d.]+ in stage [\d.]+ \(TID \d+\) (?=\([^)]*\): ExecutorLost)"
    r"|^\[[A-Z][A-Z0-9_.]+\] "
)
_CLASS = re.compile(r"^(?:[a-z]\w*\.)+([A-Z][\w$]*)(?:: |:?$)")
_FRAME = re.compile(
    r"^\s+at |^\s*\.\.\. \d+ more|^Driver stacktrace:|^JVM stacktrace:|^\tSuppressed:"
)
_EMPTY = re.compile(r"^(Exception thrown in awaitResult:?|Job aborted\.?|Writing job aborted\.?)?$")
# The rest of such a message: a query plan, the query itself, an advice for sessions of SQL.
_TAIL = re.compile(
    r"[.;]?;\n['+!\w].*|\n+== SQL ==\n.*"
    r"|\s*It is possible the underlying files have been updated\..*",
    re.DOTALL,
)
_PYTHON_FRAME = re.compile(r"^ +File \".*\", line \d+.*$", re.MULTILINE)
_PYTHON_LINE = re.compile(r"^[A-Za-z_][\w.]*(?::|$)", re.MULTILINE)
_ADVICE = {
    "OutOfMemoryError": "give the executors or the driver more memory (spark.executor.memory, "
    "spark.driver.memory)",
    "No space left on device": "free space on that disk, or let Spark and the job use another "
    "(spark.local.dir, output, scratch)",
    "SparkFileNotFoundException": "it was there when the job began, so something has deleted or "
    "replaced it; run the job again",
    "Python worker exited unexpectedly": "memory is the usual reason: raise "
    "spark.executor.memoryOverhead, and see the executor's log",
}


def paragraph(text: str) -> str:
    """What a failure's text comes to: what was being done, and the deepest cause.

    Parameters
    ----------
    text : str
        A message of Spark's, or a Java stack trace.
    """
    if (python := _python(text)) is not None:
        return python
    advice = next((what for sign, what in _ADVICE.items() if sign in text), None)
    told = _told(text)
    return f"{told}; {advice}" if advice else told


def _told(text: str) -> str:
    said = [one for one in map(_sentence, _links(text)) if one]
    if not said:
        return _whole(text)
    first, last = said[0], said[-1]
    return last if first in last else f"{first.rstrip('.:')}: {last}"[:_LONGEST]


def _links(text: str) -> list[str]:
    """The messages of an exception and of its causes, without their frames."""
    found: list[list[str]] = []
    is_message = False
    for line in text.splitlines():
        if line.startswith("Caused by: ") or not found:
            found.append([line.removeprefix("Caused by: ")])
            is_message = True
        elif _FRAME.match(line):
            is_message = False
        elif is_message:
            found[-1].append(line)
    return ["\n".join(lines).strip() for lines in found]


def _sentence(link: str) -> str:
    """A message without what Spark puts around it."""
    kind = ""
    before = None
    while link != before:
        before = link
        link = _PREFIX.sub("", link)
        if match := _CLASS.match(link):
            kind = match[1]
            link = link[match.end() :]
    link = _whole(_TAIL.sub("", link)).replace(".; line ", "; line ")
    if _EMPTY.match(link):
        return kind if kind not in ("", "SparkException") else ""
    is_short = len(link.split()) < 3
    return f"{kind}: {link}" if kind and (kind.endswith("Error") or is_short) else link


def _python(text: str) -> str | None:
    """The last lines of a Python traceback, from the exception's name on."""
    if "Traceback (most recent call last)" not in text:
        return None
    frames = list(_PYTHON_FRAME.finditer(text))
    name = _PYTHON_LINE.search(text, frames[-1].end() if frames else 0)
    if name is None:
        return None
    kept = []
    for line in text[name.start() :].splitlines():
        if not line.strip() or _FRAME.match(line):
            break
        kept.append(line)
    return _whole(" ".join(kept))


def _whole(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]
