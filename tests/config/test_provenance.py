"""Where each effective value came from."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import Entry, Section, read
from tests.config.samples import FREE, Job, written

TEXT = """\
name: run of ${date}
boosting:
  depth: 4
  columns: [a, 'b${date:%d}']
split:
spark:
  spark.a.b: 1
"""


def _entries(tmp_path: Path, *overrides: str) -> dict[str, Entry]:
    loaded = read(Job, written(tmp_path, TEXT), overrides, FREE, date(2026, 11, 22))
    return {entry.key: entry for entry in loaded.entries()}


def test_every_key_has_a_value_and_an_origin(tmp_path: Path) -> None:
    found = _entries(tmp_path, "seed=3", "second={rate: 0.5}", "spark.spark.c.d=x")
    file = tmp_path / "job.yaml"
    assert {key: (entry.value, entry.origin) for key, entry in found.items()} == {
        "name": ("run of 2026-11-22", f"{file}:1"),
        "seed": (3, "--set"),
        "device": ("cpu", "default"),
        "fast": (False, "default"),
        "boosting.depth": (4, f"{file}:3"),
        "boosting.rate": (0.3, "default"),
        "boosting.decay": (0.0, "default"),
        "boosting.columns": (["a", "b22"], f"{file}:4"),
        "second.depth": (6, "default"),
        "second.rate": (0.5, "--set"),
        "second.decay": (0.0, "default"),
        "second.columns": ([], "default"),
        "split.train": (0.7, "default"),
        "split.test": (0.3, "default"),
        "spark.spark.a.b": (1, f"{file}:7"),
        "spark.spark.c.d": ("x", "--set"),
    }


def test_an_interpolated_value_keeps_its_text(tmp_path: Path) -> None:
    found = _entries(tmp_path)
    assert found["name"].raw == "run of ${date}"
    assert found["boosting.columns"].raw == "[a, 'b${date:%d}']"
    assert {key for key, entry in found.items() if entry.raw} == {"name", "boosting.columns"}


def test_an_absent_section_and_an_empty_one_are_one_key(tmp_path: Path) -> None:
    loaded = read(Job, written(tmp_path, "name: x\n"), (), FREE)
    found = {entry.key: entry.value for entry in loaded.entries()}
    assert found["second"] is None
    assert found["spark"] == {}


@pytest.mark.parametrize("text", ["{}", "{eta: null}"])
def test_a_default_that_stands_elsewhere_is_shown(tmp_path: Path, text: str) -> None:
    class Trainer(Section):
        eta: float | None = None
        kept: int | None = None

        @classmethod
        def effective_defaults(cls) -> dict[str, Any]:
            return {"eta": 0.1}

    loaded = read(Trainer, written(tmp_path, text))
    assert [(entry.key, entry.value, entry.origin) for entry in loaded.entries()] == [
        ("eta", 0.1, "default"),
        ("kept", None, "default"),
    ]


def test_a_secret_is_known_by_its_key_its_value_or_its_text() -> None:
    secrets = [
        Entry(("spark", "spark.my.token"), "x", "default"),
        Entry(("spark", "spark.driver.extraJavaOptions"), "-Dpassword=x", "default"),
        Entry(("spark", "spark.x"), "y", "default", "${env:X:my-password}"),
    ]
    assert all(entry.is_secret for entry in secrets)
    assert not Entry(("columns", "label"), "is_secret", "default").is_secret
    assert not Entry(("spark", "spark.my.token"), None, "default").is_secret
