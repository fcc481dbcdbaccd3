import json
import subprocess
from pathlib import Path

from pipeline.local import gpus


def test_the_script_tells_spark_of_so_many_gpus(tmp_path: Path) -> None:
    script = tmp_path / "discover.sh"
    gpus.write_discovery_script(script, 2)
    told = subprocess.run([str(script)], capture_output=True, check=True, text=True).stdout
    assert json.loads(told) == {"name": "gpu", "addresses": ["0", "1"]}
