"""What may lie in a model that Spark reads, and what its metadata may name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pyspark.ml.classification import LogisticRegression

from pipeline.bagging.resampling import Sampling
from pipeline.bagging.spark_learners.features import Inputs, load_inputs
from pipeline.bagging.spark_learners.members import Members
from pipeline.bagging.spark_learners.saved import (
    directories_in,
    is_own_name,
    own_name,
    require_kinds,
    require_listed,
)
from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.errors import ModelError
from pipeline.store.stored_files import StoredFiles

PIPELINE = "org.apache.spark.ml.PipelineModel"
SCHEMA = FeatureSchema((Feature("a", "numeric"),))


def _stored(place: Path, contents: Mapping[str, bytes]) -> StoredFiles:
    for name, data in contents.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    return StoredFiles(place.as_uri(), dict.fromkeys(contents))


def _line(kind: str, **params: Any) -> bytes:
    return json.dumps({"class": kind, "paramMap": params}).encode()


def test_directories_are_found_by_what_they_are_called() -> None:
    own = own_name("replica-000003")
    assert is_own_name(own, "replica-000003")
    assert not is_own_name(f"../{own}", "replica-000003")
    assert not is_own_name(own, "replica-000004")
    names = [f"{own}/metadata/part-00000", f"{own}/data/x", "features-0123abcd/metadata/x", "odd/x"]
    assert directories_in(names) == {"replica-000003": own, "features": "features-0123abcd"}
    with pytest.raises(ModelError, match="two directories for features"):
        directories_in([*names, "features-00000000/x"])


def test_a_file_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    natives = _stored(tmp_path, {"f-0123abcd/data/part-0": b"", "f-0123abcd/data/_SUCCESS": b""})
    _stored(tmp_path, {"f-0123abcd/data/.part-0.crc": b"", "elsewhere/part-1": b""})
    require_listed(natives, ["f-0123abcd"])
    require_listed(natives, ["f-0123abcd", "g-0123abcd"])
    _stored(tmp_path, {"f-0123abcd/data/deep/part-1": b""})
    with pytest.raises(ModelError, match=r"data/deep/part-1: no file of the model"):
        require_listed(natives, ["f-0123abcd"])


@pytest.mark.parametrize(
    "name",
    ["metadata/part-00000", "metadata/aaa", "stages/0_x/metadata/b/c", "stages/0_x/metadata"],
)
def test_whatever_may_be_metadata_must_name_a_known_class(name: str) -> None:
    natives = {f"f/{name}": _line(PIPELINE) + b"\n", "other/metadata/x": _line("os.path")}
    require_kinds(natives, "f", (PIPELINE,))
    natives[f"f/{name}"] += _line("os.path")
    with pytest.raises(ModelError, match=r"names the class os\.path"):
        require_kinds(natives, "f", (PIPELINE,))


@pytest.mark.parametrize(
    "data",
    [gzip.compress(_line("os.path")), _line(PIPELINE).decode().encode("utf-16"), b"[]", b"3"],
)
def test_metadata_that_spark_might_read_otherwise_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError):
        require_kinds({"f/metadata/part-00000.gz": data}, "f", (PIPELINE,))


def test_a_features_pipeline_may_hold_its_own_stages_only(tmp_path: Path) -> None:
    natives = _stored(tmp_path, {"features-0123abcd/metadata/part-00000": _line("os.path")})
    with pytest.raises(ModelError, match=r"names the class os\.path"):
        load_inputs(natives, SCHEMA, reads_columns=False)


@pytest.mark.parametrize("stage", ["../../replica", "a,b", "*", 3])
def test_a_stage_cannot_lie_elsewhere(tmp_path: Path, stage: Any) -> None:
    line = _line(PIPELINE, stageUids=["Imputer_0a", stage])
    natives = _stored(tmp_path, {"features-0123abcd/metadata/part-00000": line})
    with pytest.raises(ModelError, match="names the stage"):
        load_inputs(natives, SCHEMA, reads_columns=False)


def test_a_model_without_its_pipeline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the model lacks features"):
        load_inputs(_stored(tmp_path, {"x": b""}), SCHEMA, reads_columns=False)


def test_a_replica_must_be_a_model_of_the_learner() -> None:
    members = Members(LogisticRegression, {}, Inputs(SCHEMA, False), Sampling("poisson"), 0, 2)
    natives = {"r/metadata/part-00000": _line(PIPELINE)}
    with pytest.raises(ModelError, match=f"names the class {PIPELINE}"):
        members.load(natives, "nowhere", "r")
