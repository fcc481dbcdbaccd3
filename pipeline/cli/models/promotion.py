"""A trained model becomes champion when it is better than the present one on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.cli.models.comparison import Comparison
from pipeline.cli.models.job import PromotedJob
from pipeline.cli.models.outcome import Outcome
from pipeline.cli.models.reported import Challenger, Report, choose, read_report
from pipeline.store import champions
from pipeline.store.champions import Champion
from pipeline.store.runs import now


def promote(
    job: PromotedJob,
    *,
    model: str | None = None,
    force: bool = False,
    command: Mapping[str, Any] | None = None,
) -> Outcome:
    """Compare the best model of the newest report with the champion; promote it when it has won.

    Without a champion it is promoted without a comparison. A model that is the champion already
    changes nothing; one that was champion and was rolled back is not promoted again.

    Parameters
    ----------
    job : PromotedJob
        Name, output, registry, metric and margin.
    model : str, optional
        The trainer whose model is to be promoted, instead of the best one.
    force : bool
        Promote without a comparison.
    command : mapping, optional
        Who asks, for the record.

    Raises
    ------
    UserError
        When there is no registry, or the report cannot tell: it is of other models, other rows or
        another champion, or lacks the metric.
    ConflictError
        When somebody else changed the champion meanwhile.
    """
    uri = job.champions_uri
    report = read_report(job)
    challenger = choose(job, report, model)
    past = champions.history(uri)
    champion = past[-1] if past else None
    if champion is not None and champion.digest == challenger.digest:
        sentence = f"{champion.title} is this very model of {challenger.trainer} already"
        figures = _figures(job, challenger, None)
        return Outcome("unchanged", f"{sentence}: nothing changed", champion, figures)
    judged = _judge(job, report, challenger, past, force=force)
    figures = _figures(job, challenger, judged.compared)
    if champion is not None and not judged.is_won:
        sentence = f"{champion.title} stays: {judged.reason}"
        return Outcome("stays", sentence, champion, figures)
    record = {
        "kind": "promotion",
        "when": now(),
        **figures,
        "compared": judged.compared is not None,
        "reason": judged.reason,
        "model": challenger.uri,
        "digest": challenger.digest,
        "over": None if champion is None else champion.facts,
        "report": report.uri,
        "data_fingerprint": report.data_fingerprint,
        "run": report.run,
        "command": dict(command or {}),
    }
    new = champions.enthrone(uri, challenger.uri, record, seen=champion.number if champion else 0)
    sentence = f"{challenger.trainer} is champion number {new.number} now: {judged.reason}"
    return Outcome("promoted", sentence, new, figures)


@dataclass(frozen=True)
class _Judgement:
    """Whether the challenger takes the champion's place, and why."""

    is_won: bool
    reason: str
    compared: Comparison | None = None


def _judge(
    job: PromotedJob,
    report: Report,
    challenger: Challenger,
    past: Sequence[Champion],
    *,
    force: bool,
) -> _Judgement:
    if not past:
        return _Judgement(True, "without a comparison, there was no champion")
    if force:
        return _Judgement(True, "without a comparison, asked for by --force")
    if back := _rolled_back(past, challenger):
        return _Judgement(
            False,
            f"the model of {challenger.trainer} was champion number {back}, and was rolled back; "
            "--force promotes it again",
        )
    metric, margin = job.promotion.metric, job.promotion.margin
    value = report.champion_value(past[-1], metric)
    compared = Comparison(metric, challenger.value, value, margin)
    return _Judgement(compared.is_won, _words(compared, challenger, past[-1]), compared)


def _figures(
    job: PromotedJob, challenger: Challenger, compared: Comparison | None
) -> dict[str, Any]:
    """What was compared, for the record and for programs."""
    return {
        "trainer": challenger.trainer,
        "metric": job.promotion.metric,
        "value": challenger.value,
        "champion_value": None if compared is None else compared.champion,
        "gain": None if compared is None else float(compared.gain),
        "margin": job.promotion.margin,
    }


def _rolled_back(past: Sequence[Champion], challenger: Challenger) -> int | None:
    """The number under which the model was champion until a rollback; None when it was not."""
    for entry in reversed(past):
        over = entry.record.get("over") or {}
        if entry.record["kind"] == "rollback" and over.get("digest") == challenger.digest:
            return int(over["number"])
    return None


def _words(compared: Comparison, challenger: Challenger, champion: Champion) -> str:
    gain, margin = float(compared.gain), compared.margin
    how = "the same as" if not gain else f"{abs(gain):.6g} {'better' if gain > 0 else 'worse'} than"
    return (
        f"{compared.metric} {compared.challenger:.6g} of {challenger.trainer} is {how} the "
        f"{compared.champion:.6g} of {champion.title} on the same test "
        f"rows, and the margin is {margin:.6g}"
    )
