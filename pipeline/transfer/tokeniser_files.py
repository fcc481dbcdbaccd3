"""A checkpoint's tokeniser, as the `tokenizers` library runs it, from the checkpoint's files.

What pre-training did is in `tokenizer.json`; older checkpoints have the word pieces in `vocab.txt`
and the rest in `tokenizer_config.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import WordPiece as WordPieceDecoder
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from pipeline import files
from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.configuration import FILE as CONFIG
from pipeline.transfer.checkpoints.configuration import encoder_config
from pipeline.transfer.token_rows import MOST_IDS
from pipeline.transfer.windows import Template

TOKENISER = "tokenizer.json"
VOCABULARY = "vocab.txt"
SETTINGS = "tokenizer_config.json"
SPECIAL_TOKENS = "special_tokens_map.json"
FILES = (CONFIG, TOKENISER, VOCABULARY, SETTINGS, SPECIAL_TOKENS)
"""What is read of a checkpoint, where it is there."""

# Under each name that a checkpoint may give: what BERT and RoBERTa call it.
_SPECIAL = {
    "cls_token": ("[CLS]", "<s>"),
    "sep_token": ("[SEP]", "</s>"),
    "pad_token": ("[PAD]", "<pad>"),
    "unk_token": ("[UNK]", "<unk>"),
}
_LONGEST_WORD = 100  # characters, of BERT: a longer word is [UNK]


@dataclass(frozen=True)
class TokeniserFiles:
    """What is read of a checkpoint to tokenise for it.

    Parameters
    ----------
    uri : str
        The checkpoint, for messages.
    contents : mapping of str to bytes
        The files, by name.
    """

    uri: str
    contents: Mapping[str, bytes]

    def json(self, name: str) -> dict[str, Any]:
        """A file's content; empty when there is no such file.

        Raises
        ------
        ModelError
            When it is not a JSON object.
        """
        try:
            found = json.loads(self.contents.get(name, b"{}"))
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{files.join(self.uri, name)}: not JSON: {error}") from None
        if not isinstance(found, dict):
            raise ModelError(f"{files.join(self.uri, name)}: not a JSON object")
        return found


@dataclass(frozen=True)
class Limits:
    """What a checkpoint's network takes.

    Parameters
    ----------
    vocab_size : int
        Ids are below.
    positions : int
        The longest sequence.
    token_types : int
        Token types that it tells apart.
    """

    vocab_size: int
    positions: int
    token_types: int


def read_files(uri: str) -> TokeniserFiles:
    """Read the few files of a checkpoint that tokenising needs, not the weights.

    Parameters
    ----------
    uri : str
        The checkpoint's directory: a path, `file://`, `s3://` or `hdfs://`.

    Raises
    ------
    ModelError
        When `config.json`, or both `tokenizer.json` and `vocab.txt`, are missing.
    StoreError
        When a file cannot be read.
    """
    whole = files.absolute(uri)
    contents = {}
    for name in FILES:
        if name == VOCABULARY and TOKENISER in contents:
            continue
        try:
            contents[name] = files.read_bytes(files.join(whole, name))
        except FileNotFoundError:
            continue
    if CONFIG not in contents:
        raise ModelError(
            f"{uri}: no {CONFIG}; name the directory of a checkpoint, with its config, weights and "
            "tokeniser"
        )
    if TOKENISER not in contents and VOCABULARY not in contents:
        raise ModelError(
            f"{uri}: neither {TOKENISER} nor {VOCABULARY}; copy the checkpoint's own file there "
            "(with transformers: AutoTokenizer.from_pretrained(…).save_pretrained(…))"
        )
    return TokeniserFiles(uri, contents)


def limits(found: TokeniserFiles) -> Limits:
    """What the checkpoint's `config.json` says of sequences.

    Raises
    ------
    ModelError
        When it describes no encoder that is known here, or one of too many tokens.
    """
    where = files.join(found.uri, CONFIG)
    config = encoder_config(where, found.json(CONFIG))
    if config.vocab_size > MOST_IDS:
        raise ModelError(f"{where}: vocab_size is {config.vocab_size}; {MOST_IDS} is the most")
    return Limits(config.vocab_size, config.longest, max(config.type_vocab_size, 1))


def make_tokenizer(found: TokeniserFiles) -> Tokenizer:
    """The library's tokeniser: it neither pads nor cuts, whatever the file says.

    Raises
    ------
    ModelError
        When a file cannot be used, or the vocabulary is larger than the network's.
    """
    tokenizer = _from_json(found) if TOKENISER in found.contents else _from_vocabulary(found)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    size = limits(found).vocab_size
    largest = max(tokenizer.get_vocab(with_added_tokens=True).items(), key=lambda each: each[1])
    if largest[1] >= size:
        raise ModelError(
            f"{found.uri}: the tokeniser does not fit the network: its token {largest[0]!r} has id "
            f"{largest[1]}, and {CONFIG} says vocab_size {size}; take both from one checkpoint"
        )
    return tokenizer


def special_ids(found: TokeniserFiles, tokenizer: Tokenizer) -> dict[str, int]:
    """Ids of the special tokens: `cls_token`, `sep_token`, `pad_token`, `unk_token`.

    Raises
    ------
    ModelError
        When the vocabulary lacks one; all that are missing are named.
    """
    named = {**found.json(SPECIAL_TOKENS), **found.json(SETTINGS)}
    ids, lacking = {}, []
    for name, usual in _SPECIAL.items():
        given = _text_of(named.get(name))
        known = [tokenizer.token_to_id(token) for token in ([given] if given else usual)]
        here = [number for number in known if number is not None]
        if here:
            ids[name] = here[0]
        else:
            lacking.append(given or " or ".join(usual))
    if lacking:
        raise ModelError(
            f"{found.uri}: the vocabulary has no {', no '.join(lacking)}; the tokeniser is not one "
            "of a BERT or RoBERTa, or its file is damaged"
        )
    return ids


def template(
    found: TokeniserFiles, tokenizer: Tokenizer, ids: Mapping[str, int], *, is_pair: bool
) -> Template:
    """Where the tokeniser puts special tokens, found by trying.

    Token types that the network does not have are 0.

    Raises
    ------
    ModelError
        When it does not begin with the first special token and end with a separator.
    """
    tried = tokenizer.encode("a", "a") if is_pair else tokenizer.encode("a")
    most = limits(found).token_types - 1
    numbers = [2 * at + min(kind, most) for at, kind in zip(tried.ids, tried.type_ids, strict=True)]
    owners = tried.sequence_ids
    first = [place for place, owner in enumerate(owners) if owner == 0]
    last = [place for place, owner in enumerate(owners) if owner == 1] or first
    before, after = numbers[: first[0]], numbers[last[-1] + 1 :]
    if [each >> 1 for each in before] != [ids["cls_token"]] or not (
        after and after[-1] >> 1 == ids["sep_token"]
    ):
        raise ModelError(
            f"{files.join(found.uri, TOKENISER)}: puts no special tokens around a text, as BERT "
            "and RoBERTa have them: its post_processor is missing or another model's"
        )
    between = numbers[first[-1] + 1 : last[0]] if is_pair else []
    return Template(
        tuple(before),
        tuple(between),
        tuple(after),
        (numbers[first[0]] & 1, numbers[last[0]] & 1),
    )


def _from_json(found: TokeniserFiles) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_str(found.contents[TOKENISER].decode())
    except Exception as error:  # noqa: BLE001 - the library raises nothing narrower
        raise ModelError(
            f"{files.join(found.uri, TOKENISER)}: cannot be read: {error}; copy it again"
        ) from None
    if isinstance(tokenizer.normalizer, BertNormalizer):
        tokenizer.normalizer = _normaliser(found, tokenizer.normalizer)
    return tokenizer


def _from_vocabulary(found: TokeniserFiles) -> Tokenizer:
    """BERT's tokeniser; a word piece's line is its id."""
    try:
        text = found.contents[VOCABULARY].decode()
    except UnicodeDecodeError as error:
        raise ModelError(f"{files.join(found.uri, VOCABULARY)}: not UTF-8: {error}") from None
    lines = text.removesuffix("\n").split("\n")
    pieces = {piece.removesuffix("\r"): number for number, piece in enumerate(lines)}
    unknown = _text_of(found.json(SETTINGS).get("unk_token")) or "[UNK]"
    tokenizer = Tokenizer(
        WordPiece(pieces, unk_token=unknown, max_input_chars_per_word=_LONGEST_WORD)
    )
    ids = special_ids(found, tokenizer)
    mask = _text_of(found.json(SETTINGS).get("mask_token")) or "[MASK]"
    special = [tokenizer.id_to_token(number) for number in ids.values()]
    special += [mask] if mask in pieces else []
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token in special]
    )
    tokenizer.normalizer = _normaliser(found, BertNormalizer())
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.decoder = WordPieceDecoder()
    begin, separator = special[:2]
    tokenizer.post_processor = TemplateProcessing(
        single=f"{begin} $A {separator}",
        pair=f"{begin} $A {separator} $B:1 {separator}:1",
        special_tokens=[(begin, ids["cls_token"]), (separator, ids["sep_token"])],
    )
    return tokenizer


def _normaliser(found: TokeniserFiles, given: BertNormalizer) -> BertNormalizer:
    """With what `tokenizer_config.json` says, which `transformers` goes by where both speak.

    Where it is silent, what `tokenizer.json` says stands.
    """
    said = {name: value for name, value in found.json(SETTINGS).items() if type(value) is bool}
    return BertNormalizer(
        clean_text=given.clean_text,
        handle_chinese_chars=said.get("tokenize_chinese_chars", given.handle_chinese_chars),
        strip_accents=said.get("strip_accents", given.strip_accents),
        lowercase=said.get("do_lower_case", given.lowercase),
    )


def _text_of(token: Any) -> str | None:
    """A special token's text; checkpoints write it alone, or with how it is matched."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else None
