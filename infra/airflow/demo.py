"""`make airflow-demo`: train the example job by Airflow for one date, on a cluster of this machine.

Starts a Spark standalone cluster and `airflow standalone`, both on loopback and free ports, runs
`local_training` once, tells where the report is, and stops all that it started, whatever happens.
Airflow's home, with its database, is new each time; what was trained is kept, so a second run of
the demo skips what is done.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from demo_airflow import LocalAirflow
from demo_client import Client
from demo_processes import stop_descendants
from pipeline.errors import EnsemblesError
from pipeline.local import cluster

ROOT = Path(__file__).resolve().parents[2]
DAG = "local_training"
DATE = "2013-12-31"  # the last day of the flights table
OVERRIDES = ["bagging.replicas=10", "boosting.rounds=50", "deep.epochs=2"]

_PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(description="Train the example job by Airflow, for one date.")
    parser.add_argument("--dir", type=Path, default=ROOT / "out" / "airflow-demo")
    directory = parser.parse_args().dir.absolute()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    directory.mkdir(parents=True, exist_ok=True)
    lock = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _say(f"error: another demo runs in {directory}; wait for its end, or name another --dir")
        return 2
    _adopt_orphans()
    try:
        return _demo(directory)
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except EnsemblesError as error:
        _say(f"error: {error}")
        return 1
    finally:
        # A second Ctrl-C must not leave half of it running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _say("stopping Airflow and the cluster")
        try:
            cluster.down(directory / "cluster")
        finally:
            stop_descendants()


def _demo(directory: Path) -> int:
    shutil.rmtree(directory / "airflow", ignore_errors=True)
    _say("starting a Spark cluster of two Workers")
    state = cluster.up(directory / "cluster")
    airflow = LocalAirflow(ROOT, directory / "airflow", state)
    _say("starting Airflow")
    airflow.start()
    client = Client(airflow)
    client.wait_until_ready(DAG)
    _say(f"Airflow is at {airflow.url}; user admin, password in {airflow.password_file}")
    conf = {
        "output": str(directory / "output"),
        "registry": str(directory / "champions"),
        "overrides": OVERRIDES,
    }
    run = client.trigger(DAG, DATE, conf)
    outcome = client.follow(DAG, run, _say)
    report = directory / "output" / DATE / "report" / "report.html"
    if outcome != "success" or not report.exists():
        _say(f"{DAG} ended: {outcome}; the logs of its tasks are in {airflow.logs}")
        return 1
    _say(f"{DAG} for {DATE} ended: success")
    _say(f"report: {report}")
    return 0


def _adopt_orphans() -> None:
    """Have what our processes leave behind become ours, so that it can be found and stopped."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)  # not outside of Linux
    if prctl is not None:
        prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    sys.stdout.write(f"airflow-demo: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
