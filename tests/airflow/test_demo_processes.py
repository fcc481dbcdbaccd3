"""What the demo stops."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "infra" / "airflow"

STARTS_AND_STOPS = """
import subprocess, psutil
import demo, demo_processes
demo._adopt_orphans()
# The middle process ends; the last one has lost its parent, and a session of its own.
subprocess.run(["sh", "-c", "setsid sleep 1000 & exec true"], check=True)
before = len(psutil.Process().children(recursive=True))
demo_processes.stop_descendants()
print(before, len(psutil.Process().children(recursive=True)))
"""


def test_the_demo_stops_also_what_has_lost_its_parent() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTS_AND_STOPS],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["1", "0"]
