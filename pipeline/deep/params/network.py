"""All params of a network, and what must fit together."""

from __future__ import annotations

import importlib.util
from dataclasses import fields
from typing import Any

from pipeline.deep.choices import NETWORKS, require_schedule
from pipeline.deep.params.shape import HierarchyParams, ImageParams, SequenceParams, ShapeParams
from pipeline.deep.params.steps import PenaltyParams, RateParams, StepParams
from pipeline.deep.recipe import Recipe
from pipeline.errors import UserError
from pipeline.estimators.functions import is_path


class NetworkParams(
    ShapeParams,
    SequenceParams,
    ImageParams,
    HierarchyParams,
    PenaltyParams,
    StepParams,
    RateParams,
):
    """All of a network's params."""

    def require_valid(self) -> None:
        """Raise a `UserError` that lists params, and pairs of them, that are not allowed."""
        super().require_valid()
        problems = []
        for check in (self._check_network, self._check_rates):
            try:
                check()
            except UserError as error:
                problems.append(str(error))
        if problems:
            raise UserError(f"{type(self).__name__}: " + "; ".join(problems))

    def recipe(self) -> Recipe:
        """The values, as executors take them."""
        values: dict[str, Any] = {each.name: self.value(each.name) for each in fields(Recipe)}
        return Recipe(**{**values, "activation": self._activation})

    @property
    def _activation(self) -> str:
        chosen = str(self.value("activation"))
        if chosen != "auto":
            return chosen
        return "tanh" if self.value("network") == "recurrent" else "relu"

    def _check_network(self) -> None:
        network = self.value("network")
        if not is_path(network) and network not in NETWORKS:
            raise UserError(
                f"network must be one of {', '.join(NETWORKS)}, or an import path, not {network!r}"
            )
        if self.value("network_options") and not is_path(network):
            raise UserError(
                f"network_options are for a network of your own; {network} has none: set network "
                "to the import path of yours, or leave them out"
            )
        if needed := self._what_is_missing(network):
            raise UserError(needed)
        module = network.rpartition(".")[0]
        # The module is not imported: it needs MXNet, which the driver does without.
        if module and not _is_module(module):
            raise UserError(
                f"network {network}: there is no module {module}; it must be installed on the "
                "driver and on every node"
            )

    def _what_is_missing(self, network: str) -> str:
        """What the chosen network needs besides, in words; empty when it has all."""
        has_parts = self.value("groups"), self.value("segments")
        if network == "hierarchical" and bool(has_parts[0]) == bool(has_parts[1]):
            return "network hierarchical needs groups or segments: set one of them"
        if network == "convolutional" and not self.value("image_shape"):
            return "network convolutional needs image_shape: [height, width, channels]"
        is_plain = network == "recurrent" and self.value("cell") == "rnn"
        if is_plain and self._activation not in ("tanh", "relu"):
            return f"cell rnn has activation tanh or relu, not {self._activation}"
        if network in ("residual", "hierarchical", "recurrent") and not self.value("hidden"):
            return f"network {network} needs the units of at least one layer in hidden"
        return ""

    def _check_rates(self) -> None:
        schedule = self.value("learning_rate_schedule")
        require_schedule(schedule)
        if schedule["kind"] == "one-cycle" and self.value("warmup_epochs"):
            raise UserError(
                "warmup_epochs: a one-cycle schedule warms up by itself; set up and start of "
                "learning_rate_schedule instead"
            )
        if self.isSet("batch_size") and self.isSet("batch_size_per_worker"):
            raise UserError("batch_size and batch_size_per_worker: set one of them")


def _is_module(name: str) -> bool:
    """Whether a module may be there; its packages are imported to find out, not the module."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError as error:
        return not name.startswith(str(error.name))
    except Exception:  # noqa: BLE001 - a package that needs what only nodes have may raise anything
        return True
