"""The same passes in transformers' environment: a request a line, an answer a line.

    python -m benchmarks.transfer.torch_passes CHECKPOINT CORE...

A request is the JSON of attention, dropout and passes; an answer begins with `ANSWER`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import cache
from typing import Any

from benchmarks.transfer.workload import ANSWER, BATCH, CLASSES, LENGTH, token_ids


def main(checkpoint: str, cores: list[int]) -> None:
    """Compute as often as is asked for, until stdin ends."""
    os.sched_setaffinity(0, cores)  # before PyTorch begins its threads
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    torch.set_num_threads(len(cores))

    @cache
    def model(attention: str, dropout: float) -> Any:
        made = transformers.AutoModelForSequenceClassification.from_pretrained(
            checkpoint,
            num_labels=CLASSES,
            attn_implementation=attention,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
            dtype=torch.float32,
        )
        return made.train()

    _say("ready")
    for line in sys.stdin:
        attention, dropout, passes = json.loads(line)
        _say([_seconds(torch, model(attention, dropout), seed) for seed in range(passes)])


def _seconds(torch: Any, model: Any, seed: int) -> float:
    ids, labels = token_ids(BATCH, seed)
    given = {
        "input_ids": torch.from_numpy(ids),
        "attention_mask": torch.ones((BATCH, LENGTH), dtype=torch.int64),
        "token_type_ids": torch.zeros((BATCH, LENGTH), dtype=torch.int64),
        "labels": torch.from_numpy(labels.astype("int64")),
    }
    model.zero_grad(set_to_none=True)
    began = time.monotonic()
    model(**given).loss.backward()
    return time.monotonic() - began


def _say(answer: object) -> None:
    sys.stdout.write(f"{ANSWER}{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], [int(core) for core in sys.argv[2:]])
