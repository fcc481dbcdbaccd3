"""What `transformers` makes of texts; runs in the environment that has it, not in the tests'.

Reads JSON from stdin: a list of (checkpoint, texts, pairs or null, max_length); writes, for each,
ids and token types (null where the tokeniser gives none).
"""

from __future__ import annotations

import json
import sys

from transformers import AutoTokenizer


def main() -> None:
    answers = []
    for checkpoint, texts, pairs, max_length in json.load(sys.stdin):
        tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        made = tokenizer(texts, pairs, truncation=True, max_length=max_length)
        answers.append([made["input_ids"], made.get("token_type_ids")])
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
