"""A lock between processes and threads of a host."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

from pipeline.files.only_one import OnlyOne

_HOLDS = """
import sys, time
from pathlib import Path
from pipeline.files.only_one import OnlyOne
with OnlyOne(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_it_is_free_again_when_the_process_that_holds_it_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", _HOLDS, str(lock)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    entered: list[float] = []

    def enter() -> None:
        with OnlyOne(lock):
            entered.append(time.monotonic())

    thread = threading.Thread(target=enter)
    thread.start()
    time.sleep(0.3)
    assert not entered
    holder.kill()
    holder.wait()
    holder.stdout.close()
    thread.join(10)
    assert len(entered) == 1
