"""A checkpoint's own tokens, in windows; the library's own cutting is the reference."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from pipeline.errors import DataError, UserError
from pipeline.transfer.tokeniser_files import make_tokenizer, read_files
from pipeline.transfer.tokenising import Tokeniser
from tests.transfer.packed import unpack
from tests.transfer.small_checkpoints import CONFIG, PIECES, VOCABULARY, bert, roberta


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bert(tmp_path_factory.mktemp("bert"))


def _words(checkpoint: Path, text: str, pair: str | None = None) -> list[str]:
    """The tokens that a text becomes."""
    tokeniser = Tokeniser.load(str(checkpoint), max_length=32)
    tokens = unpack(tokeniser.encode([text], None if pair is None else [pair]).rows)
    return [VOCABULARY[each] for each in tokens.ids[0][tokens.mask[0] > 0]]


def test_words_are_cut_to_pieces_of_the_vocabulary(checkpoint: Path) -> None:
    assert _words(checkpoint, "The film was unbelievable.") == [
        *("[CLS]", "the", "film", "was", "un", "##believ", "##able", ".", "[SEP]")
    ]
    assert _words(checkpoint, "日本 ☃") == ["[CLS]", "日", "本", "[UNK]", "[SEP]"]
    assert _words(checkpoint, "") == ["[CLS]", "[SEP]"]
    assert _words(checkpoint, "x" * 200) == ["[CLS]", "[UNK]", "[SEP]"]
    assert _words(checkpoint, "a [MASK] b") == ["[CLS]", "a", "[MASK]", "b", "[SEP]"]


def test_case_and_accents_are_what_the_checkpoint_says(checkpoint: Path, tmp_path: Path) -> None:
    assert _words(checkpoint, "CAFÉ")[1:-1] == ["caf", "##e"]
    keeping = bert(tmp_path / "keeping", strip_accents=False)
    assert _words(keeping, "CAFÉ")[1:-1] == ["caf", "##é"]
    cased = bert(tmp_path / "cased", do_lower_case=False)
    assert _words(cased, "CAFÉ café")[1:-1] == ["[UNK]", "caf", "##é"]
    together = bert(tmp_path / "together", tokenize_chinese_chars=False)
    assert _words(together, "日本")[1:-1] == ["[UNK]"]


def test_a_tokenizer_json_gives_what_its_vocabulary_gives(checkpoint: Path, tmp_path: Path) -> None:
    """Even one that says how to pad and cut, and a tokenizer_config.json that overrules it."""
    tokenizer = make_tokenizer(read_files(str(checkpoint)))
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=4)
    other = bert(tmp_path, do_lower_case=False)
    (other / "vocab.txt").unlink()
    tokenizer.save(str(other / "tokenizer.json"))
    text = "the film was very very unbelievable"
    assert _words(other, text) == _words(checkpoint, text)
    assert _words(other, "THE film")[1:-1] == ["[UNK]", "film"]


def test_a_pair_has_two_types(checkpoint: Path) -> None:
    tokeniser = Tokeniser.load(str(checkpoint), max_length=16)
    tokens = unpack(tokeniser.encode(["a b"], ["c"]).rows)
    assert [VOCABULARY[each] for each in tokens.ids[0][:6]] == [
        "[CLS]",
        "a",
        "b",
        "[SEP]",
        *"c",
        "[SEP]",
    ]
    assert tokens.token_types[0][:7].tolist() == [0, 0, 0, 0, 1, 1, 0]


def test_a_roberta_has_one_type_and_its_own_marks(tmp_path: Path) -> None:
    tokeniser = Tokeniser.load(str(roberta(tmp_path)), max_length=32)
    tokens = unpack(tokeniser.encode(["h"], ["é"]).rows, pad_id=tokeniser.pad_id)
    assert tokens.mask[0].tolist() == [1] * 7 + [0]
    # <s> h </s> </s>, é in two bytes, </s> <pad>
    assert tokens.ids[0, [0, 2, 3, 6, 7]].tolist() == [0, 2, 2, 2, 1]
    assert not tokens.token_types.any()
    with pytest.raises(UserError, match="max_length must be from 6 to 32, the positions that"):
        Tokeniser.load(str(tmp_path), max_length=33)


def _texts(seed: int, count: int = 120) -> list[str]:
    random = np.random.default_rng(seed)
    words = [each for each in PIECES if not each.startswith("#")] + ["unbelievable", "cafés"]
    return [" ".join(random.choice(words, random.integers(0, 40))) for _ in range(count)]


@pytest.mark.parametrize(("max_length", "windows", "stride"), [(8, 1, 0), (9, 3, 0), (16, 4, 3)])
def test_windows_are_those_that_the_library_cuts(
    checkpoint: Path, max_length: int, windows: int, stride: int
) -> None:
    texts = _texts(1)
    tokeniser = Tokeniser.load(str(checkpoint), max_length, windows, stride)
    reference = _reference(checkpoint, max_length, stride)
    encoded = tokeniser.encode(texts)
    cut = 0
    for row, text in zip(encoded.rows, texts, strict=True):
        first = reference.encode(text)
        wanted = [first, *first.overflowing]
        tokens = unpack(row[None].reshape(1, windows, max_length))
        for ids, mask, each in zip(tokens.ids, tokens.mask, wanted, strict=False):
            assert ids[mask > 0].tolist() == each.ids
        assert np.count_nonzero(tokens.mask.any(axis=1)) == min(len(wanted), windows)
        cut += len(wanted) > windows
    assert encoded.counts.cut_texts == cut > 0


@pytest.mark.parametrize("max_length", [8, 9, 20])
def test_a_pair_that_is_too_long_is_cut_as_the_library_cuts_it(
    checkpoint: Path, max_length: int
) -> None:
    firsts, seconds = _texts(2), _texts(3)
    reference = _reference(checkpoint, max_length, 0)
    rows = Tokeniser.load(str(checkpoint), max_length).encode(firsts, seconds).rows
    for row, first, second in zip(rows, firsts, seconds, strict=True):
        wanted = reference.encode(first, second)
        tokens = unpack(row[None])
        mask = tokens.mask[0] > 0
        assert tokens.ids[0][mask].tolist() == wanted.ids
        assert tokens.token_types[0][mask].tolist() == wanted.type_ids


def _reference(checkpoint: Path, max_length: int, stride: int) -> Tokenizer:
    reference = make_tokenizer(read_files(str(checkpoint)))
    reference.enable_truncation(max_length, stride=stride)
    return reference


def test_the_longer_text_of_a_pair_goes_on_beside_the_shorter(checkpoint: Path) -> None:
    tokeniser = Tokeniser.load(str(checkpoint), max_length=8, windows=3, stride=1)
    encoded = tokeniser.encode(["a"], ["b c d the film was is good bad very ."])
    tokens = unpack(encoded.rows.reshape(1, 3, 8))
    said = [" ".join(VOCABULARY[each] for each in line) for line in tokens.ids]
    assert said == [
        "[CLS] a [SEP] b c d the [SEP]",
        "[CLS] a [SEP] the film was is [SEP]",
        "[CLS] a [SEP] is good bad very [SEP]",
    ]
    assert (encoded.counts.cut_texts, encoded.counts.cut_tokens) == (1, 1)


def test_what_is_cut_and_what_is_null_is_counted(checkpoint: Path) -> None:
    tokeniser = Tokeniser.load(str(checkpoint), max_length=8)
    counts = tokeniser.encode([None, "a b", "a b c d a b c d", ""]).counts
    assert (counts.texts, counts.nulls, counts.cut_texts) == (4, 1, 1)
    assert (counts.tokens, counts.cut_tokens) == (2 + 4 + 10 + 2, 2)
    assert counts.lengths == {8: 3, 16: 1}
    pairs = tokeniser.encode(["a", None], [None, None]).counts
    assert (pairs.texts, pairs.nulls, pairs.tokens) == (2, 2, 4 + 3)


def test_many_texts_are_what_each_of_them_is(checkpoint: Path) -> None:
    texts = _texts(4, count=700)
    tokeniser = Tokeniser.load(str(checkpoint), max_length=16)
    rows = tokeniser.encode(texts).rows
    assert rows.shape == (700, tokeniser.width)
    alone = tokeniser.encode([texts[650]]).rows[0]
    assert np.array_equal(rows[650], alone, equal_nan=True)
    assert tokeniser.encode([]).rows.shape == (0, 16)


def test_what_is_no_text_is_refused(checkpoint: Path) -> None:
    tokeniser = Tokeniser.load(str(checkpoint), max_length=16)
    with pytest.raises(DataError, match="3 is no text; a text is a string, or None"):
        tokeniser.encode(["a", 3])  # type: ignore[list-item]
    with pytest.raises(DataError, match="2 texts and 1 pairs"):
        tokeniser.encode(["a", "b"], ["c"])


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (
            (65, 1, 0),
            "max_length must be from 5 to 64, the positions that .* not 65; a longer text",
        ),
        ((4, 1, 0), "max_length must be from 5 to 64"),
        ((16, 0, 0), "windows must be 1 or more, not 0"),
        ((16, 2, 7), "stride must be from 0 to 6, less than half of a window of 16 tokens, not 7"),
    ],
)
def test_lengths_that_are_not_possible_are_refused(
    checkpoint: Path, shape: tuple[int, int, int], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        Tokeniser.load(str(checkpoint), *shape)


def test_the_digest_tells_tokenisers_apart(checkpoint: Path, tmp_path: Path) -> None:
    one, other = bert(tmp_path / "one"), bert(tmp_path / "other", do_lower_case=False)
    assert Tokeniser.load(str(one), 32).digest == Tokeniser.load(str(checkpoint), 32).digest
    assert Tokeniser.load(str(other), 32).digest != Tokeniser.load(str(one), 32).digest
    assert Tokeniser.load(str(one), 31).digest != Tokeniser.load(str(one), 32).digest


def test_what_a_config_leaves_out_is_what_the_network_takes_it_for(tmp_path: Path) -> None:
    silent = {name: value for name, value in CONFIG.items() if name != "type_vocab_size"}
    where = bert(tmp_path / "bert", config=silent)
    tokens = unpack(Tokeniser.load(str(where), 16).encode(["a"], ["b"]).rows)
    assert tokens.token_types[0].tolist() == [0, 0, 0, 1, 1, 0, 0, 0]
    sizes = {"dim": 4, "n_layers": 1, "n_heads": 2, "hidden_dim": 4}
    where = bert(tmp_path / "distil", config={**silent, **sizes, "model_type": "distilbert"})
    tokens = unpack(Tokeniser.load(str(where), 16).encode(["a"], ["b"]).rows)
    assert not tokens.token_types.any()
    where = roberta(tmp_path / "roberta")
    config = json.loads((where / "config.json").read_text())
    del config["pad_token_id"], config["max_position_embeddings"]
    (where / "config.json").write_text(json.dumps(config))
    assert Tokeniser.load(str(where), 16).limits.positions == 510
