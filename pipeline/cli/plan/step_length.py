"""Whether EMR takes steps so long, before anybody knows where their parts will lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline import files
from pipeline.cli.emr.requested import Request, today
from pipeline.cli.emr.submission import Submission
from pipeline.cli.plan.plan import Plan
from pipeline.emr.clusters.request import Artifacts
from pipeline.emr.clusters.rules import has_gpus
from pipeline.emr.running.job_steps import submission_key
from pipeline.emr.running.record import ClusterRecord
from pipeline.emr.staging import Code
from pipeline.emr.steps import TooLongError
from pipeline.errors import UserError
from pipeline.store import runs

ASSUMED_CHARACTERS = 100
"""So long the URI is taken to be below which a cluster's parts are staged (`--base`)."""

_BASE = f"{'s3://base/':b<{ASSUMED_CHARACTERS}}"


def length_problems(plan: Plan, file: str, overrides: Sequence[str]) -> Iterator[str]:
    """A sentence for the first step that is too long.

    Parameters
    ----------
    plan : Plan
        What the steps are given.
    file : str
        The config, or its URI.
    overrides : sequence of str
        What `--set` says of it.
    """
    try:
        _submission(plan, Request(file, tuple(overrides), _jobs(plan))).require_short()
    except TooLongError as error:
        yield f"{error} (counted below a staging URI of {ASSUMED_CHARACTERS} characters)"
    except UserError:  # a secret: told already, and no step is made with one
        return


def _jobs(plan: Plan) -> tuple[str, ...]:
    return tuple(job for group in plan.groups for job in group)


def _submission(plan: Plan, request: Request) -> Submission:
    """The steps as they would be submitted, with parts of these lengths."""
    return Submission(
        config=plan.config,
        request=request,
        plan=plan,
        code=Code(b"", {}),
        record=ClusterRecord(plan.cluster, _artifacts(plan), _BASE),
        run_id=runs.new_run_id(),
        date=today(),
        key=submission_key(),
    )


def _artifacts(plan: Plan) -> Artifacts:
    target = "gpu" if has_gpus(plan.cluster) else "cpu"
    return Artifacts(
        node_script=_BASE,
        bundle=_BASE,
        bundle_sha256="",
        environment=files.join(_BASE, f"emr-ensembles-{target}-{'0' * 12}.tar.gz"),
        environment_sha256="",
        logs=_BASE,
        verdicts=_BASE,
    )
