"""One contender on the rows of one seed: its settings tried, the best chosen, that one tested."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import common
from benchmarks.text_demo import kept
from benchmarks.text_demo.contenders import Contender
from benchmarks.text_demo.tables import Tables, accuracy

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel

Say = Callable[[str], None]


@dataclass(frozen=True)
class Search:
    """Where and on what contenders are tried.

    Parameters
    ----------
    directory : Path
        Of this seed; what is finished is kept there.
    seed : int
        Of the rows and of all training.
    of : mapping
        What else the results depend on.
    say : callable
        Gets a line about every setting.
    """

    directory: Path
    seed: int
    of: Mapping[str, Any]
    say: Say

    def result(self, contender: Contender, tables: Tables) -> dict[str, Any]:
        """Of one contender: `chosen`, `trials`, `test`, `trained`, and times.

        `seconds` are the chosen setting's training, `search_seconds` that of all settings, and
        `whole_seconds` all that was done: with scores and what is kept.
        """
        place = self.directory / contender.name
        of = {**self.of, "params": [contender.params(at) for at in range(len(contender.settings))]}
        found = kept.load(place / "result.json", of)
        if found is None:
            found = self._tried(contender, tables, place)
            kept.save(place / "result.json", of, found)
        for at in range(len(contender.settings)):
            shutil.rmtree(place / f"model-{at}", ignore_errors=True)
        return found

    def _tried(self, contender: Contender, tables: Tables, place: Path) -> dict[str, Any]:
        trials = [
            self._trial(contender, at, tables, place) for at in range(len(contender.settings))
        ]
        chosen = best_of([trial["validation"] for trial in trials])
        began = time.monotonic()
        model = _load(place / f"model-{chosen}")
        test = accuracy(model, tables.test)
        self.say(f"seed {self.seed}, {contender.name}: setting {chosen} chosen, test {test:.4f}")
        return {
            "chosen": chosen,
            "trials": trials,
            "test": test,
            "seconds": trials[chosen]["seconds"],
            "search_seconds": sum(trial["seconds"] for trial in trials),
            "whole_seconds": sum(trial["whole_seconds"] for trial in trials)
            + (time.monotonic() - began),
            "trained": trials[chosen]["trained"],
        }

    def _trial(
        self, contender: Contender, number: int, tables: Tables, place: Path
    ) -> dict[str, Any]:
        """Train with one setting; its model is kept until one is chosen."""
        model_place = place / f"model-{number}"
        of = {**self.of, "params": contender.params(number)}
        found = kept.load(place / f"trial-{number}.json", of)
        if found is not None and model_place.exists():
            return found
        # One of other settings must not be taken for that of a model that is written now.
        (place / f"trial-{number}.json").unlink(missing_ok=True)
        began = time.monotonic()
        model = contender.fit(tables, contender.params(number), self.seed)
        seconds = time.monotonic() - began
        result: dict[str, Any] = {
            "validation": accuracy(model, tables.validation),
            "seconds": seconds,
            "trained": contender.trained(model),
            "commit": common.commit(),
        }
        model.write().overwrite().save(model_place.absolute().as_uri())
        result["whole_seconds"] = time.monotonic() - began
        kept.save(place / f"trial-{number}.json", of, result)
        self.say(
            f"seed {self.seed}, {contender.name}, {contender.settings[number]}: "
            f"validation {result['validation']:.4f}, {seconds:.0f} s"
        )
        return result


def best_of(validation: Sequence[float]) -> int:
    """Which setting has the best score on validation rows; the first of equals."""
    return max(range(len(validation)), key=lambda at: validation[at])


def _load(place: Path) -> PipelineModel:
    from pyspark.ml import PipelineModel

    return PipelineModel.load(place.absolute().as_uri())
