"""`emr-ensembles emr submit`: the jobs of a config as steps of a cluster, as one recorded run."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence, Set
from pathlib import Path

from pipeline import files
from pipeline.cli.emr.arguments import emr_of
from pipeline.cli.emr.left_steps import LeftSteps
from pipeline.cli.emr.overtaken import OvertakenError
from pipeline.cli.emr.requested import Request, own_code, planned, today
from pipeline.cli.emr.step_sequence import StepSequence
from pipeline.cli.emr.submission import Submission
from pipeline.cli.job_config import JobConfig
from pipeline.cli.output_places import JOBS
from pipeline.cli.plan.asked import jobs_of
from pipeline.cli.runs.job_run import recorded_arguments, run_facts
from pipeline.cli.runs.logs import set_up_logging
from pipeline.cli.runs.outcome import INTERRUPTED, explain
from pipeline.cli.runs.report_copy import fetch_report
from pipeline.cli.runs.resume import report_table
from pipeline.cli.runs.sequence import end_run, outcome_of
from pipeline.config import DATE_VARIABLE
from pipeline.emr.running.find import find_cluster
from pipeline.emr.running.job_steps import (
    JobStep,
    by_job,
    job_steps,
    last_run,
    require_only_writer,
    require_place,
)
from pipeline.emr.running.record import record_of
from pipeline.emr.running.states import Cluster
from pipeline.emr.steps import variable_in
from pipeline.errors import UserError
from pipeline.store import runs
from pipeline.store.runs import RunPlace

logger = logging.getLogger(__name__)


def submit(args: argparse.Namespace) -> int:
    """Run the jobs; the exit code of the first that fails, or 0."""
    set_up_logging()
    asked = Request(args.config, tuple(args.overrides), tuple(args.jobs or JOBS), args.fresh)
    asked.read()  # what is wrong with it is told before AWS is asked
    emr = emr_of(args)
    cluster = find_cluster(emr, args.cluster, active=True)
    left = LeftSteps(emr, cluster.id)
    gave_way: set[str] = set()
    with left.told():
        while True:
            made = _prepared(left, cluster, asked, gave_way, all_jobs=args.jobs is None)
            try:
                return _run(left, cluster, made, args)
            except OvertakenError as error:
                _give_way(left, made)
                if error.writer.key != made.key:
                    raise
                logger.warning("%s: the same was asked for there: following it", error)
                gave_way.add(made.run_id)


def _run(left: LeftSteps, cluster: Cluster, made: Submission, args: argparse.Namespace) -> int:
    made.stage()
    sequence = StepSequence(left.emr, cluster, made, args.log_minutes, left)
    try:
        _begin(made, cluster, args)
        code = sequence.run(wait=not args.no_wait)
    except OvertakenError:
        raise
    except BaseException as error:
        # Nobody else would end a run without a step; steps go on without this process.
        if not left.may_run(made.run_id, error):
            outcome = explain(error)
            end_run(made.place, outcome.name, outcome.exit_code)
        raise
    if args.no_wait and not code:
        return 0
    end_run(made.place, outcome_of(code), code)
    if not code:
        _tell_report(made, args.report)
    return code


def _give_way(left: LeftSteps, made: Submission) -> None:
    """To a run that came first: what was added is cancelled, and the record says so."""
    steps = list(left.steps.values())
    left.emr.cancel(left.cluster_id, [step.id for step in steps if step.is_unfinished])
    left.forget()
    end_run(made.place, "interrupted", INTERRUPTED)
    logger.warning("run %s gives way: its %d steps are cancelled", made.run_id, len(steps))


def _prepared(
    left: LeftSteps, cluster: Cluster, asked: Request, gave_way: Set[str], *, all_jobs: bool
) -> Submission:
    """What is submitted, when nothing stands against it; nothing is written yet."""
    record = record_of(cluster)
    if all_jobs:
        asked = Request(asked.file, asked.overrides, jobs_of(record.settings), asked.fresh)
    code = own_code()
    key = asked.key(code)
    everything = left.emr.steps(cluster.id)
    steps = [each for each in job_steps(everything) if each.run_id not in gave_way]
    earlier = last_run(steps, key)
    date = variable_in(earlier[0].step.arguments, DATE_VARIABLE) if earlier else ""
    loaded = asked.read(date or today())
    if _goes_on(earlier, loaded.value):
        left.steps.update(by_job(earlier, earlier[0].run_id))
    else:
        earlier, date = [], today()
        loaded = asked.read(date)
    found = planned(asked, loaded, record.settings, cluster.step_concurrency)
    run_id = earlier[0].run_id if earlier else runs.new_run_id()
    require_only_writer(steps, loaded.value.output, run_id, cluster.id)
    files.require_writable(loaded.value.output, "output")
    made = Submission(loaded.value, asked, found, code, record, run_id=run_id, date=date, key=key)
    made.require_short()
    if not earlier:
        require_place(everything, len(made.batches[0]), cluster.id)
    _tell(made, cluster, steps, goes_on=bool(earlier))
    return made


def _goes_on(earlier: Sequence[JobStep], config: JobConfig) -> bool:
    """Whether the last run of the same is not over yet."""
    if any(each.step.is_unfinished for each in earlier):
        return True
    if not earlier or not all(each.step.is_done for each in earlier):
        return False
    try:
        return bool(
            runs.read_run(RunPlace(config.output, earlier[0].run_id))["outcome"] == "running"
        )
    except UserError:  # its record is gone, and its outputs tell what is done
        return False


def _tell(made: Submission, cluster: Cluster, steps: Sequence[JobStep], *, goes_on: bool) -> None:
    logger.info("cluster %s (%s) is %s", cluster.id, cluster.name, cluster.state.lower())
    for note in made.plan.notes:
        logger.info("note: %s", note)
    how = "goes on: the same was asked for before" if goes_on else made.place.record_uri
    logger.info("run %s: %s", made.run_id, how)
    others = [each for each in steps if each.step.is_unfinished and each.run_id != made.run_id]
    if others and not made.is_one_by_one:
        logger.warning(
            "%d steps of other runs are on the cluster, which runs several at once: where both do "
            "not fit, each may wait for what the other holds",
            len(others),
        )


def _begin(made: Submission, cluster: Cluster, args: argparse.Namespace) -> None:
    # The run outlives this process: it has ended when its jobs have.
    facts = run_facts(made.config, recorded_arguments(vars(args)))
    own = {"of": "jobs", "owner": None, "expected": list(made.request.jobs)}
    on = {"cluster": cluster.id, "release": made.record.settings.release}
    runs.begin(made.place, {**own, **on, **facts})


def _tell_report(made: Submission, directory: Path | None) -> None:
    logger.info("all jobs are done")
    if "report" not in made.request.jobs:
        return
    config = made.config
    target = directory or Path("out", config.name, "report")
    logger.info("report: %s", files.join(config.report_uri, "report.html"))
    logger.info("report: %s", fetch_report(config.report_uri, target.absolute()).as_uri())
    shown = report_table(config)
    if shown:
        sys.stdout.write(f"{shown}\n")
