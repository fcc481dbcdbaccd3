"""Outputs and gradients are those of transformers with PyTorch, for models that it saved itself."""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest

from benchmarks.common import ROOT
from benchmarks.environments import TRANSFORMERS, NoEnvironmentError
from pipeline.errors import StoreError
from pipeline.transfer.checkpoints import Checkpoint, read, read_config
from pipeline.transfer.checkpoints.names import Parts, parts_of
from pipeline.transfer.heads import build_head, load_head
from pipeline.transfer.packages import minilm
from pipeline.transfer.pooling import build_pooling, load_pooling
from tests.transfer.golden import arrays, gradients, loaded

pytestmark = pytest.mark.slow

CHECKPOINTS = (
    *(
        f"bert-{name}"
        for name in ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "swish", "silu")
    ),
    *("distilbert", "roberta", "xlm-roberta"),
    *("sharded", "half", "brain", "zip", "old"),
    *("BertModel", "BertForMaskedLM", "BertForQuestionAnswering", "RobertaForMaskedLM"),
    *("DistilBertModel", "DistilBertForMaskedLM", "DistilBertForTokenClassification"),
)
REAL = "minilm"
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def python() -> Path:
    try:
        return TRANSFORMERS.python()
    except NoEnvironmentError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def models(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random models of transformers, and what it gives for random rows."""
    directory = tmp_path_factory.mktemp("models")
    ask(python, "models", str(directory))
    for name in CHECKPOINTS:
        write_inputs(directory / name)
    ask(python, "answers", *(str(directory / name) for name in CHECKPOINTS))
    return directory


@pytest.fixture(scope="module")
def real(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("real") / REAL
    directory.mkdir()
    try:
        source = minilm()
    except StoreError as error:
        pytest.skip(str(error))
    for name in ("config.json", "model.safetensors"):
        (directory / name).symlink_to(source / name)
    write_inputs(directory)
    ask(python, "answers", str(directory))
    return directory


def ask(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "tests.transfer.reference", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]


def write_inputs(directory: Path) -> None:
    """Pairs of texts in rows of any length up to the longest, one of them full."""
    config = read_config(directory)
    random = np.random.RandomState(zlib.crc32(directory.name.encode()))
    rows, length = 5, min(config.longest, 68)
    lengths = np.array([length, *random.randint(1, length, rows - 1)])[:, None]
    mask = (np.arange(length) < lengths).astype(np.int64)
    ids = random.randint(2, config.vocab_size, (rows, length))
    second = np.arange(length) >= lengths // 2
    np.savez(
        directory / "inputs.npz",
        ids=np.where(mask == 1, ids, config.pad_token_id),
        token_types=(second & (mask == 1) & (config.type_vocab_size > 1)).astype(np.int64),
        mask=mask,
        loss_weights=random.normal(size=(rows, length, config.hidden_size)).astype(np.float32),
    )


def check(directory: Path) -> None:
    checkpoint = read(directory)
    given, expected = np.load(directory / "inputs.npz"), np.load(directory / "outputs.npz")
    encoder = loaded(checkpoint, static_alloc=True)
    head = build_head(checkpoint.config, checkpoint.outputs or 1)
    if checkpoint.head:
        load_head(head, checkpoint)
    ids, token_types, mask, weights = arrays(
        *(given[name] for name in ("ids", "token_types", "mask", "loss_weights"))
    )
    with mx.autograd.record(train_mode=False):
        hidden = encoder(ids, token_types, mask)
        loss = (hidden * weights * mask.expand_dims(2)).sum()
        if checkpoint.head:
            logits = head(hidden, mask)
            labels = mx.nd.arange(len(ids)) % 2
            loss = loss + mx.gluon.loss.SoftmaxCrossEntropyLoss()(logits, labels).sum()
    loss.backward()
    close(hidden.asnumpy(), expected["hidden"], "hidden")
    if checkpoint.head:
        close(logits.asnumpy(), expected["logits"], "logits")
        own = gradients(head)
        for name, array in theirs(checkpoint, expected).head.items():
            close(own[name], array, name)
    if checkpoint.pooler and "pooler" in expected:
        pooling = build_pooling(checkpoint.config, "pooler")
        load_pooling(pooling, checkpoint)
        close(pooling(hidden, mask).asnumpy(), expected["pooler"], "pooler")
    found = gradients(encoder)
    for name, array in theirs(checkpoint, expected).encoder.items():
        close(found[name], array, name)


def theirs(checkpoint: Checkpoint, expected: np.lib.npyio.NpzFile) -> Parts:
    """PyTorch's gradients by our names; a pooler that was in no loss has none."""
    by_name = {
        name.removeprefix("grad/"): expected[name] for name in expected if name.startswith("grad/")
    }
    outputs = checkpoint.outputs or None
    return parts_of(checkpoint.directory, checkpoint.config, by_name, outputs)


def close(found: np.ndarray, expected: np.ndarray, name: str) -> None:
    """Equal to 1e-4 of the largest number; gradients of sums over all rows are large."""
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(found, expected, atol=TOLERANCE * scale, rtol=0, err_msg=name)


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_random_model_gives_the_same(models: Path, name: str) -> None:
    check(models / name)


def test_a_real_model_gives_the_same(real: Path) -> None:
    check(real)
