import subprocess
from pathlib import Path

import pytest

from pipeline.local.hadoop.shape import HadoopShape
from pipeline.local.hadoop.spark_defaults import write


def settings(directory: Path, gpus: int) -> dict[str, str]:
    (directory / "conf").mkdir()
    conf = write(directory, HadoopShape(2, 2, 4_096, gpus), "/spark")
    lines = (conf / "spark-defaults.conf").read_text().splitlines()
    return dict(line.split(" ", 1) for line in lines)


def test_dynamic_allocation_is_on_as_on_emr(tmp_path: Path) -> None:
    found = settings(tmp_path, 0)
    assert found["spark.dynamicAllocation.enabled"] == "true"
    assert found["spark.dynamicAllocation.shuffleTracking.enabled"] == "true"
    assert "spark.executor.resource.gpu.amount" not in found


@pytest.mark.parametrize("gpus", [1, 4])
def test_a_container_finds_the_gpu_that_it_was_given(gpus: int, tmp_path: Path) -> None:
    found = settings(tmp_path, gpus)
    assert found["spark.executor.resource.gpu.amount"] == "1"
    script = found["spark.executor.resource.gpu.discoveryScript"]
    said = subprocess.run([script], capture_output=True, text=True, check=True).stdout
    assert said == '{"name": "gpu", "addresses": ["0"]}\n'
