"""Steps of this package on a cluster, known by their tags: the job, the run, who asked for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.emr.running.states import Step
from pipeline.emr.steps import output_tag, tags_in
from pipeline.errors import UserError

MOST_PENDING = 256
"""So many steps may wait and run on a cluster."""

_KEY = "submission-"
_DIGITS = 12


@dataclass(frozen=True)
class JobStep:
    """A step that runs a job.

    Parameters
    ----------
    step : Step
        As EMR describes it.
    job, run_id : str
        The job, and the run that it is a part of.
    key : str
        Says what was asked for; empty where nobody says.
    tags : tuple of str
        All of its tags.
    """

    step: Step
    job: str
    run_id: str
    key: str
    tags: tuple[str, ...]


def job_steps(steps: Sequence[Step]) -> list[JobStep]:
    """Those of the steps that run a job, in their order."""
    found = []
    for step in steps:
        tags = tags_in(step.arguments)
        if tags:
            keys = [tag.removeprefix(_KEY) for tag in tags if tag.startswith(_KEY)]
            found.append(JobStep(step, tags[2], tags[1], "".join(keys[:1]), tuple(tags)))
    return found


def submission_key(*asked: object) -> str:
    """The same for whoever asks for the same: all that makes a difference, as JSON takes it."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def submission_tags(output: str, key: str) -> list[str]:
    """By which the steps of a submission are found again, and those that write where it writes."""
    return [output_tag(output), f"{_KEY}{key}"]


def last_run(steps: Sequence[JobStep], key: str) -> list[JobStep]:
    """The steps of the newest run that was asked for by this key.

    One whose steps were all cancelled, such as a run that gave way to another, is none.
    """
    there = {each.run_id for each in steps if not each.step.state.startswith("CANCEL")}
    same = [each for each in steps if each.key == key and each.run_id in there]
    return [each for each in same if each.run_id == same[-1].run_id]


def by_job(steps: Sequence[JobStep], run_id: str) -> Mapping[str, Step]:
    """The steps of a run, by their jobs."""
    return {each.job: each.step for each in steps if each.run_id == run_id}


def require_only_writer(steps: Sequence[JobStep], output: str, run_id: str, cluster: str) -> None:
    """Refuse to write where steps of another run still write, or are about to.

    Raises
    ------
    UserError
        With the first of them, and how to end it.
    """
    tag = output_tag(output)
    left = [
        each
        for each in steps
        if each.step.is_unfinished and tag in each.tags and each.run_id != run_id
    ]
    if left:
        ids = " ".join(each.step.id for each in left)
        raise UserError(
            f"{output}: step {left[0].step.id} ({left[0].step.name}), which was asked for in "
            f"another way, is {left[0].step.state.lower()} on {cluster} and writes there: wait for "
            f"it, or cancel it: aws emr cancel-steps --cluster-id {cluster} --step-ids {ids}"
        )


def earlier_writer(steps: Sequence[JobStep], output: str, run_id: str) -> JobStep | None:
    """A step of another run that writes to the output, and whose run came before this one.

    Of two commands that have looked at the same moment and seen nothing of each other, one must
    give way: that whose first step comes later. A run that is not listed yet comes last.

    Parameters
    ----------
    steps : sequence of JobStep
        All of the cluster, in their order, listed after those of this run were added.
    output : str
        Where both write.
    run_id : str
        This run.
    """
    first: dict[str, int] = {}
    for number, each in enumerate(steps):
        first.setdefault(each.run_id, number)
    tag, own = output_tag(output), first.get(run_id, len(steps))
    return next(
        (
            each
            for each in steps
            if each.step.state in ("PENDING", "RUNNING")
            and tag in each.tags
            and first[each.run_id] < own
        ),
        None,
    )


def require_place(steps: Sequence[Step], more: int, cluster: str) -> None:
    """Refuse more steps than EMR lets wait on a cluster.

    Raises
    ------
    UserError
        When there are too many.
    """
    waiting = sum(step.is_unfinished for step in steps)
    if waiting + more > MOST_PENDING:
        raise UserError(
            f"cluster {cluster}: {waiting} steps wait and run there, and EMR takes {MOST_PENDING}: "
            f"{more} more must wait until some are done"
        )
