"""Params of deep networks."""

from pipeline.deep.params.fit import DeepParams, FitParams
from pipeline.deep.params.network import NetworkParams

__all__ = ["DeepParams", "FitParams", "NetworkParams"]
