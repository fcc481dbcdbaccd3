"""What a network of the user's own may say: options, first weights, what is frozen, padding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np
import pytest
from onnxruntime import InferenceSession

from pipeline.data.encoding import FeatureSchema
from pipeline.deep import rank_rows
from pipeline.deep.communication import OnlyRank
from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import WEIGHTS, SavedNetwork
from pipeline.deep.onnx_file import to_onnx
from pipeline.deep.padded import Padded
from pipeline.deep.task import DeepTask
from pipeline.deep.training import train_alone
from pipeline.errors import UserError
from pipeline.spark.shard_file import Shard, ShardRows, ShardWriter
from pipeline.store.checkpoints import Checkpoints, Kept
from tests.deep.killed import KilledError, killed_after
from tests.deep.padded_networks import STEPS, WINDOWS, Words, first_vectors, rows_of_tokens
from tests.deep.recipes import recipe

SCHEMA = FeatureSchema(vector="tokens", size=STEPS * WINDOWS)
LAYOUT = InputLayout.of(SCHEMA)
PATH = "tests.deep.padded_networks"
ROWS = {"train": 300, "validation": 100}


@dataclass(frozen=True)
class Source:
    directory: Path
    rows: dict[Any, int]

    @property
    def sizes(self) -> dict[Any, tuple[int, ...]]:
        return {part: (rows,) for part, rows in self.rows.items()}

    def open(self, part: str, place: int) -> Shard:
        return Shard(self.directory / part)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    directory = tmp_path_factory.mktemp("tokens")
    for seed, (part, rows) in enumerate(ROWS.items()):
        numbers, labels = rows_of_tokens(rows, seed)
        with ShardWriter(directory / part, SCHEMA.width, is_sparse=False, is_weighted=False) as to:
            to.add(ShardRows(np.arange(rows), numbers, labels))
    return Source(directory, dict(ROWS))


@pytest.fixture(autouse=True)
def shapes() -> list[tuple[int, ...]]:
    Words.shapes.clear()
    return Words.shapes


def _task(source: Source, kind: str = "Words", kept: Kept | None = None, **given: Any) -> DeepTask:
    params = {
        "network": f"{PATH}.{kind}",
        "learning_rate": 0.05,
        "epochs": 2,
        "batch_size": 16,
        **given,
    }
    return DeepTask(source, SCHEMA, 2, recipe(**params), seed=3, kept=kept)


def _trained(*given: Any, **named: Any) -> dict[str, Any]:
    found = train_alone(_task(*given, **named), OnlyRank(threads=1))
    for row in found["history"]:
        del row["seconds"]
    return found


def _vectors(found: dict[str, Any], tmp_path: Path) -> np.ndarray:
    (tmp_path / "weights").write_bytes(found["files"][WEIGHTS])
    held = mx.nd.load(str(tmp_path / "weights"))
    (own,) = (value for name, value in held.items() if "embedding" in name)
    return np.asarray(own.asnumpy())


def _weights(found: dict[str, Any], tmp_path: Path) -> list[np.ndarray]:
    (tmp_path / "weights").write_bytes(found["files"][WEIGHTS])
    return [each.asnumpy() for each in mx.nd.load(str(tmp_path / "weights")).values()]


def test_what_is_frozen_keeps_the_first_weights_bit_by_bit(source: Source, tmp_path: Path) -> None:
    for optimiser, penalties in (("adamw", {"weight_decay": 0.1}), ("sgd", {"l1": 0.01})):
        given = {"optimiser": optimiser, "clip_norm": 1.0, **penalties}
        found = _trained(source, network_options={"freezes": True}, **given)
        assert (_vectors(found, tmp_path) == first_vectors()).all()
        assert not any("embedding" in name for name in found["history"][-1])
        trained = _trained(source, **given)
        assert any("embedding" in name for name in trained["history"][-1])
        assert not np.isclose(_vectors(trained, tmp_path), first_vectors(), atol=1e-4).any(1).all()


def test_what_is_frozen_has_no_part_in_a_checkpoints_optimiser(
    source: Source, tmp_path: Path
) -> None:
    sizes = []
    for freezes in (False, True):
        kept = Kept(Checkpoints((tmp_path / str(freezes)).as_uri(), "epoch"), every=1)
        _trained(source, kept=kept, network_options={"freezes": freezes})
        newest = kept.checkpoints.newest()
        assert newest is not None
        (tmp_path / "memory.npz").write_bytes(newest.files["optimiser.npz"])
        with np.load(tmp_path / "memory.npz") as memory:
            sizes.append(sum(memory[name].size for name in memory.files))
    assert sizes[0] - sizes[1] == 2 * first_vectors().size  # two moments of adam's


def test_a_network_that_trains_nothing_is_told_so(source: Source) -> None:
    with pytest.raises(UserError, match="no parameter of the network is trained"):
        _trained(source, kind="Frozen")


def test_layers_of_smaller_steps_move_less(source: Source, tmp_path: Path) -> None:
    moved = []
    for rate in (1.0, 0.1, 0.0):
        found = _trained(source, network_options={"rate": rate}, epochs=1)
        moved.append(np.abs(_vectors(found, tmp_path) - first_vectors()).mean())
    assert moved[0] > 5 * moved[1] > 0
    assert moved[2] == 0


def test_numbers_that_are_no_measures_are_not_looked_at(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a pass over the rows")

    monkeypatch.setattr(rank_rows, "standard", refuse)
    _trained(source, epochs=1)
    with pytest.raises(AssertionError, match="a pass over the rows"):
        _trained(source, epochs=1, network="mlp")


def test_batches_are_of_rows_of_like_length_and_cut(
    source: Source, shapes: list[tuple[int, ...]]
) -> None:
    _trained(source, epochs=2)
    assert {len(shape) for shape in shapes} == {3}
    assert {shape[2] for shape in shapes} == {4, 8, 12, 16}
    computed = sum(int(np.prod(shape)) for shape in shapes)
    rows = sum(shape[0] for shape in shapes)
    assert rows >= 2 * sum(ROWS.values())
    assert computed < 0.55 * rows * STEPS * WINDOWS


def test_padding_changes_nothing_but_the_work(source: Source, tmp_path: Path) -> None:
    """All rows are one batch, so both are trained on the same ones."""
    given = {"batch_size": 1_000, "epochs": 5}
    cut = _trained(source, **given)
    whole = _trained(source, kind="WordsAsTheyCome", **given)
    assert "padded" not in whole
    for own, other in zip(_weights(cut, tmp_path), _weights(whole, tmp_path), strict=True):
        assert own == pytest.approx(other, abs=1e-5)
    for own, other in zip(cut["history"], whole["history"], strict=True):
        assert own == pytest.approx(other, rel=1e-4)


def test_a_training_in_groups_learns(source: Source) -> None:
    history = _trained(source, epochs=20)["history"]
    assert min(row["validation.logloss"] for row in history) < 0.7 * history[0]["train.logloss"]


def test_scores_come_in_the_rows_order_whatever_their_lengths(
    source: Source, shapes: list[tuple[int, ...]]
) -> None:
    found = _trained(source)
    padded = Padded.from_json(found["padded"])
    network = SavedNetwork(found["files"], LAYOUT, 2, padded=padded)
    numbers = next(source.open("validation", 0).matrices())
    outputs = network.outputs(numbers)
    assert outputs.shape == (100, 2)
    alone = [network.outputs(numbers[place : place + 1])[0] for place in range(100)]
    assert outputs == pytest.approx(np.array(alone), abs=1e-6)
    assert np.ptp(outputs[:, 0]) > 0.1
    assert network.outputs(numbers[:0]).shape == (0, 2)
    loss = np.log1p(np.exp(-np.diff(outputs)[:, 0] * (2 * source.open("validation", 0).labels - 1)))
    best = found["history"][found["best_epoch"]]
    assert best["validation.logloss"] == pytest.approx(loss.mean(), abs=1e-5)


def test_a_network_of_padded_rows_is_written_as_onnx_for_any_length(source: Source) -> None:
    found = _trained(source, epochs=1)
    padded = Padded.from_json(found["padded"])
    assert padded is not None
    numbers = next(source.open("validation", 0).matrices())
    expected = SavedNetwork(found["files"], LAYOUT, 2, padded=padded).outputs(numbers)
    session = InferenceSession(to_onnx(found["files"], LAYOUT, None, {}, padded))
    is_short = padded.lengths(numbers) < 4
    for which in (np.full(len(numbers), True), is_short):
        cut = padded.cut(numbers[which])
        (raw,) = session.run(["rawPrediction"], {"numbers": cut})
        assert raw == pytest.approx(expected[which], abs=1e-5)
    assert cut.shape[1:] == (1, 4)


def test_a_layers_outputs_can_be_had_where_a_row_has_one_size(source: Source) -> None:
    found = _trained(source, epochs=1)
    padded = Padded.from_json(found["padded"])
    numbers = next(source.open("validation", 0).matrices())
    inner = SavedNetwork(found["files"], LAYOUT, 2, layer="dense0", padded=padded)
    assert inner.layer(numbers).shape == (100, 5)
    vectors = SavedNetwork(found["files"], LAYOUT, 2, layer="embedding0", padded=padded)
    for rows in (numbers, numbers[:1]):
        with pytest.raises(UserError, match="depends on how long the rows of a batch are"):
            vectors.layer(rows)


@pytest.mark.parametrize("options", [{"rate": 0.3}, {"freezes": True}])
def test_a_training_that_was_killed_ends_as_one_that_was_not(
    options: dict[str, Any], source: Source, tmp_path: Path
) -> None:
    kept = Kept(Checkpoints((tmp_path / "kept").as_uri(), "epoch"), every=1)
    given = {"epochs": 4, "accumulate": 2, "network_options": options}
    task = _task(source, kept=kept, **given)
    for steps in (40, 25):
        with pytest.raises(KilledError):
            train_alone(task, killed_after(steps))
    assert kept.checkpoints.newest() is not None
    assert _trained(source, kept=kept, **given) == _trained(source, **given)


def test_rows_of_another_width_are_refused(source: Source) -> None:
    other = FeatureSchema(vector="tokens", size=STEPS)
    task = _task(source)
    with pytest.raises(UserError, match=r"padded to 32 numbers \(2 windows of 16 steps\); .* 16"):
        train_alone(
            DeepTask(source, other, 2, task.recipe, 3, columns=tuple(range(STEPS))),
            OnlyRank(threads=1),
        )


def test_options_are_for_networks_of_ones_own_and_for_json() -> None:
    with pytest.raises(UserError, match="network_options are for a network of your own; mlp has"):
        recipe(network_options={"a": 1})
    with pytest.raises(UserError, match="options must be what JSON can hold"):
        recipe(network=f"{PATH}.Words", network_options={"a": float("nan")})
    with pytest.raises(UserError, match="options are a map of names to values"):
        recipe(network=f"{PATH}.Words", network_options=[1])
    assert recipe(network=f"{PATH}.Words", network_options={"a": (1, 2)}).options == {"a": [1, 2]}
