"""What the driver accepts for networks, without MXNet."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from pipeline.bagging.learners.network_params import NETWORK_PARAMS, require_network_params
from pipeline.deep import DeepClassifier
from pipeline.errors import UserError

ROOT = Path(__file__).resolve().parents[3]


def test_defaults_are_those_of_the_deep_classifier() -> None:
    expected = asdict(DeepClassifier().recipe())
    assert set(expected) == set(NETWORK_PARAMS)
    assert require_network_params({}) == expected
    given = require_network_params({"hidden": [8], "epochs": 3, "dropout": None})
    assert given == {**expected, "hidden": [8], "epochs": 3}


def test_unknown_names_get_the_nearest_one() -> None:
    with pytest.raises(UserError, match=r"unknown param hiden; did you mean hidden\?"):
        require_network_params({"hiden": [8]})
    # A replica has no validation rows to be patient on.
    with pytest.raises(UserError, match="unknown param patience; known: accumulate, "):
        require_network_params({"patience": 3})


def test_bad_values_are_refused_all_at_once() -> None:
    with pytest.raises(UserError) as refused:
        require_network_params({"dropout": 1.0, "epochs": 0, "hidden": [8, 0]})
    for name in ("dropout", "epochs", "hidden"):
        assert f"{name} must be" in str(refused.value)
    with pytest.raises(UserError, match="epochs: "):
        require_network_params({"epochs": "many"})


def test_mxnet_stays_where_it_is_needed() -> None:
    code = (
        "import sys; from pipeline.bagging.learners.network_params import require_network_params;"
        "require_network_params({}); sys.exit('mxnet' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
