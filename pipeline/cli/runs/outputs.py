"""Where jobs write, and what they do when something is there: the key `if_exists`.

`overwrite` replaces an output once the new one is whole, `version` keeps it beside the new one,
`refuse` ends the job before it works. It means the same for every job.
"""

from __future__ import annotations

import argparse

from pipeline import files
from pipeline.cli.job_config import TRAINER_OF, JobConfig
from pipeline.cli.runs.inputs import data_fingerprint
from pipeline.cli.runs.resume import comparable, has_scores
from pipeline.data.prepared import table_uri
from pipeline.errors import UserError
from pipeline.store.versions import numbers


def require_free(job: str, config: JobConfig, args: argparse.Namespace) -> None:
    """Refuse, before anything starts, what `if_exists: refuse` would refuse at the end.

    Raises
    ------
    UserError
        When an output of the job is there, and `if_exists` is `refuse`.
    """
    if config.if_exists != "refuse":
        return
    for uri in _to_be_written(job, config, args):
        if numbers(uri) or (job == "score" and args.output and files.exists(uri)):
            raise UserError(
                f"{uri}: the output of {job} is there already, and if_exists is refuse; choose "
                "another output, or set if_exists to overwrite or version"
            )


def _to_be_written(job: str, config: JobConfig, args: argparse.Namespace) -> list[str]:
    """Outputs of the job but for scores that are there and stay."""
    if job != "score" or args.output or args.model or args.fresh:
        return output_uris(job, config, args)
    data = data_fingerprint(config)
    lacking = (name for name in comparable(config, data) if not has_scores(config, data, name))
    return [config.scores_uri(name) for name in lacking]


def output_uris(job: str, config: JobConfig, args: argparse.Namespace) -> list[str]:
    """Where a job will write."""
    if job == "prepare":
        return [table_uri(config.output)]
    if job == "report":
        return [config.report_uri]
    if job in TRAINER_OF:
        return [config.model_uri(TRAINER_OF[job])]
    if job != "score":
        return []  # a tool, whose figures replace those before
    if args.output:
        return [files.absolute(args.output)]
    models = [args.model] if args.model else list(TRAINER_OF.values())
    return [config.scores_uri(model) for model in models]
