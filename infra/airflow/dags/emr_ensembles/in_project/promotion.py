"""Hold the best model of a date against the champion, once; runs in the project's environment.

Prints what `emr-ensembles models promote --json` would, and notes it in the run's record.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from typing import Any

from day_run import JUDGED, is_judged, newest_report, place_of
from decisions import decided

from pipeline.cli.entry import add_config_arguments, guarded
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.models.job import PromotedJob
from pipeline.cli.models.present import present
from pipeline.cli.models.promotion import promote
from pipeline.cli.runs.job_run import run_facts
from pipeline.config import load
from pipeline.errors import UserError
from pipeline.store import runs
from pipeline.store.runs import RunPlace

_BY_HAND = re.compile(r"run jobs/report\.py (again|first)")
_BY_AIRFLOW = "clear the DAG run, which makes the report again"


def main() -> int:
    """Print the outcome; returns the exit code."""
    parser = argparse.ArgumentParser(description="Promote the best model of a date.")
    add_config_arguments(parser)
    parser.add_argument(
        "--again", action="store_true", help="an earlier try may have died before it was told"
    )
    args = parser.parse_args()
    return guarded(lambda: _answer(args))


def _answer(args: argparse.Namespace) -> int:
    config = load(JobConfig, args.config, args.overrides, FREE_KEYS)
    sys.stdout.write(json.dumps(_outcome(args, config)) + "\n")
    return 0


def _outcome(args: argparse.Namespace, config: JobConfig) -> dict[str, Any]:
    if config.promotion.registry is None:
        return {"promoted": False, "reason": "promotion.registry is not set"}
    place = place_of(config)
    if is_judged(place, config):
        judged = runs.read_job(place, JUDGED) or {}
        told: dict[str, Any] = (judged.get("told") or {}) if args.again else {}
        # What somebody else has overtaken is no news any more.
        now = present(config.promotion, config.name)
        is_news = bool(told) and now is not None and told["champion"] == now.facts
        return told if is_news else {"promoted": False, "reason": "the date was judged before"}
    part = {"exit_code": 0, "started": runs.now(), "report": newest_report(config)}
    given = {"command": "models promote", "config": args.config, "from": "airflow"}
    outcome = _promoted(place, config, given)
    # The try before may have died between the promotion and the telling; told twice does no harm.
    outcome["promoted"] |= args.again and outcome["outcome"] == "unchanged"
    runs.begin(place, {"of": "jobs", **run_facts(config, given)})
    told = outcome if outcome["promoted"] else {}
    part |= {"outcome": "success", "reason": outcome["reason"], "told": told, "ended": runs.now()}
    runs.note_job(place, JUDGED, part)
    return outcome


def _promoted(place: RunPlace, config: JobConfig, given: Mapping[str, Any]) -> dict[str, Any]:
    job = PromotedJob(name=config.name, output=config.output, promotion=config.promotion)
    try:
        return promote(job, command=given).to_json()
    except UserError as error:
        # Only of a report that a cleared run would not take for done.
        if _BY_HAND.search(str(error)) and decided("report", config, place).must_run:
            raise UserError(_BY_HAND.sub(_BY_AIRFLOW, str(error))) from error
        raise


if __name__ == "__main__":
    sys.exit(main())
