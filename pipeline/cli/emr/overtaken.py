"""Two submissions to one output at the same moment: the one whose steps came later gives way."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from pipeline.cli.emr.submission import Submission
from pipeline.emr.running.api import Emr
from pipeline.emr.running.job_steps import JobStep, earlier_writer, job_steps
from pipeline.errors import UserError

logger = logging.getLogger(__name__)

_LOOKS = 4
_PAUSE_S = 5.0


class OvertakenError(UserError):
    """Another run writes to the same output, and its steps came first.

    Parameters
    ----------
    writer : JobStep
        One of its steps.
    output : str
        Where both write.
    cluster_id : str
        Where its steps are.
    """

    def __init__(self, writer: JobStep, output: str, cluster_id: str) -> None:
        self.writer = writer
        step = writer.step
        super().__init__(
            f"{output}: run {writer.run_id} was submitted at the same moment and came first: its "
            f"step {step.id} ({step.name}) is {step.state.lower()} on {cluster_id} and writes "
            "there: wait for it, and repeat the command"
        )


def require_first(emr: Emr, cluster_id: str, made: Submission, ids: Sequence[str]) -> None:
    """Look again after steps were added.

    Parameters
    ----------
    emr : Emr
        Whom to ask.
    cluster_id : str
        The cluster.
    made : Submission
        What was submitted.
    ids : sequence of str
        Its new steps.

    Raises
    ------
    OvertakenError
        When steps of another run, which write to the same output, came first.
    """
    for look in range(_LOOKS):
        if look:
            emr.sleep(_PAUSE_S)
        everything = emr.steps(cluster_id)
        if {step.id for step in everything}.issuperset(ids):  # else the list is older than they
            break
    writer = earlier_writer(job_steps(everything), made.config.output, made.run_id)
    if writer is not None:
        raise OvertakenError(writer, made.config.output, cluster_id)
