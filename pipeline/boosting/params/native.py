"""XGBoost's own training params for `hist`, under their native names, as Spark ML params."""

from __future__ import annotations

from typing import ClassVar

from pyspark.ml.param import TypeConverters

from pipeline.boosting.params.trees import TreeParams
from pipeline.estimators.converters import as_it_is, to_floats, to_name, to_names
from pipeline.estimators.params import Rule, declare


class ObjectiveParams(TreeParams):
    """What is minimised, and what is watched meanwhile."""

    objective = declare(
        "objective",
        "XGBoost's objective, or the import path of a function (margins, matrix) -> (gradients, "
        "hessians); default: by the estimator and the number of classes",
        to_name,
    )
    eval_metric = declare(
        "eval_metric",
        "XGBoost's metrics, one or several, or import paths of functions (predictions, matrix) "
        "-> (name, value), which get margins with an objective of your own; default: the "
        "objective's own",
        to_names,
    )
    base_score = declare(
        "base_score", "prediction before the first tree; default: estimated", TypeConverters.toFloat
    )
    scale_pos_weight = declare(
        "scale_pos_weight", "weight of the second of two classes", TypeConverters.toFloat
    )
    quantile_alpha = declare(
        "quantile_alpha", "quantiles that reg:quantileerror predicts, one or several", to_floats
    )
    tweedie_variance_power = declare(
        "tweedie_variance_power",
        "from 1 (near Poisson) to 2 (near gamma), for reg:tweedie",
        TypeConverters.toFloat,
    )
    huber_slope = declare("huber_slope", "delta of reg:pseudohubererror", TypeConverters.toFloat)
    aft_loss_distribution = declare(
        "aft_loss_distribution",
        "normal, logistic or extreme, for survival:aft",
        TypeConverters.toString,
    )
    aft_loss_distribution_scale = declare(
        "aft_loss_distribution_scale", "scale of that distribution", TypeConverters.toFloat
    )
    lambdarank_pair_method = declare(
        "lambdarank_pair_method", "topk or mean, for rank:*", TypeConverters.toString
    )
    lambdarank_num_pair_per_sample = declare(
        "lambdarank_num_pair_per_sample",
        "pairs of each document (mean), or the depth of the list (topk)",
        TypeConverters.toInt,
    )
    lambdarank_normalization = declare(
        "lambdarank_normalization", "normalise the gradients of a query", TypeConverters.toBoolean
    )
    lambdarank_score_normalization = declare(
        "lambdarank_score_normalization",
        "normalise by the difference of scores",
        TypeConverters.toBoolean,
    )
    lambdarank_unbiased = declare(
        "lambdarank_unbiased", "correct for the position in the list", TypeConverters.toBoolean
    )
    lambdarank_bias_norm = declare(
        "lambdarank_bias_norm", "norm of that correction", TypeConverters.toFloat
    )
    ndcg_exp_gain = declare(
        "ndcg_exp_gain", "gain of a relevance is 2^relevance - 1", TypeConverters.toBoolean
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("scale_pos_weight", lambda value: value > 0, "positive"),
        Rule(
            "quantile_alpha",
            lambda value: bool(value) and all(0 < each < 1 for each in value),
            "numbers between 0 and 1",
        ),
        Rule("tweedie_variance_power", lambda value: 1 < value < 2, "above 1 and below 2"),
        Rule("huber_slope", lambda value: value > 0, "positive"),
        Rule(
            "aft_loss_distribution",
            lambda value: value in ("normal", "logistic", "extreme"),
            "normal, logistic or extreme",
        ),
        Rule("aft_loss_distribution_scale", lambda value: value > 0, "positive"),
        Rule("lambdarank_pair_method", lambda value: value in ("topk", "mean"), "topk or mean"),
        Rule("lambdarank_num_pair_per_sample", lambda value: value >= 1, "1 or more"),
        Rule("lambdarank_bias_norm", lambda value: value > 0, "positive"),
    )


class RoundParams(TreeParams):
    """How trees follow each other, what they draw, and what they may not do."""

    eta = declare("eta", "learning rate", TypeConverters.toFloat)
    subsample = declare("subsample", "share of the rows that a round sees", TypeConverters.toFloat)
    sampling_method = declare(
        "sampling_method",
        "uniform, or gradient_based (GPU only: rows with great gradients more often)",
        TypeConverters.toString,
    )
    num_parallel_tree = declare(
        "num_parallel_tree", "trees of each round (a boosted random forest)", TypeConverters.toInt
    )
    multi_strategy = declare(
        "multi_strategy",
        "one_output_per_tree, or multi_output_tree (vectors in the leaves)",
        TypeConverters.toString,
    )
    monotone_constraints = declare(
        "monotone_constraints",
        "1 (rising), -1 (falling) or 0 for columns: a map by name, or a list by place",
        as_it_is,
    )
    interaction_constraints = declare(
        "interaction_constraints",
        "groups of columns (names or places) that may meet on a path of a tree",
        as_it_is,
    )
    booster = declare("booster", "gbtree or dart", TypeConverters.toString)
    rate_drop = declare("rate_drop", "share of trees dropped (dart)", TypeConverters.toFloat)
    one_drop = declare("one_drop", "drop at least one tree (dart)", TypeConverters.toBoolean)
    skip_drop = declare(
        "skip_drop", "probability that a round drops nothing (dart)", TypeConverters.toFloat
    )
    sample_type = declare(
        "sample_type", "how trees are dropped: uniform or weighted (dart)", TypeConverters.toString
    )
    normalize_type = declare(
        "normalize_type", "weight of new trees: tree or forest (dart)", TypeConverters.toString
    )
    tree_method = declare("tree_method", "hist, XGBoost's fastest", TypeConverters.toString)
    max_cached_hist_node = declare(
        "max_cached_hist_node", "nodes whose histograms are kept", TypeConverters.toInt
    )
    extmem_single_page = declare(
        "extmem_single_page",
        "put sampled rows of external memory on one page (GPU)",
        TypeConverters.toBoolean,
    )
    verbosity = declare("verbosity", "XGBoost's own log lines, 0 to 3", TypeConverters.toInt)

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("eta", lambda value: 0 < value <= 1, "above 0 and at most 1"),
        Rule("subsample", lambda value: 0 < value <= 1, "above 0 and at most 1"),
        Rule(
            "sampling_method",
            lambda value: value in ("uniform", "gradient_based"),
            "uniform or gradient_based",
        ),
        Rule("num_parallel_tree", lambda value: value >= 1, "1 or more"),
        Rule(
            "multi_strategy",
            lambda value: value in ("one_output_per_tree", "multi_output_tree"),
            "one_output_per_tree or multi_output_tree",
        ),
        Rule("booster", lambda value: value in ("gbtree", "dart"), "gbtree or dart"),
        Rule("rate_drop", lambda value: 0 <= value <= 1, "from 0 to 1"),
        Rule("skip_drop", lambda value: 0 <= value <= 1, "from 0 to 1"),
        Rule("sample_type", lambda value: value in ("uniform", "weighted"), "uniform or weighted"),
        Rule("normalize_type", lambda value: value in ("tree", "forest"), "tree or forest"),
        Rule(
            "tree_method",
            lambda value: value in ("hist", "auto"),
            "hist, the only method that distributed training here has",
        ),
        Rule("max_cached_hist_node", lambda value: value >= 1, "1 or more"),
        Rule("verbosity", lambda value: 0 <= value <= 3, "from 0 to 3"),
    )


OBJECTIVE_NAMES = (
    *("base_score", "scale_pos_weight", "quantile_alpha", "tweedie_variance_power", "huber_slope"),
    *("aft_loss_distribution", "aft_loss_distribution_scale", "lambdarank_pair_method"),
    *("lambdarank_num_pair_per_sample", "lambdarank_normalization"),
    *("lambdarank_score_normalization", "lambdarank_unbiased", "lambdarank_bias_norm"),
    "ndcg_exp_gain",
)
ROUND_NAMES = (
    *("eta", "subsample", "sampling_method", "num_parallel_tree", "multi_strategy", "booster"),
    *("rate_drop", "one_drop", "skip_drop", "sample_type", "normalize_type"),
    *("max_cached_hist_node", "extmem_single_page", "verbosity"),
)
"""Those that XGBoost is given as they are. The constraints wait until columns have places."""
