"""What the newest report says of the trained models, and that it says so of the present ones."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import files
from pipeline.cli.models.comparison import lower_is_better
from pipeline.cli.models.job import PromotedJob
from pipeline.cli.output_places import data_uri, model_uri, report_uri
from pipeline.errors import ModelError, UserError
from pipeline.store import model_directory
from pipeline.store.champions import Champion
from pipeline.store.versions import newest

_AGAIN = "run jobs/report.py again"


@dataclass(frozen=True)
class Challenger:
    """A trained model that the report has evaluated.

    Parameters
    ----------
    trainer : str
        Who trained it.
    uri : str
        Its URI, with the version.
    digest : str
        A name for its content.
    value : float
        The metric on the test rows.
    """

    trainer: str
    uri: str
    digest: str
    value: float


@dataclass(frozen=True)
class Report:
    """A report.

    Parameters
    ----------
    uri : str
        Of its `report.json`.
    content : mapping
        What stands in it.
    """

    uri: str
    content: Mapping[str, Any]

    @property
    def data_fingerprint(self) -> str:
        """Of the prepared table, whose test rows the models were evaluated on."""
        return str(self.content["context"]["data_fingerprint"])

    @property
    def run(self) -> str | None:
        """The run that made it."""
        found: str | None = self.content["context"].get("run")
        return found

    @property
    def champion(self) -> Mapping[str, Any] | None:
        """What it says of the champion; None when there was none."""
        found: Mapping[str, Any] | None = self.content.get("champion")
        return found

    @property
    def trained(self) -> list[str]:
        """The trainers whose models it compares."""
        own = (self.champion or {}).get("row")
        return [name for name in self.content["models"] if name != own]

    def value(self, row: str, metric: str) -> float | None:
        """A metric of a model on the test rows; None when it does not exist."""
        found = self.content["models"][row].get("test", {}).get(metric)
        is_number = isinstance(found, int | float) and not isinstance(found, bool)
        return float(found) if is_number and math.isfinite(found) else None

    def champion_value(self, champion: Champion, metric: str) -> float:
        """The metric of the present champion on the same rows.

        Raises
        ------
        UserError
            When this report does not have it.
        """
        who = champion.title
        said = self.champion
        if said is None:
            raise UserError(f"{self.uri}: was made before there was {who}; {_AGAIN}")
        if said.get("digest") != champion.digest:
            other = f"number {said.get('number')} ({said.get('trainer')})"
            raise UserError(f"{self.uri}: compares with {other}, not with {who}; {_AGAIN}")
        if said.get("row") is None:
            raise UserError(
                f"{self.uri}: {who} could not be evaluated on these rows: {said.get('skipped')}. "
                "--force promotes without a comparison"
            )
        found = self.value(str(said["row"]), metric)
        if found is None:
            raise UserError(
                f"{self.uri}: {who} has no {metric} on these test rows; set promotion.metric to "
                "another, or --force promotes without a comparison"
            )
        return found


def read_report(job: PromotedJob) -> Report:
    """The newest report of the job's output.

    Raises
    ------
    UserError
        When there is none, or it cannot be used: damaged, or of another version of this package.
    """
    place = report_uri(job.output)
    try:
        found = newest(place)
    except ModelError as error:
        raise UserError(f"{error}; {_AGAIN}") from None
    if found is None:
        raise UserError(f"{place}: no report; run jobs/report.py first")
    uri = files.join(found.content, "report.json")
    try:
        content = json.loads(files.read_bytes(uri))
    except FileNotFoundError:
        raise UserError(f"{uri}: missing; {_AGAIN}") from None
    except ValueError as error:
        raise UserError(f"{uri}: damaged ({error}); {_AGAIN}") from None
    if not _is_whole(content):
        raise UserError(f"{uri}: does not say which models it compares, and on what; {_AGAIN}")
    return Report(uri, content)


def choose(job: PromotedJob, report: Report, model: str | None) -> Challenger:
    """The model named, or the best one by the config's metric.

    Raises
    ------
    UserError
        When the report does not have it, has no such metric of it, or is of other models or rows
        than those that are there now.
    """
    metric = job.promotion.metric
    names = report.trained if model is None else [model]
    if model is not None and model not in report.trained:
        known = ", ".join(report.trained)
        raise UserError(f"{report.uri}: no model {model}; those of the report are: {known}")
    values = {name: report.value(name, metric) for name in names}
    known_values = {name: value for name, value in values.items() if value is not None}
    if not known_values:
        raise UserError(
            f"{report.uri}: {', '.join(names)} without a {metric} on the test rows; set "
            "promotion.metric to another"
        )
    pick = min if lower_is_better(metric) else max
    best = pick(known_values, key=lambda name: known_values[name])
    _require_same_rows(job, report)
    return _present(job, report, best, known_values[best])


def _present(job: PromotedJob, report: Report, name: str, value: float) -> Challenger:
    """The model of that name as it is now, which must be the one that the report is of."""
    uri = model_uri(job.output, name)
    try:
        manifest = model_directory.read_metadata(uri)
    except ModelError as error:
        raise UserError(f"{error}; the report is of a model that can no longer be read") from None
    digest = model_directory.digest(manifest)
    if digest != report.content["models"][name]["digest"]:
        raise UserError(f"{uri}: was trained again since the report; {_AGAIN}")
    if manifest.get("table", {}).get("fingerprint") != report.data_fingerprint:
        raise UserError(f"{uri}: was trained on another table than the report's; {_AGAIN}")
    return Challenger(name, f"{uri}@{manifest['version']}", digest, value)


def _require_same_rows(job: PromotedJob, report: Report) -> None:
    place = data_uri(job.output)
    try:
        table = newest(place)
    except ModelError as error:
        raise UserError(f"{error}; run jobs/prepare.py again") from None
    if table is not None and table.manifest.get("fingerprint") != report.data_fingerprint:
        raise UserError(f"{place}: the table was prepared again since the report; {_AGAIN}")


def _is_whole(content: Any) -> bool:
    if not isinstance(content, dict):
        return False
    models, context = content.get("models"), content.get("context")
    champion = content.get("champion")
    if not isinstance(models, dict) or not isinstance(context, dict):
        return False
    if not isinstance(champion, dict | None) or not context.get("data_fingerprint"):
        return False
    row = (champion or {}).get("row")
    return (row is None or row in models) and all(
        isinstance(entry, dict) and (entry.get("digest") or name == row)
        for name, entry in models.items()
    )
