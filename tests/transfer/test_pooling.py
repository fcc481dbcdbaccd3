from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.transfer.checkpoints import read
from pipeline.transfer.pooling import build_pooling, load_pooling
from tests.transfer import made_checkpoints as made
from tests.transfer.golden import arrays, golden

HIDDEN = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
MASK = np.array([[1, 1, 0], [1, 0, 0]])


@pytest.mark.parametrize(
    ("how", "expected"), [("cls", [[0, 1], [6, 7]]), ("mean", [[1, 2], [6, 7]])]
)
@pytest.mark.parametrize("hybrid", [False, True])
@pytest.mark.filterwarnings("ignore:The 1-th input to HybridBlock is not used")
def test_padding_is_in_no_vector(
    tmp_path: Path, how: str, expected: list[list[int]], hybrid: bool
) -> None:
    checkpoint = read(made.write(tmp_path, "bert"))
    pooling = build_pooling(checkpoint.config, how)
    load_pooling(pooling, checkpoint)
    pooling.hybridize(hybrid)
    np.testing.assert_allclose(pooling(*arrays(HIDDEN, MASK)).asnumpy(), expected, atol=1e-6)


def test_a_row_without_tokens_has_the_mean_0(tmp_path: Path) -> None:
    pooling = build_pooling(read(made.write(tmp_path, "bert")).config, "mean")
    found = pooling(*arrays(HIDDEN, np.zeros((2, 3)))).asnumpy()
    np.testing.assert_array_equal(found, np.zeros((2, 2)))


def test_the_pooler_is_that_of_transformers(tmp_path: Path) -> None:
    checkpoint = read(made.write(tmp_path, "bert"))
    pooling = build_pooling(checkpoint.config, "pooler")
    load_pooling(pooling, checkpoint)
    hidden, mask = arrays(golden("bert")["hidden"], made.inputs("bert")[2])
    np.testing.assert_allclose(pooling(hidden, mask).asnumpy(), golden("bert")["pooler"], atol=5e-6)


def test_a_pooler_that_the_checkpoint_lacks_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    checkpoint = read(made.write(tmp_path, "distilbert"))
    with pytest.raises(UserError, match="has no pooler; choose another pooling: cls or mean"):
        load_pooling(build_pooling(checkpoint.config, "pooler"), checkpoint)


def test_an_unknown_pooling_is_refused_with_those_known(tmp_path: Path) -> None:
    config = read(made.write(tmp_path, "bert")).config
    with pytest.raises(UserError, match="'max' is unknown; choose one of cls, mean, pooler"):
        build_pooling(config, "max")
