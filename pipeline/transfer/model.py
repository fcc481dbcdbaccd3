"""Trained models of texts: self-contained, with their tokeniser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pipeline.data.encoding import Feature, FeatureSchema
from pipeline.deep.model import DeepClassificationModel, DeepModel, DeepRegressionModel
from pipeline.errors import UserError
from pipeline.transfer.predictor import TEXT
from pipeline.transfer.strategies import AS_IS
from pipeline.transfer.text_params import TextColumnParams


class TextModel(DeepModel, TextColumnParams):
    """A network on texts; its native files are the network's, and those of its tokeniser.

    The checkpoint that it began with is needed no more.
    """

    kind: ClassVar[str] = "text"

    @property
    def strategy(self) -> str:
        """How the model was made."""
        return str(self.metadata[TEXT]["strategy"])

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the strategy was chosen, in sentences, where the estimator was to `advise`."""
        return tuple(self.metadata[TEXT]["reasons"])

    @property
    def trainedParameters(self) -> int:  # noqa: N802 - as Spark ML names properties
        """How many numbers were trained, at most at once; 0 of a model that was used as it is."""
        return int(self.metadata[TEXT]["trained_parameters"])

    @property
    def bestEpoch(self) -> int:  # noqa: N802
        """The epoch whose weights the network has, from 0.

        Raises
        ------
        UserError
            When the model was not trained.
        """
        if self.strategy == AS_IS:
            raise UserError("the model was made without training (as_is): it has no epochs")
        return super().bestEpoch

    @property
    def textCounts(self) -> dict[str, Any]:  # noqa: N802
        """Of the texts of the fit: how many, how many were cut, and their lengths in tokens.

        All 0 where the fit read no text, as one without training and labels does. Texts of a task
        that ran again, after a lost executor, are counted again.
        """
        return dict(self.metadata[TEXT]["counts"])

    @property
    def inputs(self) -> FeatureSchema:
        """The columns of texts: as categories are, strings that may be null."""
        names = self._columns_to_score_with()
        return FeatureSchema(tuple(Feature(name, "categorical") for name in names))

    def _columns_to_score_with(self) -> tuple[str, ...]:
        named = (self.value("textCol"), self.value("pairCol"))
        return tuple(name for name in named if name)

    def _score_metadata(self) -> Mapping[str, Any]:
        known = dict(super()._score_metadata())
        columns = {name: self.value(name) for name in ("textCol", "pairCol")}
        return {**known, "columns": {**known["columns"], **columns}}

    def _score_key(self) -> tuple[str, ...]:
        return (*super()._score_key(), *self._columns_to_score_with())


class TextClassificationModel(TextModel, DeepClassificationModel):
    """A model that predicts the class of a text."""


class TextRegressionModel(TextModel, DeepRegressionModel):
    """A model that predicts a number from a text."""
