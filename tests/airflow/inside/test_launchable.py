"""What a region is asked of alternatives; test_create_cluster.py has a region that answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import UserError


def test_a_region_is_not_asked_where_a_variable_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from emr_ensembles.launchable import UNCHECKED_VARIABLE, launchable_of

    def asked(*_: Any) -> Any:
        raise UserError("was asked")

    monkeypatch.setattr("pipeline.emr.running.region.check_region", asked)
    stagings: Any = [_staging("g5.2xlarge"), _staging("g5.4xlarge")]
    with pytest.raises(UserError, match="was asked"):
        launchable_of(stagings, None)
    monkeypatch.setenv(UNCHECKED_VARIABLE, "1")
    assert launchable_of(stagings, None) == stagings


def _staging(instance_type: str) -> Any:
    core = SimpleNamespace(types=[instance_type])
    return SimpleNamespace(record=SimpleNamespace(settings=SimpleNamespace(core=core)))
