"""What a job's YAML says about its table: where it is, what its columns mean, how it is split."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, model_validator

from pipeline.config import Section
from pipeline.data.source_options import unknown_options


class SourceSettings(Section):
    """Where the rows come from.

    Attributes
    ----------
    kind : str
        `flights` is the built-in table; `table` is one of Spark's catalog; the others are files.
    uri : str, optional
        File or directory, for the kinds that are files. A plain path means the local disk.
    table : str, optional
        Name in Spark's catalog, for `kind: table`.
    options : dict
        Given to Spark's reader as they are; they win over this package's defaults. Names that it
        does not know are refused.
    """

    kind: Literal["flights", "parquet", "csv", "json", "orc", "table"]
    uri: str | None = None
    table: str | None = None
    options: dict[str, str | bool | int | float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _place_fits_kind(self) -> SourceSettings:
        if self.kind == "flights":
            if self.uri is not None or self.table is not None or self.options:
                raise ValueError("flights is built in: leave out uri, table and options")
        elif self.kind == "table":
            if not self.table or self.uri is not None:
                raise ValueError("kind table needs `table`, a name in the catalog, and no `uri`")
        elif not self.uri or self.table is not None:
            raise ValueError(f"kind {self.kind} needs `uri`, a file or directory, and no `table`")
        problems = unknown_options(self.kind, self.options)
        if problems:
            raise ValueError("; ".join(problems))
        return self


class ColumnsSettings(Section):
    """What the columns mean; a column that is not needed may be left out of all of them.

    Attributes
    ----------
    label : str
        The class to be predicted.
    features : list of str, optional
        What the models see; by default, every column that has no other role.
    vector : str, optional
        One column that holds all features as a vector or an array, instead of `features`.
    text : str or list of str, optional
        The column that holds the text, or two, in the order of the pair, for the section `text`.
        It is no feature. A table with a text may have no features at all.
    weight : str, optional
        Weight of a row, a number of at least 0.
    key : list of str
        Columns that name a row; together they are unique. Without them the row's content names
        it. A key column may be listed in `features` as well.
    drop : list of str
        Columns that are not used at all.
    time : str, optional
        When the row happened. May be listed in `features` as well when it is a number.
    """

    label: str
    features: list[str] | None = None
    vector: str | None = None
    text: str | list[str] | None = None
    weight: str | None = None
    key: list[str] = Field(default_factory=list)
    drop: list[str] = Field(default_factory=list)
    time: str | None = None

    @model_validator(mode="after")
    def _roles_do_not_clash(self) -> ColumnsSettings:
        if self.features is not None and self.vector is not None:
            raise ValueError("give `features` or `vector`, not both")
        if self.text is not None and len(self.texts) not in (1, 2):
            raise ValueError(
                "text names one column, or two for pairs: [first, second]; not "
                f"{len(self.texts) or 'none'}"
            )
        if self.features == [] and not self.texts:
            raise ValueError("features is empty: name at least one, or leave it out for all")
        for role in ("features", "key", "drop"):
            _refuse_repeats(role, getattr(self, role) or [])
        _refuse_repeats("label, weight, vector and text", self._single())
        inputs = [*(self.features or []), *self.key]
        for name in self._single():
            if name in inputs or name == self.time:
                raise ValueError(
                    f"column {name} has two roles: label, weight, vector and text stand alone"
                )
        used = {*self._single(), *inputs, self.time}
        for name in self.drop:
            if name in used:
                raise ValueError(f"column {name} is in `drop` and has another role too")
        return self

    @property
    def texts(self) -> tuple[str, ...]:
        """Names of the columns of text: none, one, or the two of a pair."""
        return (self.text,) if isinstance(self.text, str) else tuple(self.text or ())

    def _single(self) -> list[str]:
        """Names of the columns whose role excludes every other."""
        named = (self.label, self.weight, self.vector, *self.texts)
        return [name for name in named if name is not None]


class SplitSettings(Section):
    """Shares of the rows for training, for choosing (validation) and for the last word (test).

    Attributes
    ----------
    train, validation, test : float
        Shares, each above 0, together 1.
    by_time : str, optional
        A column to split by: earliest rows train, latest test. Without it a row's identity
        decides.
    """

    train: float = Field(default=0.7, gt=0, lt=1)
    validation: float = Field(default=0.15, gt=0, lt=1)
    test: float = Field(default=0.15, gt=0, lt=1)
    by_time: str | None = None

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> SplitSettings:
        total = math.fsum((self.train, self.validation, self.test))
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train, validation and test must sum to 1, not {total:.12g}")
        return self


def _refuse_repeats(role: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"{role}: named more than once: {', '.join(repeated)}")
