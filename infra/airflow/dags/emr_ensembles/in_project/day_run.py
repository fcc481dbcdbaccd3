"""The run of a date as a record has it, and whether its models were held against the champion."""

from __future__ import annotations

import hashlib
import json
import os

from pipeline.cli.job_config import JobConfig
from pipeline.config import DATE_VARIABLE, redacted
from pipeline.store import runs
from pipeline.store.runs import RunPlace
from pipeline.store.versions import newest

JUDGED = "promote"
"""What a run's record calls the promotion, as if it were a job."""


def place_of(config: JobConfig) -> RunPlace:
    """Where the run is recorded: one place for a date and a config, however often it is run."""
    text = json.dumps(redacted(config.model_dump(mode="json")), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]
    return RunPlace(config.output, f"airflow-{os.environ[DATE_VARIABLE]}-{digest}")


def is_judged(place: RunPlace, config: JobConfig) -> bool:
    """Whether the run has promoted, or decided not to, by the report that is there."""
    part = runs.read_job(place, JUDGED)
    return (
        part is not None
        and part.get("outcome") == "success"
        and part.get("report") == newest_report(config)
    )


def newest_report(config: JobConfig) -> str | None:
    """The newest report's directory; None where there is no report."""
    found = newest(config.report_uri)
    return None if found is None else found.content
