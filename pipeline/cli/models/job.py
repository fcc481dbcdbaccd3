"""What promotion needs of a job's YAML, read without the sections of the trainers.

Those are checked against the trainers' own params, which need Spark; the jobs that train have done
so.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pipeline import files
from pipeline.cli.models.settings import PromotionSettings
from pipeline.cli.output_places import FREE_KEYS
from pipeline.config import load


class PromotedJob(BaseModel):
    """A config's name, output and section `promotion`; all else is passed over.

    Parameters
    ----------
    name, output, promotion
        As in `JobConfig`.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, validate_default=True)

    name: str = Field(min_length=1)
    output: str = Field(min_length=1)
    promotion: PromotionSettings = PromotionSettings()

    @field_validator("output")
    @classmethod
    def _with_scheme(cls, value: str) -> str:
        return files.absolute(value)

    @property
    def champions_uri(self) -> str:
        """Where the champions of its name lie.

        Raises
        ------
        UserError
            When the config names no registry.
        """
        return self.promotion.champions_uri(self.name)


def load_job(config: str, overrides: Sequence[str] = ()) -> PromotedJob:
    """Read a config.

    Raises
    ------
    ConfigError
        With every problem of these keys.
    """
    return load(PromotedJob, config, overrides, FREE_KEYS)
