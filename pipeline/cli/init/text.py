"""YAML with comments, as a person would write it: the text that `config init` writes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from pipeline.cli.init.look import Look
from pipeline.cli.init.params import ParamGroup, param_groups
from pipeline.data.guess.columns import Guess
from pipeline.data.guess.label import short

_WIDTH = 100
_MOST_NAME = 30
_OTHERS = 8
_FEW_ROWS = 5


def config_text(look: Look, name: str, output: str) -> str:
    """The whole file.

    Parameters
    ----------
    look : Look
        What is known of the table.
    name, output : str
        The values of these keys; `${date}` and the like stay what they are in a config.
    """
    parts = [
        [*comment(_opening(look)), f"name: {scalar(name)}"],
        [*comment("All jobs write below it."), f"output: {scalar(output)}"],
        _source(look),
        _columns(look),
        _table(look),
        *(_group(group, _remark(group, look)) for group in param_groups(look.rows)),
        [*comment("Another number draws another split and other samples."), "seed: 0"],
        [
            *comment("Parts of the table when it is shuffled; more for a larger table or cluster."),
            "spark:",
            "  spark.sql.shuffle.partitions: 8",
        ],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def scalar(value: Any) -> str:
    """A value as YAML on one line, quoted where it must be."""
    is_odd = isinstance(value, str) and not value.isprintable()
    text = yaml.safe_dump(
        value,
        default_flow_style=True,
        default_style='"' if is_odd else None,
        allow_unicode=True,
        width=float("inf"),
    )
    return str(text).removesuffix("...\n").rstrip("\n")


def literal(value: Any) -> str:
    """As `scalar`, for a value in which `${` means nothing but itself."""
    return scalar(value.replace("${", "$${") if isinstance(value, str) else value)


def comment(text: str, indent: int = 0) -> list[str]:
    """A comment as lines of up to 100 characters, whatever the text holds."""
    margin = " " * indent + "# "
    return textwrap.wrap(
        printable(text),
        width=_WIDTH,
        initial_indent=margin,
        subsequent_indent=margin,
        break_on_hyphens=False,
        break_long_words=False,
    )


def printable(text: str) -> str:
    """The text on one line, without characters that a terminal would obey."""
    shown = (char if char.isprintable() or char.isspace() else "\ufffd" for char in text)
    return " ".join("".join(shown).split())


def rows_in_words(look: Look) -> str:
    """How many rows were looked at, and of what."""
    what = look.source.uri or look.source.table
    rows = f"{look.rows:,} row{'' if look.rows == 1 else 's'}"
    return f"all {rows} of {what}" if look.is_all else f"the first {rows} of {what}"


def _opening(look: Look) -> str:
    partly = "" if look.is_all else " (what is said of rows below is of these)"
    return (
        f"Written by emr-ensembles config init, after a look at {rows_in_words(look)}{partly}. "
        "What was guessed has its reason beside it; change what is wrong."
    )


def _source(look: Look) -> list[str]:
    source = look.source
    lines = ["source:", f"  kind: {source.kind}"]
    if source.uri is not None and "://" not in source.uri and not source.uri.startswith("/"):
        lines += comment("From the directory where the jobs are started.", 2)
    place = "uri" if source.uri is not None else "table"
    lines.append(f"  {place}: {literal(source.uri or source.table)}")
    notes = [line for note in look.notes for line in comment(note, 2)]
    return [*lines, *notes, *_mapping("options", source.options)]


def _columns(look: Look) -> list[str]:
    label = look.label
    reason = look.guesses[label.name].reason
    others = label.others[:_OTHERS]
    could = f" Others that could be it: {', '.join(others)}." if others else ""
    lines = ["columns:"]
    lines += comment(reason if label.is_given else f"Check this guess: {reason}.{could}", 2)
    lines += comment(
        "Another column may stand here, unless it is named below; this one is then a feature.", 2
    )
    lines.append(f"  label: {literal(label.name)}")
    for role in ("vector", "weight", "time"):
        for name, guess in _of(look, role):
            lines += [*comment(guess.reason, 2), f"  {role}: {literal(name)}"]
    for role in ("key", "drop"):
        lines += _listed(role, _of(look, role))
    return lines


def _listed(role: str, found: Sequence[tuple[str, Guess]]) -> list[str]:
    if not found:
        return []
    lines = [f"  {role}:"]
    for name, guess in found:
        lines += [*comment(guess.reason, 4), f"    - {literal(name)}"]
    return lines


def _of(look: Look, role: str) -> list[tuple[str, Guess]]:
    return [(name, guess) for name, guess in look.guesses.items() if guess.role == role]


def _table(look: Look) -> list[str]:
    """Every column in a line of a comment."""
    rows = [
        (printable(scalar(fact.name)), fact.type[:_MOST_NAME], guess.role, guess.reason)
        for fact, guess in ((fact, look.guesses[fact.name]) for fact in look.facts)
    ]
    head = ("column", "type", "role", "why")
    widths = [min(max(len(row[at]) for row in (head, *rows)), _MOST_NAME) for at in range(3)]
    lines = comment(
        "All columns. Those without another role are features; to leave one out, name it in drop."
    )
    for row in (head, *rows):
        cells = [row[at].ljust(widths[at]) for at in range(3)]
        lines.append(f"#   {'  '.join(cells)}  {printable(row[3])}".rstrip())
    return lines


def _remark(group: ParamGroup, look: Look) -> str:
    """What a section's comment says of the table besides its size."""
    if group.section != "split":
        return group.reason
    sentences = [group.reason]
    value, rows = look.rarest
    if rows < _FEW_ROWS:
        sentences.append(
            f"Class {short(value)} has {rows:,} row{'' if rows == 1 else 's'} only; should all of "
            "them be test rows, training would not know it: leave them out, join the class to "
            "another, or try another seed."
        )
    times = _of(look, "time")
    if times:
        sentences.append(
            f"Rows are drawn; with `by_time: {literal(times[0][0])}` the latest are the test."
        )
    return " ".join(filter(None, sentences))


def _group(group: ParamGroup, remark: str) -> list[str]:
    return [*comment(remark), *_section(group)]


def _section(group: ParamGroup) -> Iterator[str]:
    yield f"{group.section}:"
    for key, value in group.params.items():
        yield f"  {key}: {scalar(value)}"


def _mapping(name: str, values: Mapping[str, Any]) -> list[str]:
    if not values:
        return []
    return [f"  {name}:", *(f"    {scalar(key)}: {literal(values[key])}" for key in values)]
