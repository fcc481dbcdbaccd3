"""Tokens are those of `transformers`' AutoTokenizer."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks.environments import TRANSFORMERS, NoEnvironmentError
from pipeline.errors import StoreError
from pipeline.transfer.packages import minilm
from pipeline.transfer.tokenising import Tokeniser
from tests.transfer.packed import unpack
from tests.transfer.small_checkpoints import bert, roberta

pytestmark = pytest.mark.slow

PROBES = [
    *(
        "Crème brûlée, naïve Ångström İstanbul",
        "日本語のテキスト と 漢字",
        "I ❤️ it 😀👩‍👩‍👧",
        "ﬁne ﬂow ﬃ",
    ),
    *(
        "",
        "   ",
        "\t\n",
        "a [MASK] b [SEP] c",
        "[CLS]x[PAD]",
        "<s> a <mask> </s>",
        "x" * 99,
        "x" * 100,
    ),
    *(
        "y" * 101,
        "z" * 200,
        "don't can't won't",
        "A.B.C. 3.14 1,000 $5 #tag @me",
        "soft\u00adhyphen",
    ),
    *(
        "zero\u200bwidth",
        "bell\x07 nul\x00 \ufffd",
        "\x96quoted\x97 by windows\x85",
        "ÇEDILLA É é e\u0301",
    ),
    *("مرحبا بالعالم", "Привет мир", "हिन्दी", "한국어 텍스트", "the film was unbelievable. " * 30),
]
PAIRS = [*PROBES[1:], PROBES[0]]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    base = tmp_path_factory.mktemp("checkpoints")
    try:
        real = minilm()
    except StoreError as error:
        pytest.skip(str(error))
    small = [
        bert(base / "plain", tokenizer_class="BertTokenizer"),
        bert(base / "cased", tokenizer_class="BertTokenizer", do_lower_case=False),
        bert(base / "accents", tokenizer_class="BertTokenizer", strip_accents=False),
        bert(base / "han", tokenizer_class="BertTokenizer", tokenize_chinese_chars=False),
        roberta(base / "roberta"),
    ]
    return [
        (str(where), PROBES, pairs, length)
        for where, length in [(real, 128), (real, 17), *((each, 30) for each in small)]
        for pairs in (None, PAIRS)
    ]


@pytest.fixture(scope="module")
def wanted(cases: list[tuple[Any, ...]]) -> list[Any]:
    try:
        python = TRANSFORMERS.python()
    except NoEnvironmentError as error:
        pytest.skip(str(error))
    program = Path(__file__).with_name("auto_tokens.py")
    done = subprocess.run(
        [str(python), str(program)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
        env={"HF_HUB_OFFLINE": "1", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_ids_and_types_are_the_same(cases: list[tuple[Any, ...]], wanted: list[Any]) -> None:
    differing = []
    for (checkpoint, texts, pairs, length), (ids, types) in zip(cases, wanted, strict=True):
        tokens = unpack(Tokeniser.load(checkpoint, length).encode(texts, pairs).rows)
        for at, mask in enumerate(tokens.mask > 0):
            ours = tokens.ids[at][mask].tolist(), tokens.token_types[at][mask].tolist()
            theirs = ids[at], types[at] if types else [0] * len(ids[at])
            if ours != theirs:
                differing.append((checkpoint, texts[at], pairs and pairs[at], ours, theirs))
    assert differing == []
