"""What a user asks to be run on a cluster, and whether it can be."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from pathlib import Path

import pipeline
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.output_places import JOBS
from pipeline.cli.plan.plan import Plan, plan
from pipeline.cli.runs.submit import in_clone
from pipeline.config import DATE_VARIABLE, Loaded, read
from pipeline.emr.clusters.settings import ClusterSettings
from pipeline.emr.running.job_steps import submission_key
from pipeline.emr.staging import Code, config_uri, read_code
from pipeline.errors import UserError

_ANY_DAY = datetime.date(2000, 1, 1)


@dataclass(frozen=True)
class Request:
    """What a user asks for.

    Parameters
    ----------
    file : str
        The config, or its URI.
    overrides : tuple of str
        What `--set` says of it.
    jobs : tuple of str
        Which jobs, in their order.
    fresh : bool
        Do every job, also where nothing has changed.
    """

    file: str
    overrides: tuple[str, ...] = ()
    jobs: tuple[str, ...] = JOBS
    fresh: bool = False

    def read(self, date: str | None = None) -> Loaded[JobConfig]:
        """The config, with `${date}` as that day; by default as that of the environment, or now.

        Raises
        ------
        ConfigError
            With all problems.
        """
        day = None if date is None else datetime.date.fromisoformat(date)
        return read(JobConfig, self.file, self.overrides, FREE_KEYS, day)

    def key(self, code: Code) -> str:
        """The same for whoever asks for the same, on whatever day."""
        config = read(JobConfig, self.file, self.overrides, FREE_KEYS, _ANY_DAY).value
        return submission_key(
            config_uri(self.file, ""),
            config.model_dump(mode="json"),  # the values of variables are in it
            self.overrides,
            code.digest,
            self.jobs,
            self.fresh,
            os.environ.get(DATE_VARIABLE),
        )


def own_code() -> Code:
    """The package and the entry points of this clone.

    Raises
    ------
    UserError
        When the package does not lie in a clone of the repository.
    """
    return read_code(Path(pipeline.__file__).parent, in_clone("jobs/boost.py").parent)


def today() -> str:
    """The date that all jobs of a run get: that of the environment, or the day now, in UTC."""
    return os.environ.get(DATE_VARIABLE) or f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"


def planned(
    request: Request, loaded: Loaded[JobConfig], settings: ClusterSettings, at_once: int
) -> Plan:
    """Plan what is asked for.

    Parameters
    ----------
    request : Request
        What is asked for.
    loaded : Loaded
        Its config.
    settings : ClusterSettings
        What the cluster was made from.
    at_once : int
        How many steps it runs at once now.

    Raises
    ------
    UserError
        With every reason why it would fail.
    """
    found = plan(
        loaded.value,
        settings.model_copy(update={"step_concurrency": at_once}),
        request.jobs,
        overrides=request.overrides,
        texts=loaded.document.raw,
    )
    if found.problems:
        raise UserError("\n".join(found.problems))
    return found
