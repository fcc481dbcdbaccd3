from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pipeline.local.hadoop.state import HadoopState
from tests.cli.rehearsal.rehearsed import Rehearsals, rehearsals_of


@pytest.fixture
def rehearsals(hadoop: HadoopState, tmp_path: Path) -> Callable[..., Rehearsals]:
    """Makes a config of its own on the tests' Hadoop, with changes."""
    return partial(rehearsals_of, hadoop, tmp_path)
