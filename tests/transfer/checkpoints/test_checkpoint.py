from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints import read, read_config
from tests.transfer import made_checkpoints as made


def test_a_checkpoint_brings_its_head_and_the_names_of_its_outputs(tmp_path: Path) -> None:
    found = read(made.write(tmp_path, "roberta", problem_type="single_label_classification"))
    assert found.labels == ("bad", "so-so", "good")
    assert found.outputs == 3
    assert found.problem == "single_label_classification"
    assert set(found.head) == {"dense.weight", "dense.bias", "output.weight", "output.bias"}
    assert (found.directory, found.config, found.pooler) == (tmp_path, read_config(tmp_path), {})


def test_labels_without_names_are_numbered(tmp_path: Path) -> None:
    assert read(made.write(tmp_path, "bert", id2label=None)).labels == (
        "LABEL_0",
        "LABEL_1",
        "LABEL_2",
    )


def test_a_head_that_cannot_be_read_is_none_and_says_why(tmp_path: Path) -> None:
    found = read(made.write(tmp_path, "bert", id2label={"0": "bad", "1": "good"}))
    assert (found.head, found.labels) == ({}, ())
    assert "id2label needs the keys 0 to 2" in found.head_problem
    assert read(made.write(tmp_path, "bert")).head_problem == ""
    tensors = {k: v for k, v in made.tensors("bert").items() if not k.startswith("classifier")}
    found = read(made.write(tmp_path, "bert", tensors))
    assert "missing: classifier.weight, classifier.bias" in found.head_problem
    assert len(found.encoder) > 0
    del tensors["bert.embeddings.LayerNorm.weight"]
    with pytest.raises(ModelError, match=r"missing: bert.embeddings.LayerNorm.weight;"):
        read(made.write(tmp_path, "bert", tensors))


@pytest.mark.parametrize("architectures", [["BertForTokenClassification"], ["BertModel"], None, 5])
def test_a_head_for_another_task_is_none(tmp_path: Path, architectures: Any) -> None:
    found = read(made.write(tmp_path, "bert", architectures=architectures))
    assert (found.head, found.labels, found.outputs) == ({}, (), 0)
    assert found.ignored == ("classifier.bias", "classifier.weight")


def test_files_of_half_width_are_read_as_float32(tmp_path: Path) -> None:
    halves = {name: array.astype(np.float16) for name, array in made.tensors("bert").items()}
    found = read(made.write(tmp_path, "bert", halves))
    assert {array.dtype for array in found.encoder.values()} == {np.dtype(np.float32)}
    expected = halves["bert.embeddings.word_embeddings.weight"].astype(np.float32)
    np.testing.assert_array_equal(found.encoder["embeddings.words.weight"], expected)


def test_another_vocabulary_than_the_config_says_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"\(30, 8\) instead of \(31, 8\)"):
        read(made.write(tmp_path, "bert", vocab_size=31))


def test_reading_needs_neither_mxnet_nor_spark(tmp_path: Path) -> None:
    made.write(tmp_path, "distilbert")
    code = (
        "import sys, pathlib; from pipeline.transfer.checkpoints import read; "
        "read(pathlib.Path(sys.argv[1])); "
        "sys.exit(bool({'mxnet', 'pyspark', 'torch', 'safetensors'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == 0
