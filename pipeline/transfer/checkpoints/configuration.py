"""An encoder's `config.json`: its architecture in one set of terms for all families."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.families import ACTIVATIONS, Family, family_of
from pipeline.transfer.checkpoints.problems import broken

FILE = "config.json"


@dataclass(frozen=True)
class EncoderConfig:
    """What an encoder looks like; the terms are those of BERT's `config.json`.

    Parameters
    ----------
    family : str
        `bert`, `distilbert` or `roberta`: where positions begin, which head it has.
    vocab_size : int
        Rows of the word embedding.
    hidden_size : int
        Width of a token's vector.
    num_hidden_layers, num_attention_heads : int
        Layers, and heads of each.
    intermediate_size : int
        Width of the feed-forward part.
    max_position_embeddings : int
        Rows of the position embedding; RoBERTa's first rows belong to no token, see `longest`.
    type_vocab_size : int
        Rows of the token type embedding; 0: there is none.
    hidden_act : str
        A key of `families.ACTIVATIONS`.
    layer_norm_eps : float
        What is added to a variance.
    hidden_dropout_prob, attention_probs_dropout_prob : float
        Shares that are dropped in training, of hidden units and of attention weights.
    classifier_dropout : float
        The same in the checkpoint's own classification head.
    pad_token_id : int
        The token that fills up short rows.
    initializer_range : float
        Standard deviation of weights that start at random.
    """

    family: str
    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    intermediate_size: int
    max_position_embeddings: int
    type_vocab_size: int
    hidden_act: str
    layer_norm_eps: float
    hidden_dropout_prob: float
    attention_probs_dropout_prob: float
    classifier_dropout: float
    pad_token_id: int
    initializer_range: float

    @property
    def first_position(self) -> int:
        """The row of the position embedding that the first token has."""
        return self.pad_token_id + 1 if self.family == "roberta" else 0

    @property
    def longest(self) -> int:
        """Tokens that a row can have, the special ones included."""
        return self.max_position_embeddings - self.first_position


def read_json(path: Path) -> Mapping[str, Any]:
    """A JSON object of a checkpoint's directory.

    Raises
    ------
    ModelError
        When the file is missing, or is no JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{path.parent} is no checkpoint: it has no {path.name}; name the directory into which "
            "the checkpoint's files were brought"
        ) from error
    except (ValueError, RecursionError) as error:
        raise broken(path, f"it is no JSON ({error})") from error
    if not isinstance(content, dict):
        raise broken(path, "it is no JSON object")
    return content


def encoder_config(path: Path | str, content: Mapping[str, Any]) -> EncoderConfig:
    """The architecture that a `config.json` describes.

    Parameters
    ----------
    path : Path or str
        What errors call the file.
    content : mapping
        Its content.

    Raises
    ------
    ModelError
        When the architecture is none of those known here, or values are missing or wrong; all of
        them are named at once.
    """
    family = family_of(path, content.get("model_type"))
    values = _Values(content, family)
    config = EncoderConfig(
        family=family.name,
        vocab_size=values.count("vocab_size"),
        hidden_size=values.count("hidden_size"),
        num_hidden_layers=values.count("num_hidden_layers"),
        num_attention_heads=values.count("num_attention_heads"),
        intermediate_size=values.count("intermediate_size"),
        max_position_embeddings=values.count("max_position_embeddings", 512),
        type_vocab_size=values.count("type_vocab_size", 2) if family.has_types else 0,
        hidden_act=values.activation(),
        layer_norm_eps=values.number("layer_norm_eps", 1e-12),
        hidden_dropout_prob=values.share("hidden_dropout_prob", 0.1),
        attention_probs_dropout_prob=values.share("attention_probs_dropout_prob", 0.1),
        classifier_dropout=values.head_dropout(),
        pad_token_id=values.count("pad_token_id", family.pad_token_id, least=0),
        initializer_range=values.number("initializer_range", 0.02),
    )
    values.check_whole(config)
    if values.problems:
        raise ModelError(
            f"{path} describes no encoder that can be read: {'; '.join(values.problems)}"
        )
    return config


class _Values:
    """Values under the family's names; what is wrong with them is gathered."""

    def __init__(self, content: Mapping[str, Any], family: Family) -> None:
        self._content = content
        self._family = family
        self.problems: list[str] = []

    def count(self, name: str, usual: int | None = None, least: int = 1) -> int:
        """A whole number."""
        key, value = self._value(name, usual)
        if type(value) is not int or value < least:
            self.problems.append(f"{key} is {value!r} instead of a whole number from {least}")
            return least
        return value

    def number(self, name: str, usual: float) -> float:
        """A positive number."""
        key, value = self._value(name, usual)
        if type(value) not in (int, float) or not value > 0:
            self.problems.append(f"{key} is {value!r} instead of a positive number")
            return usual
        return float(value)

    def share(self, name: str, usual: float) -> float:
        """A number from 0 up to, but not, 1."""
        key, value = self._value(name, usual)
        if type(value) not in (int, float) or not 0 <= value < 1:
            self.problems.append(f"{key} is {value!r} instead of a share from 0 up to 1")
            return usual
        return float(value)

    def head_dropout(self) -> float:
        """Of the classification head; families without a value take that of hidden units."""
        key = self._family.key("classifier_dropout")
        if self._content.get(key) is None and self._family.head_dropout is None:
            return self.share("hidden_dropout_prob", 0.1)
        return self.share("classifier_dropout", self._family.head_dropout or 0.0)

    def activation(self) -> str:
        """The name of an activation."""
        key, value = self._value("hidden_act", "gelu")
        if not isinstance(value, str) or value not in ACTIVATIONS:
            self.problems.append(f"{key} is {value!r}; known are {', '.join(ACTIVATIONS)}")
        return str(value)

    def check_whole(self, config: EncoderConfig) -> None:
        """What values mean together, and what no encoder here can do."""
        if config.hidden_size % config.num_attention_heads:
            self.problems.append(
                f"{self._family.key('hidden_size')} {config.hidden_size} is no multiple of "
                f"{self._family.key('num_attention_heads')} {config.num_attention_heads}"
            )
        if config.pad_token_id >= config.vocab_size:
            self.problems.append(f"pad_token_id {config.pad_token_id} is outside the vocabulary")
        if config.longest < 1:
            self.problems.append("max_position_embeddings leaves no position for a token")
        positions = self._content.get("position_embedding_type", "absolute")
        if positions != "absolute":
            self.problems.append(
                f"position_embedding_type is {positions!r}, and only absolute positions are known"
            )
        for key in ("is_decoder", "add_cross_attention"):
            if self._content.get(key):
                self.problems.append(f"{key} is set, and only encoders are known")

    def _value(self, name: str, usual: Any) -> tuple[str, Any]:
        key = self._family.key(name)
        return key, self._content.get(key, usual)
