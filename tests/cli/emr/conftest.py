"""The commands in this process, against moto behind a proxy that also tells what moto lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.emr.launching import Launching, launching
from tests.cli.emr.submitting import Submitting, submitting
from tests.emr.lossy import Lossy
from tests.emr.nodes import Time
from tests.emr.proxied import emr_proxy as emr_proxy
from tests.emr.proxied import time as time


@pytest.fixture
def launched(
    emr_proxy: Lossy, time: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Launching:
    """A cluster file, and the commands on it."""
    return launching(emr_proxy, time, tmp_path, monkeypatch)


@pytest.fixture
def asked(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Submitting:
    """A config, and a cluster that runs one step at a time."""
    return submitting(s3, tmp_path, monkeypatch)
