"""A session in a process of its own: the tests' one would be found and stopped."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import os
from pipeline.cli.init.local_session import local_session
before = dict(os.environ)
with local_session("look") as spark:
    print(spark.range(3).count(), spark.sparkContext.master)
    try:
        spark.sql("select raise_error('wrong')").collect()
    except Exception as error:
        print("wrong" in str(error))
print(dict(os.environ) == before)
"""


def test_a_session_says_nothing_of_its_own_even_when_a_task_fails() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=200
    )
    assert done.stdout.split() == ["3", "local[*]", "True", "True"]
    assert done.stderr == ""
