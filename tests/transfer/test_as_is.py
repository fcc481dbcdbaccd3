"""A checkpoint that is used without training: which way fits, and what its network gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np
import pytest
from onnxruntime import InferenceSession

from pipeline.data.encoding import FeatureSchema, LabelSchema
from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import SavedNetwork
from pipeline.deep.onnx_file import to_onnx
from pipeline.deep.padded import Padded
from pipeline.errors import UserError
from pipeline.transfer import checkpoints
from pipeline.transfer.as_is import AsIs, descriptions_of, nearest, own_outputs
from pipeline.transfer.as_is_network import as_is_files
from pipeline.transfer.checkpoint_place import find_checkpoint
from pipeline.transfer.encoder import build_encoder, load_encoder
from pipeline.transfer.heads import build_head, load_head
from pipeline.transfer.tokenising import Tokeniser
from tests.transfer import tiny_bert
from tests.transfer.packed import unpack

LENGTH = 12
LABEL = LabelSchema("label", ("bad", "good"))
TEXTS = [text for _, text, _, _ in tiny_bert.sentences(60)]
CLASSES = np.array([label == "good" for *_, label, _ in tiny_bert.sentences(60)])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert.write(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def headed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its own head has the classes in another order, and one more."""
    return tiny_bert.write(tmp_path_factory.mktemp("headed"), labels=("Good", "Bad", "none"))


def _outputs(wanted: AsIs, rows: np.ndarray, classes: int) -> np.ndarray:
    layout = InputLayout.of(FeatureSchema(vector="tokens", size=rows.shape[1]))
    padded = Padded(wanted.max_length, wanted.windows)
    return SavedNetwork(as_is_files(wanted), layout, classes, padded=padded).outputs(rows)


def _is_like(place: Path, label: LabelSchema) -> tuple[int, ...]:
    return own_outputs(find_checkpoint(str(place)), label)


def test_an_own_head_fits_where_it_has_the_classes(headed: Path, plain: Path) -> None:
    assert _is_like(headed, LABEL) == (1, 0)
    assert _is_like(plain, LABEL) == ()
    assert _is_like(headed, LabelSchema("label", ("bad", "fair"))) == ()
    assert _is_like(headed, LabelSchema("label", ())) == ()


def test_numbers_are_places_of_outputs_without_names(tmp_path: Path) -> None:
    place = tiny_bert.write(tmp_path / "a", labels=("LABEL_0", "LABEL_1"))
    assert _is_like(place, LabelSchema("label", (0.0, 1.0))) == (0, 1)
    assert _is_like(place, LabelSchema("label", (1.0, 2.0))) == ()
    one = tiny_bert.write(tmp_path / "b", labels=("stars",), problem_type="regression")
    assert _is_like(one, LabelSchema("label", ())) == (0,)
    several = {"problem_type": "multi_label_classification"}
    other = tiny_bert.write(tmp_path / "c", labels=("good", "bad"), **several)
    assert _is_like(other, LABEL) == ()


def test_the_own_head_gives_what_the_checkpoint_gives(headed: Path) -> None:
    place = find_checkpoint(str(headed))
    rows = Tokeniser.load(str(headed), LENGTH).encode(TEXTS).rows
    found = _outputs(AsIs(place, LENGTH, 1, "mean", (1, 0)), rows, 2)
    assert (found.argmax(axis=1) == CLASSES).mean() > 0.9
    checkpoint = checkpoints.read(headed)
    encoder, head = build_encoder(checkpoint.config), build_head(checkpoint.config, 3)
    load_encoder(encoder, checkpoint)
    load_head(head, checkpoint)
    tokens = unpack(rows)
    parts = [mx.nd.array(each) for each in (tokens.ids, tokens.token_types, tokens.mask)]
    expected = head(encoder(*parts), parts[2]).asnumpy()
    assert found == pytest.approx(expected[:, [1, 0]], abs=1e-5)


@pytest.mark.parametrize("windows", [1, 2])
def test_the_nearest_description_decides(plain: Path, windows: int) -> None:
    place = find_checkpoint(str(plain))
    tokeniser = Tokeniser.load(str(plain), LENGTH, windows)
    given = {"good": ["good fine", "great"]}
    wanted = nearest(AsIs(place, LENGTH, windows, "mean"), LABEL, given, tokeniser)
    assert wanted.sizes == (1, 2)
    found = _outputs(wanted, tokeniser.encode(TEXTS).rows, 2)
    assert (found.argmax(axis=1) == CLASSES).mean() > 0.9
    assert np.abs(found).max() <= 20 + 1e-4  # cosines, times what softmax is to make of them
    same = _outputs(wanted, tokeniser.encode(["bad"]).rows, 2)
    assert same[0, 0] == pytest.approx(20, abs=1e-3)


@pytest.mark.parametrize("windows", [1, 2])
def test_either_way_can_be_written_as_onnx(headed: Path, windows: int) -> None:
    tokeniser = Tokeniser.load(str(headed), LENGTH, windows)
    base = AsIs(find_checkpoint(str(headed)), LENGTH, windows, "mean")
    rows = tokeniser.encode([*TEXTS, " ".join(TEXTS[:3])]).rows
    layout = InputLayout.of(FeatureSchema(vector="tokens", size=rows.shape[1]))
    padded = Padded(LENGTH, windows)
    for wanted in (replace(base, outputs=(1, 0)), nearest(base, LABEL, {}, tokeniser)):
        session = InferenceSession(to_onnx(as_is_files(wanted), layout, None, {}, padded))
        (raw,) = session.run(["rawPrediction"], {"numbers": padded.cut(rows)})
        assert raw == pytest.approx(_outputs(wanted, rows, 2), abs=1e-4)


def test_descriptions_must_be_of_classes_and_numbers_need_some(plain: Path) -> None:
    assert descriptions_of(LABEL, {}) == [["bad"], ["good"]]
    with pytest.raises(UserError, match="descriptions: fair are no classes of label, which has"):
        descriptions_of(LABEL, {"fair": ["fair"]})
    stars = LabelSchema("stars", (1.0, 2.5))
    with pytest.raises(UserError, match=r"stars has numbers: set descriptions for 2\.5"):
        descriptions_of(stars, {"1": ["one"]})
    assert descriptions_of(stars, {"1": ["one"], "2.5": ["more"]}) == [["one"], ["more"]]
    base: Any = AsIs(find_checkpoint(str(plain)), LENGTH, 1, "mean")
    with pytest.raises(UserError, match=r"score is a number, and .* has no head with one output"):
        nearest(base, LabelSchema("score", ()), {}, Tokeniser.load(str(plain), LENGTH))
