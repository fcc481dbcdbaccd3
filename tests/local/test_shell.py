import dataclasses
import os
import subprocess
from pathlib import Path

from pipeline.local.shell import environment, shell_lines
from tests.local.test_state import make_state


def test_a_shell_that_evaluates_the_lines_gets_the_same_environment(tmp_path: Path) -> None:
    state = dataclasses.replace(
        make_state(tmp_path), python="/a venv/bin/python", java_home="/it's java"
    )
    script = "\n".join([*shell_lines(state), "env -0"])
    told = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, check=True, text=True
    ).stdout
    variables = dict(line.split("=", 1) for line in told.split("\0") if line)
    expected = environment(state)
    assert {name: variables[name] for name in expected} == expected


def test_the_environment_leads_to_the_cluster_and_its_python(tmp_path: Path) -> None:
    state = make_state(tmp_path)
    variables = environment(state)
    assert variables["SPARK_MASTER"] == state.master_url
    assert variables["PYSPARK_PYTHON"] == variables["PYSPARK_DRIVER_PYTHON"] == "/python"
    assert variables["PATH"].split(os.pathsep)[0] == "/"
