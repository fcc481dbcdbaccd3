"""Checkpoints without weights: all that tokenising reads, with vocabularies of a few words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.processors import RobertaProcessing

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PIECES = (
    *("the", "film", "was", "is", "good", "bad", "un", "##believ", "##able", "very", "."),
    *("caf", "##e", "##é", "##s", "ob", "##ject", "日", "本", "a", "b", "c", "d"),
)
VOCABULARY = (*SPECIAL, *PIECES)
SIZES = {
    "hidden_size": 4,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 4,
}
CONFIG = {
    "model_type": "bert",
    **SIZES,
    "vocab_size": len(VOCABULARY),
    "max_position_embeddings": 64,
    "type_vocab_size": 2,
}


def bert(directory: Path, *, config: Any = CONFIG, **settings: Any) -> Path:
    """A BERT with `vocab.txt`; `settings` are its `tokenizer_config.json`."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    return directory


def roberta(directory: Path) -> Path:
    """A RoBERTa whose words are bytes, with `tokenizer.json`."""
    directory.mkdir(parents=True, exist_ok=True)
    special = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    words = {word: place for place, word in enumerate((*special, *ByteLevel.alphabet()))}
    tokenizer = Tokenizer(BPE(words, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(list(special))
    tokenizer.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0))
    tokenizer.save(str(directory / "tokenizer.json"))
    config = {
        "model_type": "roberta",
        **SIZES,
        "vocab_size": len(words),
        "max_position_embeddings": 34,
        "pad_token_id": 1,
        "type_vocab_size": 1,
    }
    (directory / "config.json").write_text(json.dumps(config))
    return directory
