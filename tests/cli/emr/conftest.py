"""The commands in this process, against moto behind a proxy that also tells what moto lacks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.emr.launching import Launching, launching
from tests.cli.emr.submitting import Submitting, submitting
from tests.emr.lossy import Lossy, lossy
from tests.emr.nodes import Time


@pytest.fixture
def emr_proxy(s3: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lossy]:
    """The proxy, before EMR and EC2; S3 is reached without it."""
    with lossy(os.environ["AWS_ENDPOINT_URL"]) as proxy:
        for service in ("EMR", "EC2"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", proxy.url)
        yield proxy


@pytest.fixture
def time() -> Time:
    """A clock that only sleeping moves."""
    return Time()


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
