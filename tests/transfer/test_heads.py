from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ModelError, UserError
from pipeline.transfer.checkpoints import read
from pipeline.transfer.heads import build_head, load_head
from tests.transfer import made_checkpoints as made
from tests.transfer.golden import FAMILIES, arrays, golden


@pytest.mark.parametrize("family", FAMILIES)
def test_a_checkpoints_own_head_gives_the_logits_of_transformers(
    tmp_path: Path, family: str
) -> None:
    checkpoint = read(made.write(tmp_path, family))
    head = build_head(checkpoint.config, checkpoint.outputs)
    load_head(head, checkpoint)
    expected = golden(family)
    (hidden,) = arrays(expected["hidden"])
    np.testing.assert_allclose(head(hidden).asnumpy(), expected["logits"], atol=5e-6)


def test_a_checkpoint_without_a_head_has_none_to_load(tmp_path: Path) -> None:
    checkpoint = read(made.write(tmp_path, "bert", architectures=["BertModel"]))
    with pytest.raises(UserError, match="has no classification head of its own"):
        load_head(build_head(checkpoint.config, 3), checkpoint)


def test_a_head_of_other_outputs_is_refused(tmp_path: Path) -> None:
    checkpoint = read(made.write(tmp_path, "distilbert"))
    with pytest.raises(ModelError, match=r"DistilBertHead: output\.bias, output\.weight"):
        load_head(build_head(checkpoint.config, 2), checkpoint)
