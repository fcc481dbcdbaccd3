"""Trained models and reports of them, made without Spark."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline import files
from pipeline.cli.models.job import PromotedJob
from pipeline.cli.models.outcome import Outcome
from pipeline.cli.models.promotion import promote
from pipeline.cli.output_places import data_uri, model_uri, report_uri
from pipeline.report.champion import ReportedChampion
from pipeline.report.model_card import ModelResult
from pipeline.report.summary import summary, to_json
from pipeline.store import champions, model_directory
from pipeline.store.champions import Champion
from pipeline.store.versions import Draft
from tests.report.samples import plain


@dataclass
class Day:
    """An output of one date below a place, and the registry beside all of them.

    Parameters
    ----------
    place : str
        Where both lie.
    date : str
        Names the output.
    promotion : dict
        Further keys of the section `promotion`.
    """

    place: str
    date: str = "2026-11-01"
    promotion: dict[str, Any] = field(default_factory=dict)

    @property
    def job(self) -> PromotedJob:
        """The config."""
        whole = {
            "name": "churn",
            "output": files.join(self.place, self.date),
            "promotion": {"registry": files.join(self.place, "champions"), **self.promotion},
        }
        return PromotedJob.model_validate(whole)

    def champion(self) -> Champion:
        """The present one."""
        found = champions.find(self.job.champions_uri)
        assert found is not None
        return found

    def prepare(self, data: str) -> None:
        """Publish a prepared table of that fingerprint."""
        with Draft(data_uri(self.job.output), "overwrite") as draft:
            files.write_bytes(files.join(draft.content, "part"), b"x")
            draft.publish({"fingerprint": data})

    def train(self, data: str = "", **contents: str) -> None:
        """Publish models, by trainer, of that content; the same content is the same model."""
        for name, content in contents.items():
            manifest = {"kind": name, "table": {"fingerprint": data or self.date}}
            natives = {"model": content.encode(), "more/part": b"x"}
            uri = model_uri(self.job.output, name)
            model_directory.publish(uri, natives, manifest, if_exists="overwrite")

    def report(
        self,
        *,
        champion: float | None = None,
        skipped: str | None = None,
        metric: str = "auc",
        **values: float,
    ) -> None:
        """Publish a report in which models have these values, and so has the champion."""
        results = [self._result(name, metric, value) for name, value in values.items()]
        context = {"data_fingerprint": self.date, "run": f"run-{self.date}"}
        beside = None
        if champion is not None or skipped is not None:
            row = None
            if champion is not None:
                row = ModelResult("champion (x)", {}, {"test": _evaluation(metric, champion)})
            beside = ReportedChampion(self.champion().facts, row, skipped)
        told = summary(results, title="churn", context=context, champion=beside)
        with Draft(report_uri(self.job.output), "overwrite") as draft:
            files.write_bytes(files.join(draft.content, "report.json"), to_json(told))
            draft.publish({})

    def promote(self, **more: Any) -> Outcome:
        """As the command does."""
        return promote(self.job, **more)

    def _result(self, name: str, metric: str, value: float) -> ModelResult:
        uri = model_uri(self.job.output, name)
        digest = model_directory.digest(model_directory.read_metadata(uri))
        return ModelResult(name, {"digest": digest}, {"test": _evaluation(metric, value)})


def first_champion(place: str, content: str = "first", value: float = 0.8, **more: Any) -> Day:
    """A day whose boosted model has become the first champion."""
    day = Day(place, promotion=more)
    day.train(boosting=content)
    day.report(boosting=value)
    assert day.promote().name == "promoted"
    return day


def next_day(day: Day, date: str, **contents: str) -> Day:
    """Another day with the same registry, its models trained."""
    other = Day(day.place, date, day.promotion)
    other.train(**contents)
    return other


def _evaluation(metric: str, value: float) -> Any:
    return plain(**{"auc": 0.5, metric: value})
