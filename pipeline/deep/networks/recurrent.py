"""A recurrent network for sequences."""

from __future__ import annotations

from typing import Any

from mxnet.gluon import HybridBlock, nn, rnn

from pipeline.deep.inputs import InputLayout
from pipeline.deep.networks.sequence_input import SequenceInput
from pipeline.deep.recipe import Recipe


class Recurrent(HybridBlock):  # type: ignore[misc]
    """Recurrent layers one after the other; what the last one holds at the end decides.

    Parameters
    ----------
    layout : InputLayout
        Columns of the input, in the order of time.
    mean, scale : ndarray of float32, shape (numeric,)
        Of each column.
    recipe : Recipe
        `hidden` has the units of each layer, `cell` says of which kind they are.
    outputs : int
        Units of the output, which has no activation.

    References
    ----------
    S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9 (1997); K. Cho et
    al., arXiv 1406.1078 (GRU); M. Schuster, K. Paliwal, "Bidirectional recurrent neural networks",
    IEEE Transactions on Signal Processing 45 (1997).
    """

    def __init__(
        self, layout: InputLayout, mean: Any, scale: Any, recipe: Recipe, outputs: int
    ) -> None:
        super().__init__()
        self._units = recipe.hidden[-1]
        self._is_bidirectional = recipe.bidirectional
        width = 2 * recipe.sequence_channels
        with self.name_scope():
            self.sequence = SequenceInput(layout, mean, scale, recipe.sequence_channels)
            # One layer each: ONNX's exporter knows no several layers of different widths.
            self.body = nn.HybridSequential()
            for units in recipe.hidden:
                self.body.add(_layer(recipe, units, width))
                width = units * (2 if recipe.bidirectional else 1)
            self.dropout = nn.Dropout(recipe.dropout)
            self.output = nn.Dense(outputs)

    def hybrid_forward(self, F: Any, numbers: Any) -> Any:  # noqa: N803 - MXNet's name
        """Outputs, shape (rows, outputs), from sequences of shape (rows, steps * channels)."""
        states = self.body(F.transpose(self.sequence(numbers), axes=(1, 0, 2)))
        last = F.reshape(F.slice_axis(states, axis=0, begin=-1, end=None), shape=(-3, 0))
        if self._is_bidirectional:
            # The other direction ends at the first step.
            first = F.reshape(F.slice_axis(states, axis=0, begin=0, end=1), shape=(-3, 0))
            ahead = F.slice_axis(last, axis=1, begin=0, end=self._units)
            back = F.slice_axis(first, axis=1, begin=self._units, end=None)
            last = F.concat(ahead, back, dim=1)
        return self.output(self.dropout(last))


def _layer(recipe: Recipe, units: int, width: int) -> Any:
    given = {
        "hidden_size": units,
        "input_size": width,
        "bidirectional": recipe.bidirectional,
        "layout": "TNC",
    }
    if recipe.cell == "lstm":
        return rnn.LSTM(**given)
    if recipe.cell == "gru":
        return rnn.GRU(**given)
    return rnn.RNN(activation=recipe.activation, **given)
