"""The params of boosting, a mixin a concern: XGBoost's own under their native names, and ours."""

from pipeline.boosting.params.all import BoostingParams
from pipeline.boosting.params.trees import TreeParams

__all__ = ["BoostingParams", "TreeParams"]
