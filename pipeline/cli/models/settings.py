"""The `promotion` section of a job's YAML."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from pipeline import files
from pipeline.config import Section
from pipeline.errors import UserError
from pipeline.store.champions import champions_uri, is_name


class PromotionSettings(Section):
    """Which model becomes the champion of a name, and where champions are kept.

    Attributes
    ----------
    registry : str, optional
        URI below which champions lie, by name. It outlives outputs, which may be one per date, so
        it has no default; without it nothing is promoted.
    name : str, optional
        The champion's name. Default: that of the config.
    metric : str
        What is compared on the test rows: `auc` and `accuracy` (higher is better) or `log_loss`
        (lower is better).
    margin : float
        By how much at least a model must be better than the champion. It must be better at all
        also where this is 0.
    """

    registry: str | None = None
    name: str | None = None
    metric: Literal["auc", "log_loss", "accuracy"] = "auc"
    margin: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    @field_validator("registry")
    @classmethod
    def _with_scheme(cls, value: str | None) -> str | None:
        return None if value is None else files.absolute(value)

    @field_validator("name")
    @classmethod
    def _names_a_directory(cls, value: str | None) -> str | None:
        if value is not None and not is_name(value):
            raise ValueError("use letters, digits, dots, dashes and underscores")
        return value

    def champions_uri(self, config_name: str) -> str:
        """Where the champions of the config's name lie.

        Raises
        ------
        UserError
            When no registry is set, or the config's own name cannot name champions.
        """
        if self.registry is None:
            raise UserError(
                "promotion.registry is not set: name a URI below which champions are kept, apart "
                "from outputs that are made anew or cleaned up"
            )
        return champions_uri(self.registry, self.name or config_name)
