"""Checkpoints whose tokeniser cannot be used, each with one clear error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece

from pipeline import files
from pipeline.errors import ModelError
from pipeline.transfer.tokenising import Tokeniser
from tests.transfer.small_checkpoints import CONFIG, VOCABULARY, bert, roberta


def _refused(checkpoint: Path | str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Tokeniser.load(str(checkpoint), max_length=16)


def test_a_vocabulary_that_is_larger_than_the_network_is_refused(tmp_path: Path) -> None:
    where = bert(tmp_path, config={**CONFIG, "vocab_size": len(VOCABULARY) - 1})
    _refused(where, "does not fit the network: its token 'd' has id 27, and .* vocab_size 27")


def test_a_smaller_vocabulary_fits(tmp_path: Path) -> None:
    where = bert(tmp_path, config={**CONFIG, "vocab_size": 64})
    assert Tokeniser.load(str(where), 16).limits.vocab_size == 64


def test_missing_special_tokens_are_named(tmp_path: Path) -> None:
    where = bert(tmp_path)
    (where / "vocab.txt").write_text("a\nb\n[UNK]\n[CLS]\n")
    _refused(where, r"no \[SEP\] or </s>, no \[PAD\] or <pad>; the tokeniser is not one")


def test_special_tokens_may_have_names_of_their_own(tmp_path: Path) -> None:
    where = bert(tmp_path, cls_token={"content": "a", "lstrip": False}, sep_token="b")
    ids = Tokeniser.load(str(where), 16).special_ids
    assert (ids["cls_token"], ids["sep_token"]) == (VOCABULARY.index("a"), VOCABULARY.index("b"))
    _refused(bert(tmp_path, cls_token="[BEGIN]"), r"the vocabulary has no \[BEGIN\]; the tokeni")


def test_missing_files_are_named(tmp_path: Path) -> None:
    _refused(tmp_path, "no config.json; name the directory of a checkpoint")
    where = bert(tmp_path)
    (where / "vocab.txt").unlink()
    _refused(where, "neither tokenizer.json nor vocab.txt; copy the checkpoint's own file there")


def test_damaged_files_are_named(tmp_path: Path) -> None:
    where = roberta(tmp_path)
    whole = (where / "tokenizer.json").read_text()
    (where / "tokenizer.json").write_text(whole[: len(whole) // 2])
    _refused(where, "tokenizer.json: cannot be read: .*; copy it again")
    (where / "config.json").write_text("{")
    _refused(where, "config.json: not JSON: ")
    (where / "config.json").write_text("[]")
    _refused(where, "config.json: not a JSON object")
    (where / "config.json").write_text(json.dumps({"vocab_size": 8}))
    _refused(where, "config.json describes a model of type None")
    (where / "config.json").write_text(json.dumps({**CONFIG, "hidden_size": "4"}))
    _refused(where, "config.json describes no encoder .*: hidden_size is '4' instead of a whole")
    (where / "config.json").write_text(json.dumps({**CONFIG, "vocab_size": 2**24}))
    _refused(where, "vocab_size is 16777216; 8388608 is the most")
    latin = bert(tmp_path / "latin")
    (latin / "vocab.txt").write_bytes("café".encode("latin-1"))
    _refused(latin, "vocab.txt: not UTF-8")


def test_settings_of_another_kind_than_they_should_be_do_not_count(tmp_path: Path) -> None:
    strange = bert(tmp_path / "strange", cls_token=5, do_lower_case="yes", strip_accents=[])
    usual = bert(tmp_path / "usual")
    found, wanted = (Tokeniser.load(str(each), 16).encode(["CAFÉ"]) for each in (strange, usual))
    assert found.rows[0, :4].tolist() == wanted.rows[0, :4].tolist()


def test_a_tokeniser_that_adds_no_special_tokens_is_refused(tmp_path: Path) -> None:
    where = bert(tmp_path)
    words = {word: place for place, word in enumerate(VOCABULARY)}
    Tokenizer(WordPiece(words, unk_token="[UNK]")).save(str(where / "tokenizer.json"))
    _refused(where, "tokenizer.json: puts no special tokens around a text")


def test_a_checkpoint_may_be_in_a_bucket(s3: str, tmp_path: Path) -> None:
    where = bert(tmp_path)
    for path in where.iterdir():
        files.upload(path, f"{s3}/tokeniser/{path.name}")
    there, here = (Tokeniser.load(uri, 16) for uri in (f"{s3}/tokeniser", str(where)))
    assert there.digest == here.digest
    _refused(f"{s3}/nothing", "no config.json")
