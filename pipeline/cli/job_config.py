"""A job's whole configuration: the sections of all rooms, put together."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from pipeline import files
from pipeline.bagging.settings import BaggingSettings
from pipeline.boosting.settings import BoostingSettings
from pipeline.cli import output_places
from pipeline.cli.models.settings import PromotionSettings
from pipeline.cli.output_places import FREE_KEYS as FREE_KEYS
from pipeline.config import Section, redacted
from pipeline.data.settings import ColumnsSettings, SourceSettings, SplitSettings
from pipeline.deep.settings import DeepSettings
from pipeline.errors import UserError
from pipeline.estimators.settings import GangSettings
from pipeline.transfer.settings import TextSettings

TRAINER_OF = {"bag": "bagging", "boost": "boosting", "deep": "deep"}
"""By the name of the job that trains it: a trainer's name, which is that of its section."""

DATA_KEYS = ("source", "columns", "split", "seed")


class JobConfig(Section):
    """One YAML drives all jobs.

    Attributes
    ----------
    name : str
        Names the Spark applications and the report.
    source, columns, split : SourceSettings, ColumnsSettings, SplitSettings
        The table, what its columns mean, how it is split.
    seed : int
        Draws everything that is drawn.
    output : str
        URI below which all jobs write; a plain path means the local disk.
    scratch : str, optional
        URI for what lives no longer than a fit; every node must reach it. Default: below an output
        that is not local, else a directory of this machine's own.
    if_exists : str
        When a job's output is there already: `overwrite` replaces it once the new one is whole,
        `version` keeps it beside the new one, `refuse` ends the job before it works.
    drift : str
        When a table to be scored has other columns than the training table: `refuse` any
        difference, `ignore_extra` lets more columns pass through, `null_for_missing` also takes a
        missing feature for null in every row.
    promotion : PromotionSettings
        Which model becomes champion, and where champions are kept.
    spark : dict
        Spark settings; those of spark-submit win over them.
    gang : GangSettings
        How boosting and deep are laid out.
    bagging, boosting, deep : BaggingSettings, BoostingSettings, DeepSettings
        The trainers' params.
    text : TextSettings
        Params of a network of texts, which jobs/deep.py trains instead where `text.checkpoint` is
        set, on `columns.text`.
    """

    name: str = Field(min_length=1)
    source: SourceSettings
    columns: ColumnsSettings
    split: SplitSettings = SplitSettings()
    seed: int = Field(default=0, ge=0, lt=2**31)
    output: str = Field(min_length=1)
    scratch: str | None = None
    if_exists: Literal["overwrite", "version", "refuse"] = "overwrite"
    drift: Literal["refuse", "ignore_extra", "null_for_missing"] = "ignore_extra"
    promotion: PromotionSettings = PromotionSettings()
    spark: dict[str, str | bool | int | float] = Field(default_factory=dict)
    gang: GangSettings = GangSettings()
    bagging: BaggingSettings = BaggingSettings()
    boosting: BoostingSettings = BoostingSettings()
    deep: DeepSettings = DeepSettings()
    text: TextSettings = TextSettings()

    @field_validator("output", "scratch")
    @classmethod
    def _with_scheme(cls, value: str | None) -> str | None:
        return None if value is None else files.absolute(value)

    @model_validator(mode="after")
    def _name_can_be_a_champions(self) -> JobConfig:
        if self.promotion.registry is not None:
            try:
                self.promotion.champions_uri(self.name)
            except UserError as error:
                raise ValueError(str(error)) from None
        return self

    @model_validator(mode="after")
    def _text_is_whole(self) -> JobConfig:
        """Of what is shown by `config show`, defaults are given: they count as not set."""
        if not self.text.is_used:
            if given := self.text.changed():
                raise ValueError(
                    f"text: {', '.join(given)} given, but no checkpoint: set text.checkpoint to "
                    "the directory or URI of one, or leave the section out"
                )
            return self
        if not self.columns.texts:
            raise ValueError(
                "text.checkpoint is set, and no column of text is named: set columns.text to the "
                "column that holds the texts, or to two for pairs"
            )
        if given := self.deep.changed():
            raise ValueError(
                f"deep: {', '.join(given)} given beside text.checkpoint, and jobs/deep.py trains "
                "one network: with text, move to its section what is meant for it, and leave out "
                "deep; or leave out text"
            )
        return self

    @property
    def made_by(self) -> dict[str, Any]:
        """The settings that the prepared table depends on; no secret is among them."""
        whole = redacted(self.model_dump(mode="json"))
        if whole["columns"]["text"] is None:  # as in tables that were prepared before there was one
            del whole["columns"]["text"]
        return {key: whole[key] for key in DATA_KEYS}

    @property
    def spark_settings(self) -> dict[str, str]:
        """`spark` as Spark takes it: true and false in lower case."""
        return {
            key: str(value).lower() if isinstance(value, bool) else str(value)
            for key, value in self.spark.items()
        }

    @property
    def scratch_uri(self) -> str | None:
        """Where fits keep what lives no longer than they; None for the estimators' default."""
        if self.scratch is None and not files.is_local(self.output):
            return files.join(self.output, "scratch")
        return self.scratch

    def model_uri(self, name: str) -> str:
        """Where a trainer's model is published."""
        return output_places.model_uri(self.output, name)

    def checkpoints_uri(self, name: str) -> str:
        """Where a trainer keeps what it has done until its model is published."""
        return files.join(self.output, "checkpoints", name)

    def scores_uri(self, model: str) -> str:
        """Where scores of the test rows by a model, a trainer's or one of a URI, are published."""
        return files.join(self.output, "scores", model.rstrip("/").rpartition("/")[2])

    @property
    def report_uri(self) -> str:
        """Where the report is published."""
        return output_places.report_uri(self.output)
