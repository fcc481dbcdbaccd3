"""What is told of cut texts."""

from __future__ import annotations

import numpy as np

from pipeline.transfer.counts_param import CountsParam
from pipeline.transfer.text_counts import TextCounts


def _counts(lengths: list[int], room: int, nulls: int = 0) -> TextCounts:
    tokens = np.array(lengths)
    return TextCounts.of(tokens, np.maximum(tokens - room, 0), nulls)


def test_counts_of_parts_add_up_to_those_of_the_whole() -> None:
    whole = _counts([3, 9, 200, 17], 16, nulls=1)
    assert _counts([3, 9], 16, nulls=1) + _counts([200, 17], 16) == whole
    assert (whole.texts, whole.nulls, whole.cut_texts) == (4, 1, 2)
    assert (whole.tokens, whole.cut_tokens) == (229, 185)
    adder = CountsParam()
    assert adder.addInPlace(adder.zero(whole), whole) == whole


def test_the_length_that_would_hold_a_share_of_the_texts() -> None:
    counts = _counts([*[10] * 99, 300], 16)
    assert counts.length_for(0.99) == 16
    assert counts.length_for(1.0) == 304
    assert TextCounts().length_for() == 0


def test_one_sentence_says_what_was_cut_and_what_would_help() -> None:
    counts = _counts([*[10] * 90, *[40] * 10], 32, nulls=2)
    assert counts.sentence(32, 1, 512) == (
        "100 texts, 10.0 % longer than 32 tokens; 6.2 % of the tokens were cut; "
        "max_length 40 would hold 99 % of the texts; 2 were null and count as empty"
    )
    assert "99 % of the texts have up to 40 tokens, and the network takes 32" in counts.sentence(
        32, 1, 32
    )
    assert _counts([10], 32).sentence(8, 4, 512) == "1 texts, 0.0 % longer than 4 windows of 8"
