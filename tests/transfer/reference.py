"""What transformers with PyTorch gives; runs in an environment of its own, `.venv-transformers`.

    python -m tests.transfer.reference golden FILE.npz
    python -m tests.transfer.reference torch-files DIRECTORY
    python -m tests.transfer.reference models DIRECTORY
    python -m tests.transfer.reference answers CHECKPOINT...

The first two made files that lie here; the others are asked by `test_parity.py`.
"""

from __future__ import annotations

import sys
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from tests.transfer import made_checkpoints as made

ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "swish", "silu")
# Wider than the checkpoints of everyday tests; of each family, and with each activation.
_SIZES = {"vocab_size": 99, "max_position_embeddings": 70}
_BERT = {
    **_SIZES,
    "hidden_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 80,
}
_DISTIL = {**_SIZES, "dim": 48, "n_layers": 3, "n_heads": 4, "hidden_dim": 80}


def golden(path: Path) -> None:
    """Outputs and gradients of the checkpoints of `made_checkpoints`."""
    found = {}
    for family in ("bert", "distilbert", "roberta"):
        config = transformers.AutoConfig.for_model(**made.config(family))
        model = transformers.AutoModelForSequenceClassification.from_config(config)
        state = {name: torch.tensor(array) for name, array in made.tensors(family).items()}
        lacking, unexpected = model.load_state_dict(state, strict=False)
        if unexpected or any("embeddings" not in name for name in lacking):
            raise ValueError(f"{family}: {lacking} {unexpected}")
        answers = answer_of(model, *made.inputs(family), made.weights_of_loss())
        gradients = [answers.pop(f"grad/{name}").ravel() for name in made.shapes(family)]
        answers["gradients"] = np.concatenate(gradients)
        found |= {f"{family}/{name}": array for name, array in answers.items()}
    np.savez_compressed(path, **found)


def answer_of(
    model: Any, ids: Any, token_types: Any, mask: Any, loss_weights: Any
) -> dict[str, np.ndarray]:
    """Hidden states, pooled vector, logits; gradients of a loss of the states and the logits.

    States at padding are in no loss: PyTorch keeps the gradient of the padding token's row at 0.
    """
    model.eval()
    inputs = {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}
    base = model.base_model
    if model.config.model_type != "distilbert":
        inputs["token_type_ids"] = torch.tensor(token_types)
    out = base(**inputs)
    hidden = out.last_hidden_state
    found = {"hidden": hidden.detach().numpy()}
    if getattr(out, "pooler_output", None) is not None:
        found["pooler"] = out.pooler_output.detach().numpy()
    weights = torch.tensor(np.asarray(loss_weights) * np.asarray(mask)[:, :, None])
    loss = (hidden * weights.to(hidden.dtype)).sum()
    if model is not base:
        logits = model(**inputs).logits
        found["logits"] = logits.detach().numpy()
        labels = torch.arange(len(logits)) % 2
        loss = loss + torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
    loss.backward()
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            found[f"grad/{name}"] = parameter.grad.numpy().copy()
    return found


def torch_files(directory: Path) -> None:
    """Files of both layouts, with what occurs in them."""
    numbers = torch.arange(6, dtype=torch.float32).reshape(2, 3) / 4
    shared = torch.arange(8, dtype=torch.float32)
    state = OrderedDict(
        wide=numbers.double(),
        single=numbers,
        half=numbers.half(),
        brain=numbers.bfloat16(),
        ids=torch.arange(3),
        turned=numbers.t(),
        whole=shared,
        part=shared[2:5],
        parameter=torch.nn.Parameter(numbers),
        nothing=torch.zeros(0, 3),
    )
    state._metadata = OrderedDict({"": {"version": 1}})
    torch.save(state, directory / "zip.bin")
    torch.save(state, directory / "old.bin", _use_new_zipfile_serialization=False)


def models(directory: Path) -> None:
    """Random models, saved in all the ways there are."""
    torch.manual_seed(0)
    for activation in ACTIVATIONS:
        _save(directory / f"bert-{activation}", transformers.BertConfig, _BERT, activation)
    _save(directory / "distilbert", transformers.DistilBertConfig, _DISTIL, None)
    roberta = {**_BERT, "type_vocab_size": 1, "pad_token_id": 1, "layer_norm_eps": 1e-5}
    _save(directory / "roberta", transformers.RobertaConfig, roberta, "gelu")
    _save(directory / "xlm-roberta", transformers.XLMRobertaConfig, roberta, "gelu")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(directory / "bert-gelu")
    model.save_pretrained(directory / "sharded", max_shard_size="40KB")
    model.half().save_pretrained(directory / "half")
    model.bfloat16().save_pretrained(directory / "brain")
    # Without a head, and with heads of other tasks.
    for name in ("BertModel", "BertForMaskedLM", "BertForQuestionAnswering"):
        _retold(directory / "bert-gelu", directory / name)
    for name in ("DistilBertModel", "DistilBertForMaskedLM", "DistilBertForTokenClassification"):
        _retold(directory / "distilbert", directory / name)
    _retold(directory / "roberta", directory / "RobertaForMaskedLM")
    for layout, is_new in (("zip", True), ("old", False)):
        model = transformers.AutoModelForSequenceClassification.from_pretrained(
            directory / "roberta"
        )
        model.config.save_pretrained(directory / layout)
        torch.save(
            model.state_dict(),
            directory / layout / "pytorch_model.bin",
            _use_new_zipfile_serialization=is_new,
        )


def _retold(source: Path, directory: Path) -> None:
    """A model with the head that the directory is called by."""
    kind = getattr(transformers, directory.name)
    kind.from_pretrained(source).save_pretrained(directory)


def _save(directory: Path, kind: Any, sizes: dict[str, Any], activation: str | None) -> None:
    chosen = {} if activation is None else {"hidden_act": activation}
    config = kind(**sizes, **chosen, num_labels=3)
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():
        # As they start, biases are 0, and a mistake with them would not be seen.
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(directory)


def answers(*checkpoints: Path) -> None:
    """What saved models give: each directory has `inputs.npz`, and gets `outputs.npz`."""
    for checkpoint in checkpoints:
        given = np.load(checkpoint / "inputs.npz")
        kind = transformers.AutoModelForSequenceClassification
        config = transformers.AutoConfig.from_pretrained(checkpoint)
        if not any(name.endswith("ForSequenceClassification") for name in config.architectures):
            kind = transformers.AutoModel
        model = kind.from_pretrained(checkpoint, dtype=torch.float32)
        found = answer_of(
            model, given["ids"], given["token_types"], given["mask"], given["loss_weights"]
        )
        np.savez(checkpoint / "outputs.npz", **found)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    task = {"golden": golden, "torch-files": torch_files, "models": models, "answers": answers}
    task[sys.argv[1]](*map(Path, sys.argv[2:]))
