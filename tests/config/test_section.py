"""A section's JSON schema."""

from __future__ import annotations

from typing import Any

from pipeline.config import Section
from tests.config.samples import Boosting, Job

VARIABLE = {"type": "string", "pattern": r"^\$\{env:[^{}]*\}$"}


def test_descriptions_come_from_the_docstring() -> None:
    schema = Boosting.model_json_schema()
    assert schema["description"] == "How trees follow each other."
    found = {key: part.get("description") for key, part in schema["properties"].items()}
    assert found == {
        "depth": "Greatest depth.",
        "rate": "The rate.",
        "decay": "How it falls.",
        "columns": "Columns that are seen.",
    }


def test_a_key_that_is_a_section_is_described_by_it() -> None:
    assert Job.model_json_schema()["properties"]["boosting"] == {
        "$ref": "#/$defs/Boosting",
        "description": "How trees follow each other.",
    }


def test_what_a_file_may_say_is_allowed() -> None:
    properties = Job.model_json_schema()["properties"]
    assert properties["seed"]["anyOf"][-1] == VARIABLE
    assert properties["device"]["anyOf"][-1] == VARIABLE
    assert properties["name"] == {"type": "string", "minLength": 1}
    assert properties["spark"]["anyOf"][-1] == {"type": "null"}


def test_the_effective_default_is_stated() -> None:
    class Trainer(Section):
        """A trainer."""

        eta: float | None = None
        other: float | None = None

        @classmethod
        def effective_defaults(cls) -> dict[str, Any]:
            return {"eta": 0.1}

    properties = Trainer.model_json_schema()["properties"]
    assert properties["eta"]["default"] == 0.1
    assert "default" not in properties["other"]
