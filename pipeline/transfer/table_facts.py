"""What advice rests on, looked up in a table: its rows and classes, and some of its texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import functions as F  # noqa: N812

from pipeline.data.content import MOST_CLASSES
from pipeline.data.encoding import LabelSchema
from pipeline.data.names import column
from pipeline.errors import DataError
from pipeline.transfer.advice import TableFacts
from pipeline.transfer.as_is import own_outputs
from pipeline.transfer.checkpoint_place import CheckpointPlace
from pipeline.transfer.tokenising import Texts, Tokeniser

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipeline.spark.resources import GangPlan

_SAMPLE = 1_000


def table_facts(
    dataset: DataFrame,
    columns: Sequence[str],
    label: str,
    tokeniser: Tokeniser,
    plan: GangPlan,
    *,
    is_number: bool,
    place: CheckpointPlace,
) -> TableFacts:
    """Count rows and classes, and look at the first thousand texts.

    Parameters
    ----------
    dataset : DataFrame
        The table.
    columns : sequence of str
        The columns of texts, one or two.
    label : str
        The label column; rows without one do not count.
    tokeniser : Tokeniser
        The checkpoint's.
    plan : GangPlan
        The gang that would train.
    is_number : bool
        Whether a number is predicted.
    place : CheckpointPlace
        The checkpoint: its own head may have the label's classes.

    Raises
    ------
    DataError
        When no row is labelled, or the label has more values than there may be classes.
    """
    labelled = dataset.where(column(label).isNotNull())
    found = {} if is_number else _classes(labelled, label)
    rows = labelled.count() if is_number else sum(found.values())
    if not rows:
        raise DataError(f"no row has a label in column {label}; there is nothing to advise on")
    some = labelled.select(*map(column, columns)).limit(_SAMPLE).collect()
    texts = [[row[place] for row in some] for place in range(len(columns))]
    tokens, unknown, pieces = _of_texts(texts, tokeniser)
    return TableFacts(
        rows=rows,
        smallest_class=min(found.values(), default=rows),
        classes=len(found),
        tokens=tokens,
        unknown=unknown,
        pieces=pieces,
        workers=plan.workers,
        cores=plan.cores,
        gpus=plan.gpus,
        has_own_head=bool(found) and bool(own_outputs(place, LabelSchema(label, tuple(found)))),
    )


def _classes(labelled: DataFrame, label: str) -> dict[Any, int]:
    """Rows of each class, numbers as float."""
    groups = labelled.groupBy(column(label).alias("label")).agg(F.count("*").alias("rows"))
    found = groups.limit(MOST_CLASSES + 1).collect()
    if len(found) > MOST_CLASSES:
        raise DataError(
            f"label {label} has more than {MOST_CLASSES} different values: it is a number to "
            "predict rather than a class, and classifiers need classes"
        )
    return {
        value if isinstance(value, str) else float(value): int(rows)
        for value, rows in sorted(found)
    }


def _of_texts(texts: Sequence[Texts], tokeniser: Tokeniser) -> tuple[float, float, float]:
    """Tokens of a row, share of unknown ones, word pieces of a word."""
    encoded = tokeniser.encode(*texts)
    rows = encoded.rows
    is_token = ~np.isnan(rows)
    ids = rows[is_token].astype(np.int64) >> 1
    special = [number for name, number in tokeniser.special_ids.items() if name != "unk_token"]
    own = ids[~np.isin(ids, special)]
    unknown = float((own == tokeniser.special_ids["unk_token"]).mean()) if len(own) else 0.0
    words = sum(len((text or "").split()) for column_texts in texts for text in column_texts)
    kept = 1.0 - encoded.counts.cut_tokens / max(encoded.counts.tokens, 1)
    return float(is_token.sum(axis=1).mean()), unknown, len(own) / max(words * kept, 1.0)
