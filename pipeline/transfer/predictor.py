"""Scoring texts with a saved model, without Spark; everything it needs is in the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.deep.network_file import SYMBOL, WEIGHTS
from pipeline.deep.predictor import DeepPredictor
from pipeline.transfer.text_schema import TextSchema
from pipeline.transfer.tokeniser_files import TokeniserFiles
from pipeline.transfer.tokenising import Tokeniser

TEXT = "text"
"""The key of a manifest under which is what is known of a model of texts."""
FOLDER = "tokeniser/"
"""What names of the tokeniser's files begin with among a model's own."""


class TextPredictor(DeepPredictor):
    """A network with its tokeniser in this process."""

    def _open(self, natives: Mapping[str, bytes]) -> None:
        super()._open({name: natives[name] for name in (SYMBOL, WEIGHTS)})
        columns = self.metadata.get("columns") or self.metadata["params"]
        named = [columns["textCol"], columns.get("pairCol")]
        self.schema: Any = TextSchema(
            opened_tokeniser(self.metadata, natives), tuple(name for name in named if name)
        )


def opened_tokeniser(metadata: Mapping[str, Any], natives: Mapping[str, bytes]) -> Tokeniser:
    """The tokeniser among a model's files."""
    contents = {
        name.removeprefix(FOLDER): natives[name] for name in natives if name.startswith(FOLDER)
    }
    shape = metadata[TEXT]["shape"]
    return Tokeniser(TokeniserFiles("the model's tokeniser", contents), *shape)
