"""The record of a run: what was asked, with what it was made, how each job ended.

```
<output>/runs/<id>/run.json            the whole record
<output>/runs/<id>/jobs/<job>.json     one job's part, written by that job alone
```

`run.json` is put together anew whenever a part changes; jobs that run side by side each have a part
of their own. It is written when a run begins and also when it fails: where a cluster swallows exit
codes, it carries them. A run `of` one command has that command's outcome; one `of` jobs that
somebody else started has the outcome of its jobs.
"""

from __future__ import annotations

import datetime
import json
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import files
from pipeline.errors import UserError
from pipeline.store.owner import is_gone, is_owner, owner

FORMAT = 1
_TRIES = 5
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class RunPlace:
    """Where a run's record lies.

    Attributes
    ----------
    output : str
        The jobs' output URI.
    run_id : str
        Names the run.
    """

    output: str
    run_id: str

    @property
    def uri(self) -> str:
        """The record's directory."""
        return files.join(runs_uri(self.output), self.run_id)

    @property
    def record_uri(self) -> str:
        """`run.json`."""
        return files.join(self.uri, "run.json")

    def job_uri(self, job: str, ending: str = "json") -> str:
        """A job's part of the record, or another file of that job."""
        return files.join(self.uri, "jobs", f"{job}.{ending}")


def runs_uri(output: str) -> str:
    """Where the records of all runs of an output URI lie."""
    return files.join(output, "runs")


def new_run_id() -> str:
    """A name for a new run: the time in UTC, so that names sort, and four random digits."""
    return f"{datetime.datetime.now(datetime.UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}"


def require_run_id(run_id: str) -> str:
    """Refuse a name that is none.

    Raises
    ------
    UserError
        For a name with other characters than letters, digits, dot, dash and underscore.
    """
    if not _ID.fullmatch(run_id):
        raise UserError(f"run id {run_id!r}: use letters, digits, dots, dashes and underscores")
    return run_id


def now() -> str:
    """The time, in UTC, as records have it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def begin(place: RunPlace, facts: Mapping[str, Any]) -> None:
    """Write the record of a run that begins; does nothing when it has begun already.

    Parameters
    ----------
    place : RunPlace
        Where it lies.
    facts : mapping
        What the record says besides; `of` is `run` for a run that `end` will end, and `jobs` for
        one that has ended when its jobs have: all of those in `expected`, if it says which. A run
        that outlives this process, on a cluster, has the `owner` None.
    """
    if _read(place.record_uri) is not None:
        return
    record = {
        "format": FORMAT,
        "run": place.run_id,
        "outcome": "running",
        "exit_code": None,
        "started": now(),
        "ended": None,
        "owner": owner(),
        **facts,
        "jobs": {},
    }
    _write(place.record_uri, record)


def note_job(place: RunPlace, job: str, part: Mapping[str, Any]) -> None:
    """Write one job's part, and put the record together.

    Raises
    ------
    UserError
        When the record of the run is gone.
    StoreError
        When it cannot be written.
    """
    _write(place.job_uri(job), {"job": job, **part})
    seen: dict[str, Any] = {}
    for _ in range(_TRIES):  # a job beside this one may have written meanwhile
        if seen == _jobs(place):
            return
        seen = _put_together(place, {})


def end(place: RunPlace, outcome: str, exit_code: int) -> None:
    """Note how a run ended: `success`, `failed` or `interrupted`."""
    _put_together(place, {"outcome": outcome, "exit_code": exit_code, "ended": now()})


def read_run(place: RunPlace) -> dict[str, Any]:
    """A run's record; `outcome` is `died` where its process is gone without a word.

    Raises
    ------
    UserError
        When there is no such run.
    """
    record = _read(place.record_uri)
    if record is None:
        known = ", ".join(list_runs(place.output)[-5:]) or "none"
        raise UserError(f"{place.output}: no run {place.run_id}; the last runs are: {known}")
    record |= _of_jobs(place)
    for part in [record, *record["jobs"].values()]:
        whose = part.get("owner")
        if part["outcome"] == "running" and is_owner(whose) and is_gone(whose):
            part["outcome"] = "died"
    return record


def read_job(place: RunPlace, job: str) -> dict[str, Any] | None:
    """One job's part of the record; None where it has none yet."""
    return _read(place.job_uri(job))


def list_runs(output: str) -> list[str]:
    """Names of the runs of an output URI, sorted; those that have no record yet are among them."""
    return [name for name in files.children(runs_uri(output)) if _ID.fullmatch(name)]


def read_runs(output: str) -> list[dict[str, Any]]:
    """The records of all runs of an output URI, the oldest first.

    A run that was killed before it had a record, or whose record is damaged, has the outcome
    `no record`.
    """
    records = []
    for name in list_runs(output):
        try:
            records.append(read_run(RunPlace(output, name)))
        except UserError:
            records.append({"run": name, "outcome": "no record", "started": "", "jobs": {}})
    return sorted(records, key=lambda record: str(record["started"]))


def _put_together(place: RunPlace, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Write the record; returns the jobs' parts that are in it."""
    record = _read(place.record_uri)
    if record is None:
        raise UserError(f"{place.record_uri}: the record of the run is gone")
    parts = _of_jobs(place)
    ended = _end_of(record, parts["jobs"]) if record.get("of") == "jobs" else {}
    _write(place.record_uri, {**record, **ended, **changes, **parts})
    found: dict[str, Any] = parts["jobs"]
    return found


def _end_of(record: Mapping[str, Any], jobs: Mapping[str, Any]) -> dict[str, Any]:
    """The outcome of a run that is nothing but its jobs: the first failure's, if there is one."""
    parts = list(jobs.values())
    bad = [part for part in parts if part["outcome"] in ("failed", "interrupted")]
    is_due = not bad and any(job not in jobs for job in record.get("expected", ()))
    if is_due or any(part["outcome"] == "running" for part in parts):
        return {"outcome": "running", "exit_code": None, "ended": None}
    last = max((str(part.get("ended") or "") for part in parts), default="")
    first = bad[0] if bad else {"outcome": "success", "exit_code": 0}
    return {"outcome": first["outcome"], "exit_code": first["exit_code"], "ended": last or None}


def _of_jobs(place: RunPlace) -> dict[str, Any]:
    """What the record of a run has from those of its jobs."""
    jobs = _jobs(place)
    prints = [part["data_fingerprint"] for part in jobs.values() if part.get("data_fingerprint")]
    return {"data_fingerprint": prints[-1] if prints else None, "jobs": jobs}


def _jobs(place: RunPlace) -> dict[str, Any]:
    directory = files.join(place.uri, "jobs")
    parts = {}
    for name in files.children(directory):
        if name.endswith(".json"):
            part = _read(files.join(directory, name))
            if part is not None:
                parts[str(part["job"])] = part
    return dict(sorted(parts.items(), key=lambda item: str(item[1].get("started"))))


def _read(uri: str) -> dict[str, Any] | None:
    try:
        record = json.loads(files.read_bytes(uri))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UserError(f"{uri}: the record is damaged ({error}); delete it") from None
    if not isinstance(record, dict):
        raise UserError(f"{uri}: is not the record of a run; delete it")
    return record


def _write(uri: str, record: Mapping[str, Any]) -> None:
    text = json.dumps(_finite(record), indent=2, default=str, allow_nan=False)
    files.write_bytes(uri, text.encode() + b"\n")


def _finite(value: Any) -> Any:
    """The value for JSON, which has no NaN and no infinity."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
