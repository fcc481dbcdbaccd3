"""The network of texts, trained in this process: each strategy learns, what is frozen stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np
import pytest

from pipeline.data.encoding import FeatureSchema
from pipeline.deep.communication import OnlyRank
from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import WEIGHTS, SavedNetwork
from pipeline.deep.padded import Padded
from pipeline.deep.task import DeepTask
from pipeline.deep.training import train_alone
from pipeline.spark.shard_file import ShardRows, ShardWriter
from pipeline.store.checkpoints import Checkpoints, Kept
from pipeline.transfer.checkpoint_place import find_checkpoint
from pipeline.transfer.strategies import PLANS
from pipeline.transfer.text_network import TextNetwork
from pipeline.transfer.text_options import NETWORK, TextOptions
from pipeline.transfer.tokenising import Tokeniser
from tests.deep.killed import KilledError, killed_after
from tests.deep.recipes import recipe
from tests.deep.test_own_network import Source
from tests.transfer import tiny_bert

LENGTH = 12
PARAMS = {"optimiser": "adamw", "batch_size": 16, "dropout": 0.0, "learning_rate": 5e-3}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert.write(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def source(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Source:
    return _source(checkpoint, tmp_path_factory.mktemp("rows"), windows=1)


def _source(checkpoint: Path, directory: Path, windows: int, words: int = 6) -> Source:
    tokeniser = Tokeniser.load(str(checkpoint), LENGTH, windows)
    sizes: dict[Any, int] = {"train": 200, "validation": 100}
    for seed, (part, rows) in enumerate(sizes.items()):
        told = tiny_bert.sentences(rows, seed, words)
        numbers = tokeniser.encode([text for _, text, _, _ in told]).rows
        labels = np.array([label == "good" for *_, label, _ in told], np.float32)
        shape = {"is_sparse": False, "is_weighted": False}
        with ShardWriter(directory / part, tokeniser.width, **shape) as to:
            to.add(ShardRows(np.arange(rows), numbers, labels))
    return Source(directory, sizes)


def _options(checkpoint: Path, strategy: str, **changed: Any) -> TextOptions:
    place = find_checkpoint(str(checkpoint))
    plan = PLANS[strategy]
    given = {
        "max_length": LENGTH,
        "windows": 1,
        "pooling": "mean",
        "start": plan.start,
        "trains": plan.trains,
        "first": {"learning_rate": 3e-2} if plan.trains == "new_then_all" else None,
        **changed,
    }
    return TextOptions(place.uri, place.digest, list(place.names), place.config, **given)


def _task(source: Source, options: TextOptions, kept: Kept | None = None, **given: Any) -> DeepTask:
    params = {"epochs": 3, "stage_epochs": 3, **PARAMS, **given}
    made = recipe(network=NETWORK, network_options=options.to_json(), **params)
    schema = FeatureSchema(vector="tokens", size=options.max_length * options.windows)
    return DeepTask(source, schema, 2, made, seed=3, kept=kept)


def _trained(*given: Any, **named: Any) -> dict[str, Any]:
    found = train_alone(_task(*given, **named), OnlyRank(threads=1))
    for row in found["history"]:
        del row["seconds"]
    return found


def _weights(found: dict[str, Any], tmp_path: Path) -> dict[str, np.ndarray]:
    (tmp_path / "weights").write_bytes(found["files"][WEIGHTS])
    held = mx.nd.load(str(tmp_path / "weights"))
    return {name.partition("_")[2]: value.asnumpy() for name, value in held.items()}


@pytest.mark.parametrize(
    ("strategy", "given", "least"),
    [
        ("fine_tune", {}, 0.95),
        ("frozen", {"learning_rate": 3e-2, "epochs": 6}, 0.9),
        ("frozen_then_fine_tune", {}, 0.95),
        ("from_scratch", {"epochs": 8}, 0.8),
    ],
)
def test_each_strategy_learns(
    strategy: str, given: dict[str, Any], least: float, source: Source, checkpoint: Path
) -> None:
    history = _trained(source, _options(checkpoint, strategy), **given)["history"]
    assert max(row["validation.accuracy"] for row in history) >= least


def test_what_is_frozen_is_the_checkpoint_bit_by_bit(
    source: Source, checkpoint: Path, tmp_path: Path
) -> None:
    found = _trained(source, _options(checkpoint, "frozen"), epochs=2)
    held = list(_weights(found, tmp_path).values())
    for name, tensor in tiny_bert.tensors(0, 0).items():
        if ".attention.self." in name or "pooler" in name:
            continue  # three of them are one array; not used
        assert any(value.shape == tensor.shape and (value == tensor).all() for value in held), name
    assert found["trained_parameters"] == 2 * tiny_bert.WIDTH + 2


def test_lower_layers_move_less(source: Source, checkpoint: Path, tmp_path: Path) -> None:
    before = tiny_bert.tensors(0, 0)
    moved = {}
    for decay in (1.0, 0.1):
        options = _options(checkpoint, "fine_tune", layer_decay=decay)
        given = {"optimiser": "sgd", "momentum": 0.0, "learning_rate": 1e-2, "epochs": 1}
        after = list(_weights(_trained(source, options, **given), tmp_path).values())
        names = [f"bert.encoder.layer.{place}.output.dense.weight" for place in (0, 1)]
        moved[decay] = [
            min(np.abs(each - before[name]).mean() for each in after if each.shape == (16, 24))
            for name in names
        ]
    assert moved[0.1][1] == pytest.approx(moved[1.0][1], rel=0.2)
    assert moved[0.1][0] < 0.2 * moved[1.0][0]


@pytest.mark.parametrize("strategy", ["fine_tune", "frozen_then_fine_tune"])
def test_a_training_that_was_killed_ends_as_one_that_was_not(
    strategy: str, source: Source, checkpoint: Path, tmp_path: Path
) -> None:
    kept = Kept(Checkpoints((tmp_path / "kept").as_uri(), "epoch"), every=1)
    given = {"dropout": 0.1, "epochs": 2, "stage_epochs": 1}
    options = _options(checkpoint, strategy)
    with pytest.raises(KilledError):
        train_alone(_task(source, options, kept=kept, **given), killed_after(30))
    assert kept.checkpoints.newest() is not None
    assert _trained(source, options, kept=kept, **given) == _trained(source, options, **given)


def test_long_texts_are_read_in_windows(checkpoint: Path, tmp_path: Path) -> None:
    """The word that decides is most often behind the first window."""
    accuracy = {}
    for windows in (1, 3):
        (tmp_path / str(windows)).mkdir()
        source = _source(checkpoint, tmp_path / str(windows), windows, words=24)
        options = _options(checkpoint, "fine_tune", windows=windows)
        history = _trained(source, options, epochs=5)["history"]
        accuracy[windows] = max(row["validation.accuracy"] for row in history)
    assert accuracy[3] > accuracy[1] + 0.05


def _made(checkpoint: Path, windows: int, pooling: str = "mean") -> Any:
    options = _options(checkpoint, "fine_tune", windows=windows, pooling=pooling)
    made = recipe(network=NETWORK, network_options=options.to_json(), dropout=0.0)
    none = np.zeros(0, np.float32)
    net = TextNetwork(InputLayout((), (), ()), none, none, made, 2)
    net.initialize()
    net.begin()
    return net


def test_unused_windows_and_padding_change_nothing(checkpoint: Path) -> None:
    tokeniser = Tokeniser.load(str(checkpoint), LENGTH, 3)
    rows = tokeniser.encode(["good film", " ".join(["plot"] * 25), None]).rows
    net = _made(checkpoint, windows=3)
    whole = net(mx.nd.array(rows.reshape(3, 3, LENGTH))).asnumpy()
    cut = net(mx.nd.array(rows.reshape(3, 3, LENGTH)[:1, :1, :4])).asnumpy()
    assert whole[:1] == pytest.approx(cut, abs=1e-5)
    single = _made(checkpoint, windows=1)
    single.head.output.weight.set_data(net.head.output.weight.data())
    assert single(mx.nd.array(rows.reshape(3, 3, LENGTH)[:, :1])).asnumpy()[0] == pytest.approx(
        whole[0], abs=1e-5
    )
    nothing = net(mx.nd.array(np.full((1, 1, 8), np.nan, np.float32))).asnumpy()
    assert np.isfinite(nothing).all()


@pytest.mark.parametrize("pooling", ["mean", "cls", "pooler"])
def test_the_second_text_of_a_pair_is_told_from_the_first(checkpoint: Path, pooling: str) -> None:
    tokeniser = Tokeniser.load(str(checkpoint), LENGTH)
    net = _made(checkpoint, windows=1, pooling=pooling)
    found = [
        net(mx.nd.array(tokeniser.encode([one], [two]).rows[:, None])).asnumpy()
        for one, two in (("good", "film"), ("film", "good"))
    ]
    assert np.abs(found[0] - found[1]).max() > 1e-4


def test_a_saved_network_scores_as_the_last_validation(source: Source, checkpoint: Path) -> None:
    found = _trained(source, _options(checkpoint, "fine_tune"))
    layout = InputLayout.of(FeatureSchema(vector="tokens", size=LENGTH))
    network = SavedNetwork(found["files"], layout, 2, padded=Padded.from_json(found["padded"]))
    rows = source.open("validation", 0)
    scores = network.outputs(next(rows.matrices()))
    accuracy = (scores.argmax(axis=1) == rows.labels).mean()
    best = found["history"][found["best_epoch"]]
    assert accuracy == pytest.approx(best["validation.accuracy"])
