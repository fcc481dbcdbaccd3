"""Shared libraries that tests compile."""

from __future__ import annotations

import subprocess
from pathlib import Path


def compiled(path: Path, source: str, *options: str) -> Path:
    """A library at a path, from a source in C."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".c")
    written.write_text(source)
    command = ["cc", "-shared", "-fPIC", "-o", str(path), str(written), *options]
    subprocess.run(command, check=True)
    written.unlink()
    return path


def linked(directory: Path, name: str = "libmxnet.so", *, search: str | None) -> Path:
    """`user/lib.so`, which calls a function of `used/<name>` and searches it in a directory."""
    used = compiled(
        directory / "used" / name, "int answer(void) { return 42; }", f"-Wl,-soname,{name}"
    )
    path = [f"-Wl,-rpath,{search}"] if search is not None else []
    return compiled(
        directory / "user" / "lib.so",
        "int answer(void); int ask(void) { return answer(); }",
        str(used),
        *path,
    )
