"""Run in a mount namespace of its own: a node gets the environment, and YARN runs jobs with it.

python -m tests.emr.environment.node_run ARCHIVE DIRECTORY prints JSON: for the bootstrap path and
for `spark.archives`, how the job ended, the driver's Python, and those of the executors' workers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from pipeline import files
from pipeline.emr.environment.archive import read_archive
from pipeline.local.hadoop import cluster
from pipeline.local.hadoop.state import HadoopState
from tests.cli.rehearsal.containers import wait_until
from tests.cli.rehearsal.rehearsed import rehearsals_of

ROOT = Path(__file__).parents[3]
INSTALLED = Path("/opt/emr-ensembles/env")


def main(file: Path, directory: Path) -> dict[str, Any]:
    archive = read_archive(file)
    script = ROOT / "bootstrap" / "environment.sh"
    command = ["bash", str(script), "--archive", str(file), "--sha256", archive.sha256]
    subprocess.run(command, check=True, stdout=sys.stderr)
    (installed,) = INSTALLED.iterdir()
    state = cluster.up(directory / "hadoop", nodes=2, cores_per_node=2, memory_per_node_mb=4_096)
    try:
        os.environ["HADOOP_CONF_DIR"] = state.configuration
        uri = f"{state.namenode}/environments/{file.name}"
        files.upload(file, uri)
        return {
            "bootstrap": rehearse(state, directory / "1", "--python", f"{installed}/bin/python"),
            "archives": rehearse(state, directory / "2", "--archive", uri),
        }
    finally:
        cluster.down(directory / "hadoop")


def rehearse(state: HadoopState, place: Path, *how: str) -> dict[str, Any]:
    place.mkdir()
    own = rehearsals_of(state, place)
    process = own.start("--jobs", "prepare", "boost", *how)
    workers: set[str] = set()

    def is_over() -> bool:
        for each in psutil.process_iter(["cmdline", "cwd"]):
            words, place = each.info["cmdline"] or [], str(each.info["cwd"])
            if "pyspark.daemon" in words and place.startswith(state.directory):
                workers.add(words[0])
        return process.poll() is not None

    wait_until(is_over, "the rehearsal ended", 600)
    said, _ = process.communicate()
    sys.stderr.write(said)
    parts = own.record()["jobs"]
    return {
        "code": process.returncode,
        "drivers": sorted({str(part["python"]) for part in parts.values()}),
        "workers": sorted(workers),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
