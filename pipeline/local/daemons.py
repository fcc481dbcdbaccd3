"""Processes that outlive the command which started them: start, look, stop."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from pipeline.errors import EnsemblesError
from pipeline.local.state import Daemon

_TAIL_LINES = 15
# A process's start is counted from the boot time, which moves a little when the clock is set.
_SAME_START_S = 2.0
_TERM_PATIENCE_S = 10.0
_KILL_PATIENCE_S = 10.0

# Python warns about a child that runs on when its Popen is collected; ours are meant to.
_started: list[subprocess.Popen[bytes]] = []


class DaemonError(EnsemblesError):
    """A daemon did not start; the message names its log and ends with the log's last lines."""


def start(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Daemon:
    """Start a process in a session of its own, so that a closing shell does not end it.

    Parameters
    ----------
    name : str
        What to call it to a person.
    command : sequence of str
        The program and its arguments.
    environment : mapping
        All of its variables.
    log : Path
        Where its output goes; an old file of that name is emptied.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=log.parent,
        )
    _started.append(process)
    try:
        began = psutil.Process(process.pid).create_time()
    except psutil.NoSuchProcess:
        began = time.time()  # it is gone already, and the caller is about to notice
    return Daemon(name, process.pid, began, str(log))


def is_alive(daemon: Daemon) -> bool:
    """Whether the very process that was started still runs."""
    return _process_of(daemon) is not None


def dead(daemons: Iterable[Daemon]) -> list[Daemon]:
    """Those that no longer run."""
    return [daemon for daemon in daemons if not is_alive(daemon)]


def stop(daemons: Iterable[Daemon]) -> bool:
    """End processes with all that they started; whether there was anything to end.

    First politely, then by SIGKILL. A process that merely has the pid of one of ours is let be.
    """
    wanted = list(daemons)
    found = _families(wanted)
    _signal(found, signal.SIGTERM)
    psutil.wait_procs(found, timeout=_TERM_PATIENCE_S)
    limit = time.monotonic() + _KILL_PATIENCE_S
    # Again and again, because a dying Worker may have started one more executor meanwhile.
    while (left := _families(wanted)) and time.monotonic() < limit:
        _signal(left, signal.SIGKILL)
        psutil.wait_procs(left, timeout=1)
    if left:
        pids = ", ".join(str(process.pid) for process in left)
        raise DaemonError(f"processes {pids} do not end, not even by SIGKILL")
    return bool(found)


def failure(daemon: Daemon, what: str) -> DaemonError:
    """An error that says what happened, names the log and shows its end."""
    return DaemonError(f"the {daemon.name} {what}; the end of {daemon.log}:\n{_tail(daemon.log)}")


def _tail(log: str) -> str:
    text = Path(log).read_text(encoding="utf-8", errors="replace")
    # Java's stack frames would push out the one line that tells the reason.
    lines = [line for line in text.splitlines() if not line.startswith("\t")]
    return "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:]) or "  (it is empty)"


def _process_of(daemon: Daemon) -> psutil.Process | None:
    try:
        process = psutil.Process(daemon.pid)
        same = abs(process.create_time() - daemon.began) <= _SAME_START_S
        return process if same and _runs(process) else None
    except psutil.NoSuchProcess:
        return None


def _families(daemons: Iterable[Daemon]) -> list[psutil.Process]:
    """The living processes of the daemons' sessions, and what those started elsewhere."""
    sessions = {daemon.pid: daemon.began for daemon in daemons if not _pid_is_anothers(daemon)}
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        # A pyspark daemon leaves the executor's process group, yet never its session.
        began = sessions.get(_session(process.pid))
        if began is None or not _runs(process):
            continue
        for member in [process, *_descendants(process)]:
            if _runs(member) and member.create_time() >= began - _SAME_START_S:
                found[member.pid] = member
    return list(found.values())


def _pid_is_anothers(daemon: Daemon) -> bool:
    """Whether the pid was given to a stranger; then no process of our session can be left."""
    return psutil.pid_exists(daemon.pid) and not _began_with(daemon)


def _began_with(daemon: Daemon) -> bool:
    try:
        began = psutil.Process(daemon.pid).create_time()
    except psutil.NoSuchProcess:
        return False
    return abs(began - daemon.began) <= _SAME_START_S


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
