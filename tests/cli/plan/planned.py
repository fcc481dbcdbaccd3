"""Plans for tests: a small config, a small cluster, with keys in the place of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from pipeline.cli.job_config import JobConfig
from pipeline.cli.output_places import JOBS
from pipeline.cli.plan.plan import Plan, plan
from pipeline.config import validate
from pipeline.emr.clusters.settings import ClusterSettings
from tests.emr.clusters.samples import cluster

CPU = {"types": ["m6i.4xlarge"], "count": 4}
GPUS = {"types": ["g5.2xlarge"], "count": 2}


def content(**changes: Any) -> dict[str, Any]:
    return {
        "name": "small",
        "output": "s3://bucket/small",
        "source": {"kind": "parquet", "uri": "s3://bucket/table"},
        "columns": {"label": "y"},
        **changes,
    }


def config(**changes: Any) -> JobConfig:
    return validate(JobConfig, content(**changes), "job")


def config_file(directory: Path, **changes: Any) -> str:
    file = directory / "job.yaml"
    file.write_text(yaml.safe_dump(content(**changes)))
    return str(file)


def planned(on: ClusterSettings | None = None, jobs: Sequence[str] = JOBS, **changes: Any) -> Plan:
    """The plan of a config with changes, by default on two nodes with a GPU each."""
    return plan(config(**changes), on or cluster(), jobs, variables={})


def problem(on: ClusterSettings | None = None, jobs: Sequence[str] = JOBS, **changes: Any) -> str:
    """The only problem of a plan."""
    problems = planned(on, jobs, **changes).problems
    assert len(problems) == 1, problems
    return problems[0]


def note(about: str, found: Plan) -> str:
    """The only note that begins so."""
    notes = [each for each in found.notes if each.startswith(about)]
    assert len(notes) == 1, found.notes
    return notes[0]
