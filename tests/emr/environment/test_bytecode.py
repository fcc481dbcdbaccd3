from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pipeline.emr.environment.bytecode import compile_modules

SOURCE = "NAMES = {'a', 'b', 'c'}\ndef has(name):\n    return name in {'x', 'y', 'z', 'w'}\n"


def _environment(root: Path) -> Path:
    site = root / "lib" / "site-packages"
    site.mkdir(parents=True)
    (site / "one.py").write_text(SOURCE)
    (site / "old.py").write_text("print 'Python 2'\n")
    return site


def _compiled(site: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (site / "__pycache__").iterdir()}


def test_compiled_modules_depend_on_neither_place_nor_time(tmp_path: Path) -> None:
    made = []
    for name in ("one", "another"):
        site = _environment(tmp_path / name)
        compile_modules(Path(sys.executable), tmp_path / name, site)
        made.append(_compiled(site))
    assert made[0] == made[1]
    assert not any(str(tmp_path).encode() in data for data in made[0].values())


def test_a_module_that_this_python_cannot_read_is_passed_over(tmp_path: Path) -> None:
    site = _environment(tmp_path)
    compile_modules(Path(sys.executable), tmp_path, site)
    assert [name.partition(".")[0] for name in _compiled(site)] == ["one"]


def test_python_takes_them_without_a_look_at_the_source(tmp_path: Path) -> None:
    site = _environment(tmp_path)
    compile_modules(Path(sys.executable), tmp_path, site)
    (site / "one.py").write_text("NAMES = 'the source was read'\n")
    done = subprocess.run(
        [sys.executable, "-c", "import one; print(sorted(one.NAMES))"],
        cwd=site,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "['a', 'b', 'c']\n"


def test_a_traceback_names_where_the_environment_is_now(tmp_path: Path) -> None:
    site = _environment(tmp_path / "built")
    compile_modules(Path(sys.executable), tmp_path / "built", site)
    moved = (tmp_path / "built").rename(tmp_path / "moved") / "lib" / "site-packages"
    done = subprocess.run(
        [sys.executable, "-c", "import one; print(one.has.__code__.co_filename)"],
        cwd=moved,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(moved / "one.py")
