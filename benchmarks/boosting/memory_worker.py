"""`python -m benchmarks.boosting.memory_worker FACTS`: one worker trains on a shard; for `memory`.

The limit comes first, and nothing is imported that a gang's worker would not have. The last line of
the output tells what happened.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


def main() -> int:
    facts: dict[str, Any] = json.loads(sys.argv[1])
    if facts["limit_mib"]:
        limit = facts["limit_mib"] << 20
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    from benchmarks.lonely import lonely_worker
    from pipeline.boosting.rounds import train_rounds

    task, worker = _task(facts), lonely_worker(facts["threads"])
    data_kib, anonymous_kib = private_kib("self")
    began = time.monotonic()
    found = train_rounds(task, worker)
    told = {
        "seconds": time.monotonic() - began,
        "loop": found["seconds"],
        "on_disk": found["on_disk"],
        "data_kib": data_kib,
        "anonymous_kib": anonymous_kib,
        "metrics": found["history"][-1],
    }
    sys.stdout.write(f"{json.dumps(told)}\n")
    return 0


def private_kib(process: str) -> tuple[int, int]:
    """Private memory of a process: what it has asked for (`VmData`), what it has touched."""
    found = {}
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        found[name] = value
    return int(found["VmData"].split()[0]), int(found["RssAnon"].split()[0])


def _task(facts: dict[str, Any]) -> Any:
    from pipeline.boosting.memory import Memory
    from pipeline.boosting.task import BoostingTask, RowRoles
    from pipeline.data.encoding import Feature, FeatureSchema
    from pipeline.spark.shards import Layout, ShardSet
    from pipeline.store.checkpoints import Checkpoints

    rows, columns, directory = facts["rows"], facts["columns"], facts["directory"]
    shards = ShardSet(
        uri=directory,
        count=1,
        layout=Layout(columns, is_sparse=False, is_weighted=False),
        rows={"train": rows, "validation": 0},
        sizes={"train": (rows,), "validation": (0,)},
        fingerprint="",
    )
    names = [f"x{place}" for place in range(columns)]
    return BoostingTask(
        shards=shards,
        features=FeatureSchema(tuple(Feature(name, "numeric") for name in names)),
        roles=RowRoles(types=("q",) * columns),
        params=facts["params"],
        rounds=facts["rounds"],
        output=f"{directory}/booster.ubj",
        checkpoints=Checkpoints(f"{directory}/checkpoints"),
        memory=Memory(facts["mode"]),
    )


if __name__ == "__main__":
    sys.exit(main())
