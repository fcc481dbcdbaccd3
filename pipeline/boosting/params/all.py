"""All params of boosting: their defaults, their other names, and what must fit together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pipeline.boosting.objectives import Task, printed, require_metric, require_objective
from pipeline.boosting.params.columns import RowParams, ScoredColumns
from pipeline.boosting.params.names import OTHER_NAMES, translated
from pipeline.boosting.params.native import (
    OBJECTIVE_NAMES,
    ROUND_NAMES,
    ObjectiveParams,
    RoundParams,
)
from pipeline.boosting.params.rounds import MemoryParams, SequenceParams
from pipeline.boosting.schedules import rates, require_schedule
from pipeline.boosting.stopping import Patience
from pipeline.errors import UserError
from pipeline.estimators.functions import is_path, load, short_name


class BoostingParams(
    ObjectiveParams, RoundParams, SequenceParams, RowParams, MemoryParams, ScoredColumns
):
    """Params of all boosting estimators."""

    task: ClassVar[Task]
    other_names: ClassVar[Mapping[str, str]] = OTHER_NAMES

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(
            rounds=200,
            eta=0.1,
            subsample=1.0,
            max_depth=6,
            max_bin=256,
            min_child_weight=1.0,
            reg_lambda=1.0,
        )

    def setParams(self, **values: Any) -> Any:  # noqa: N802 - Spark ML's name
        """Set several params by their names, or those that xgboost.spark has for them."""
        return super().setParams(**translated(type(self).__name__, values))

    def require_valid(self) -> None:
        """Raise a `UserError` that lists params, and pairs of them, that are not allowed."""
        super().require_valid()
        problems = []
        for check in (self._check_functions, self._check_stopping, self._check_start):
            try:
                check()
            except UserError as error:
                problems.append(str(error))
        if problems:
            raise UserError(f"{type(self).__name__}: " + "; ".join(problems))

    @property
    def metric_names(self) -> list[str]:
        """The metrics that the user asks for."""
        return list(self.value("eval_metric") or ())

    @property
    def patience(self) -> Patience | None:
        """When to stop early; None: never."""
        rounds = self.value("early_stopping_rounds")
        if not rounds:
            return None
        # In the history XGBoost's own metrics come before functions, whatever was asked for last.
        metric = self.value("early_stopping_metric") or next(reversed(self.metric_names), None)
        return Patience(
            rounds,
            None if metric is None else printed(short_name(metric)),
            self._wants_more(metric),
            self.value("early_stopping_min_delta"),
        )

    def _wants_more(self, metric: str | None) -> bool | None:
        """Whether a greater metric is better: as the user says; of an own function, it is not."""
        given: bool | None = self.value("maximize")
        chosen = metric or (self.metric_names[-1] if self.metric_names else "")
        return False if given is None and is_path(chosen) else given

    def own_params(self) -> dict[str, Any]:
        """The user's params that XGBoost takes as they are."""
        names = (*OBJECTIVE_NAMES, *ROUND_NAMES)
        values = {name: self.value(name) for name in names}
        known = {name: value for name, value in values.items() if value is not None}
        return {"tree_method": "hist", **known, **self.tree_params()}

    def _check_functions(self) -> None:
        objective = self.value("objective")
        if objective is not None:
            require_objective(self.task, objective)
            if is_path(objective):
                load(objective)
        for metric in self.metric_names:
            require_metric(metric)
            if is_path(metric):
                load(metric)
        names = [short_name(name) for name in self.metric_names]
        if len(set(names)) < len(names):
            raise UserError(
                f"eval_metric: two metrics are called {max(names, key=names.count)} in the "
                "history; rename a function"
            )
        if self.value("eta_schedule") is not None:
            require_schedule(self.value("eta_schedule"))
            rates(self.value("eta_schedule"), self.value("eta"), self.value("rounds"))

    def _check_stopping(self) -> None:
        if self.value("early_stopping_rounds") and self.value("booster") == "dart":
            raise UserError(
                "booster=dart changes the trees of earlier rounds, so no best round can be gone "
                "back to: set early_stopping_rounds=0"
            )
        chosen = self.value("early_stopping_metric")
        if chosen is None:
            return
        if chosen not in self.metric_names:
            asked = ", ".join(self.metric_names) or "none"
            raise UserError(
                f"early_stopping_metric {chosen} is not among eval_metric ({asked}); add it there"
            )

    def _check_start(self) -> None:
        if self.value("resume_from") and self.value("initial_model"):
            raise UserError(
                "resume_from goes on with a fit that did not end, initial_model with a finished "
                "one: set one of them"
            )
        if self.value("resume_from") and not self.value("checkpoint_rounds"):
            raise UserError(
                "resume_from needs checkpoint_rounds, the same as when the checkpoint was written"
            )
        if self.value("sampling_method") == "gradient_based" and self.value("device") != "gpu":
            raise UserError("sampling_method=gradient_based needs device=gpu")
