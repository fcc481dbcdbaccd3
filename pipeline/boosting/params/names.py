"""Names that other libraries have for our params: xgboost.spark's, and XGBoost's second names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pipeline.errors import UserError

OTHER_NAMES: Mapping[str, str] = {
    # xgboost.spark
    "features_col": "featuresCol",
    "features_cols": "featuresCols",
    "label_col": "labelCol",
    "weight_col": "weightCol",
    "prediction_col": "predictionCol",
    "probability_col": "probabilityCol",
    "raw_prediction_col": "rawPredictionCol",
    "validation_indicator_col": "validationIndicatorCol",
    "base_margin_col": "baseMarginCol",
    "qid_col": "qidCol",
    "leaf_col": "leafCol",
    "contrib_col": "contribCol",
    "quantiles_col": "quantilesCol",
    "label_upper_col": "labelUpperCol",
    "pred_contrib_col": "contribCol",
    "num_workers": "numWorkers",
    "use_gpu": "device",
    "xgb_model": "initial_model",
    # XGBoost
    "n_estimators": "rounds",
    "num_boost_round": "rounds",
    "learning_rate": "eta",
    "min_split_loss": "gamma",
    "lambda": "reg_lambda",
    "alpha": "reg_alpha",
    "random_state": "seed",
}

_NOT_OURS: Mapping[str, str] = {
    **dict.fromkeys(
        ("nthread", "n_jobs"), "a worker has the cores of its executor (numWorkers, device)"
    ),
    "num_class": "the label's own classes are counted",
    "enable_categorical": "string columns are categories; feature_types names those of a vector",
    "callbacks": "early_stopping_rounds, eta_schedule and checkpoint_rounds are what they are for",
    **dict.fromkeys(
        ("force_repartition", "repartition_random_shuffle"),
        "rows are always placed by their identity",
    ),
    "enable_sparse_data_optim": "sparse vectors stay sparse",
    **dict.fromkeys(("coll_cfg", "launch_tracker_on_driver"), "the gang starts its own rendezvous"),
    **dict.fromkeys(("updater", "process_type", "refresh_leaf"), "trees are grown, by hist"),
}


def translated(owner: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Params by our names.

    Parameters
    ----------
    owner : str
        The estimator's name, for errors.
    values : mapping
        Params by anybody's names. `arbitrary_params_dict` holds more of them.

    Raises
    ------
    UserError
        When a param is given twice, or is not the user's to set.
    """
    given = dict(values)
    more = given.pop("arbitrary_params_dict", None) or {}
    found: dict[str, Any] = {}
    for name, value in (*given.items(), *more.items()):
        if value is None:
            continue  # as if it were not given
        if name in _NOT_OURS:
            raise UserError(f"{owner}: leave out {name}: {_NOT_OURS[name]}")
        ours, own = _ours(name, value)
        if ours == "missing" and isinstance(own, float) and math.isnan(own):
            continue  # NaN is missing anyway
        if ours in found:
            raise UserError(f"{owner}: {ours} is given twice, once as {name}")
        found[ours] = own
    return found


def _ours(name: str, value: Any) -> tuple[str, Any]:
    if name in ("features_col", "featuresCol") and isinstance(value, list | tuple):
        return "featuresCols", list(value)
    if name == "use_gpu":
        return "device", "gpu" if value else "cpu"
    if name == "device" and isinstance(value, str) and value.partition(":")[0] in ("cuda", "gpu"):
        return "device", "gpu"
    return OTHER_NAMES.get(name, name), value
