"""The families of encoders that can be read, and how each calls its settings and tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import ModelError

# Two names of one function each, but for relu.
ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "swish": "silu",
    "silu": "silu",
}
"""What `hidden_act` may be, and which function it is."""


@dataclass(frozen=True)
class Family:
    """Encoders of one architecture.

    Parameters
    ----------
    name : str
        What we call it.
    title : str
        What people call it.
    prefix : str
        What its encoder's tensors begin with in a checkpoint that has a head.
    has_types : bool
        Whether token types are embedded.
    pad_token_id : int
        Where `config.json` has none.
    embeddings : mapping of str to str
        Our name of a module to the family's, of those before the layers.
    layers : str
        What the layers' tensors begin with.
    layer : mapping of str to tuple of str
        Our name of a layer's module to the family's; several are stacked in this order.
    head : mapping of str to str
        The same for the classification head, without the pooler.
    settings : mapping of str to str
        BERT's name of a setting to the family's, where they differ.
    head_dropout : float or None
        The head's dropout where `config.json` has none; None: that of hidden units.
    """

    name: str
    title: str
    prefix: str
    has_types: bool
    pad_token_id: int
    embeddings: Mapping[str, str]
    layers: str
    layer: Mapping[str, tuple[str, ...]]
    head: Mapping[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)
    head_dropout: float | None = None

    def key(self, setting: str) -> str:
        """What the family calls a setting of BERT's."""
        return self.settings.get(setting, setting)


_EMBEDDINGS = {
    "words": "embeddings.word_embeddings",
    "positions": "embeddings.position_embeddings",
    "norm": "embeddings.LayerNorm",
}
_BERT_LAYER = {
    "attention.projection": (
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
    ),
    "attention.output": ("attention.output.dense",),
    "attention_norm": ("attention.output.LayerNorm",),
    "inner": ("intermediate.dense",),
    "outer": ("output.dense",),
    "norm": ("output.LayerNorm",),
}

BERT = Family(
    name="bert",
    title="BERT",
    prefix="bert.",
    has_types=True,
    pad_token_id=0,
    embeddings={**_EMBEDDINGS, "types": "embeddings.token_type_embeddings"},
    layers="encoder.layer.",
    layer=_BERT_LAYER,
    head={"output": "classifier"},
)
DISTILBERT = Family(
    name="distilbert",
    title="DistilBERT",
    prefix="distilbert.",
    has_types=False,
    pad_token_id=0,
    embeddings=_EMBEDDINGS,
    layers="transformer.layer.",
    layer={
        "attention.projection": ("attention.q_lin", "attention.k_lin", "attention.v_lin"),
        "attention.output": ("attention.out_lin",),
        "attention_norm": ("sa_layer_norm",),
        "inner": ("ffn.lin1",),
        "outer": ("ffn.lin2",),
        "norm": ("output_layer_norm",),
    },
    head={"dense": "pre_classifier", "output": "classifier"},
    settings={
        "hidden_size": "dim",
        "num_hidden_layers": "n_layers",
        "num_attention_heads": "n_heads",
        "intermediate_size": "hidden_dim",
        "hidden_act": "activation",
        "hidden_dropout_prob": "dropout",
        "attention_probs_dropout_prob": "attention_dropout",
        "classifier_dropout": "seq_classif_dropout",
    },
    head_dropout=0.2,
)
ROBERTA = Family(
    name="roberta",
    title="RoBERTa",
    prefix="roberta.",
    has_types=True,
    pad_token_id=1,
    embeddings={**_EMBEDDINGS, "types": "embeddings.token_type_embeddings"},
    layers="encoder.layer.",
    layer=_BERT_LAYER,
    head={"dense": "classifier.dense", "output": "classifier.out_proj"},
)

FAMILIES = {family.name: family for family in (BERT, DISTILBERT, ROBERTA)}
"""By our name."""
_MODEL_TYPES = {**FAMILIES, "xlm-roberta": ROBERTA, "camembert": ROBERTA}


def family_of(path: Path | str, model_type: Any) -> Family:
    """The family of a `model_type`.

    Parameters
    ----------
    path : Path or str
        What errors call the file that has it.
    model_type : str
        As `config.json` has it.

    Raises
    ------
    ModelError
        When it is none of those known here.
    """
    if isinstance(model_type, str) and model_type in _MODEL_TYPES:
        return _MODEL_TYPES[model_type]
    raise ModelError(
        f"{path} describes a model of type {model_type!r}; encoders that can be read are those of "
        f"type {', '.join(_MODEL_TYPES)} (MiniLM is bert): choose such a checkpoint"
    )
