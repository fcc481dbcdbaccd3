"""Spark's driver in PyTorch's environment: a request a line on stdin, an answer a line on stdout.

An answer begins with `ANSWER`: TorchDistributor writes lines of its own.
"""

from __future__ import annotations

import json
import os
import sys

from pyspark.ml.torch.distributor import TorchDistributor
from pyspark.sql import SparkSession

from benchmarks.deep.torch_training import train
from benchmarks.deep.workload import ANSWER

RANKS = 2


def main(master: str, memory_mb: str, directory: str) -> None:
    """Train as often as is asked for, until stdin ends."""
    settings = {
        "spark.executor.memory": f"{memory_mb}m",
        "spark.driver.memory": "512m",
        "spark.ui.enabled": "false",
        "spark.executorEnv.PYTHONPATH": directory,
        "spark.executorEnv.GLOO_SOCKET_IFNAME": "lo",
        "spark.executorEnv.OMP_NUM_THREADS": "1",
    }
    builder = SparkSession.builder.master(master).appName("torch")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    _say("ready")
    for line in sys.stdin:
        distributor = TorchDistributor(RANKS, local_mode=False, use_gpu=False)
        _say(distributor.run(train, *json.loads(line)))
    spark.stop()


def _say(answer: object) -> None:
    sys.stdout.write(f"{ANSWER}{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], os.getcwd())
