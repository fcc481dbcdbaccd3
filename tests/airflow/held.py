"""Runs a program of `in_project/`, and holds it where the config's directory says.

That directory may have a file `hold`: `unnoted`, before the run's record is begun; `untold`, when
the program has done and said everything. `held` then names the task's process and this one.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from pipeline.store import runs


def main() -> None:
    """Run it."""
    script, *arguments = sys.argv[1:]
    place = Path(arguments[arguments.index("--config") + 1]).parent
    wish = place / "hold"
    at = wish.read_text() if wish.exists() else ""
    if at == "unnoted":
        runs.begin = lambda *_: _hold(place)
    sys.argv = [script, *arguments]
    sys.path[0] = str(Path(script).parent)  # as Python has it for a script
    code: Any = 0
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    if at == "untold":
        _hold(place)
    sys.exit(code)


def _hold(place: Path) -> NoReturn:
    (place / "hold").unlink()
    draft = place / "held.draft"
    draft.write_text(f"{os.getppid()} {os.getpid()}")
    draft.rename(place / "held")
    time.sleep(1_000)
    sys.exit("nobody has ended it")


if __name__ == "__main__":
    main()
