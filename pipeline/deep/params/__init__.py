"""Params of deep networks."""

from pipeline.deep.params.fit import DeepParams
from pipeline.deep.params.network import NetworkParams

__all__ = ["DeepParams", "NetworkParams"]
