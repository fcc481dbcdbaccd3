"""Files on their way from an executor to the driver."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.deep.handing_over import hand_over

FILES = {"network-symbol.json": b"{}", "network-0000.params": bytes(range(256)) * 4_096}


def test_files_come_as_they_were_whatever_another_attempt_wrote(tmp_path: Path) -> None:
    scratch = tmp_path.as_uri()
    found = hand_over(FILES, scratch)
    hand_over({**FILES, "network-symbol.json": b"of another attempt"}, scratch)
    returned = pickle.dumps(found)
    assert len(returned) < 1_000
    assert pickle.loads(returned).read() == FILES


@pytest.mark.slow
def test_a_network_larger_than_results_may_be_is_trained_to_its_end(tmp_path: Path) -> None:
    params = {"hidden": [600, 600], "epochs": 1, "numWorkers": 1}  # 1.4 MiB
    limited = "--conf spark.driver.maxResultSize=1m pyspark-shell"
    found = subprocess.run(
        [
            *(sys.executable, "-m", "tests.deep.fit_script"),
            *("local[2]", tmp_path.as_uri(), json.dumps(params)),
        ],
        env={**os.environ, "PYSPARK_SUBMIT_ARGS": limited, "PYSPARK_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    told = json.loads(found.stdout)
    assert len(told.get("history", [])) == 1, told
