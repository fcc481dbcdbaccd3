"""`make demo-text`: what is refused before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.text_demo.__main__ import hold
from pipeline.errors import UserError


def test_two_demos_do_not_share_a_directory(tmp_path: Path) -> None:
    with hold(tmp_path / "demo"):
        with pytest.raises(UserError, match="another demo runs in"), hold(tmp_path / "demo"):
            pytest.fail("both hold it")
        with hold(tmp_path / "other"):
            pass
    with hold(tmp_path / "demo"):
        pass
