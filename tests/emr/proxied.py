"""Fixtures: EMR of moto, behind a proxy that loses answers when it is told to."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

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
