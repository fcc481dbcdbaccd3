"""Config sections that become an estimator's params, one to one by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from pydantic import Field

from pipeline.config import Section
from pipeline.errors import UserError
from pipeline.estimators.params import OurParams


class TrainerSettings(Section):
    """A trainer's section: every key is a param of its estimator.

    `estimator` makes the estimator; its params say what the keys mean and what holds for a key
    that is not set.
    """

    estimator: ClassVar[Callable[..., OurParams]]

    @classmethod
    def key_descriptions(cls) -> dict[str, str]:
        """What each param is for, in its own words."""
        params = cls.estimator()
        return {name: _description(params, name) for name in cls.model_fields}

    @classmethod
    def effective_defaults(cls) -> dict[str, Any]:
        """The estimator's defaults, for the keys that leave them to it."""
        params = cls.estimator()
        return {
            name: params.value(name)
            for name, field in cls.model_fields.items()
            if field.default is None and params.isDefined(name)
        }

    def given(self) -> dict[str, Any]:
        """The keys that are set."""
        return self.model_dump(exclude_none=True)

    def changed(self) -> list[str]:
        """The keys that are set to something else than what holds without them."""
        given = self.given()
        if not given:  # as of most sections: an estimator takes a while to be made
            return []
        own, usual = self.estimator(**given), self.estimator()
        return [name for name in given if own.value(name) != usual.value(name)]

    def require_accepted(self, estimator: Callable[..., OurParams]) -> None:
        """Raise a ValueError for values that the estimator would refuse at `fit`."""
        try:
            estimator(**self.given()).require_valid()
        except UserError as error:
            raise ValueError(str(error)) from None


def _description(params: OurParams, name: str) -> str:
    doc = params.getParam(name).doc
    is_left_open = not params.isDefined(name) and "default" not in doc
    text = f"{doc}; default: the library's own" if is_left_open else doc
    return f"{text[:1].upper()}{text[1:]}."


class GangSettings(Section):
    """How gangs (boosting, deep) are laid out and how long they may take.

    Attributes
    ----------
    workers : int
        Size of the gang; 0: one worker per executor, or per GPU.
    device : str
        `cpu`, or `gpu` for one GPU per worker.
    gpus_per_executor : int
        GPUs of an executor, with `device: gpu`.
    attempts : int
        Attempts in all when executors are lost.
    wait, stall : float
        Seconds to wait for executors; seconds without progress after which a gang is ended.
    queue : float, optional
        Seconds to wait behind other gangs of the application; unset: no limit.
    """

    workers: int = Field(default=0, ge=0)
    device: Literal["cpu", "gpu"] = "cpu"
    gpus_per_executor: int = Field(default=1, ge=1)
    attempts: int = Field(default=3, ge=1)
    wait: float = Field(default=600.0, gt=0)
    stall: float = Field(default=600.0, gt=0)
    queue: float | None = Field(default=None, ge=0)

    def params(self) -> dict[str, Any]:
        """As the estimators' params."""
        return {
            "numWorkers": self.workers,
            "device": self.device,
            "gangAttempts": self.attempts,
            "gangWait": self.wait,
            "gangStall": self.stall,
            "gangQueue": self.queue,
        }
