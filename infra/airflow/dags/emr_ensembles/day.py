"""One date's work as a DAG run asks for it: which config, where it writes, which arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emr_ensembles import naming, project


@dataclass(frozen=True)
class Day:
    """What a DAG run comes to for a date.

    Attributes
    ----------
    date : str
        As 2026-11-22.
    output : str
        Where the date's jobs write.
    arguments : list of str
        What tells a job, or a command, its config.
    """

    date: str
    output: str
    arguments: list[str]

    @classmethod
    def of(cls, context: Any) -> Day:
        """The day of a running task."""
        return cls.asked(context["params"], naming.day_of(context["dag_run"]))

    @classmethod
    def asked(cls, params: Mapping[str, Any], date: str) -> Day:
        """A date's work by the DAG's params."""
        output = naming.output_of(project.placed(params["output"]), date)
        return cls(date, output, config_arguments(params, output))


def config_arguments(params: Mapping[str, Any], output: str) -> list[str]:
    """What tells a job, or a command, its config, and that it is to write to `output`."""
    keys = [*params["overrides"], f"output={output}"]
    if params.get("registry"):
        keys.append(f"promotion.registry={project.placed(params['registry'])}")
    settings = [part for key in keys for part in ("--set", key)]
    return ["--config", project.placed(params["config"]), *settings]
