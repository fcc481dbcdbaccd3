"""What advice rests on, looked up in a table: its rows and classes, and some of its texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as F  # noqa: N812

from pipeline.data.names import column
from pipeline.errors import DataError
from pipeline.transfer.advice import TableFacts
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
    own_labels: Sequence[str],
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
    own_labels : sequence of str
        What the outputs of the checkpoint's own head are called.

    Raises
    ------
    DataError
        When no row is labelled.
    """
    labelled = dataset.where(column(label).isNotNull())
    if is_number:
        rows, sizes, names = labelled.count(), [], set()
    else:
        groups = labelled.groupBy(column(label).alias("label")).agg(F.count("*").alias("rows"))
        found = groups.collect()
        sizes = [int(row["rows"]) for row in found]
        rows, names = sum(sizes), {str(row["label"]).lower() for row in found}
    if not rows:
        raise DataError(f"no row has a label in column {label}; there is nothing to advise on")
    some = labelled.select(*map(column, columns)).limit(_SAMPLE).collect()
    texts = [[row[place] for row in some] for place in range(len(columns))]
    tokens, unknown, pieces = _of_texts(texts, tokeniser)
    known = {name.lower() for name in own_labels}
    return TableFacts(
        rows=rows,
        smallest_class=min(sizes, default=rows),
        classes=len(sizes),
        tokens=tokens,
        unknown=unknown,
        pieces=pieces,
        workers=plan.workers,
        cores=plan.cores,
        gpus=plan.gpus,
        has_own_head=bool(names) and names <= known,
    )


def _of_texts(texts: Sequence[Texts], tokeniser: Tokeniser) -> tuple[float, float, float]:
    """Tokens of a row, share of unknown ones, word pieces of a word."""
    rows = tokeniser.encode(*texts).rows
    is_token = ~np.isnan(rows)
    ids = rows[is_token].astype(np.int64) >> 1
    special = [number for name, number in tokeniser.special_ids.items() if name != "unk_token"]
    own = ids[~np.isin(ids, special)]
    unknown = float((own == tokeniser.special_ids["unk_token"]).mean()) if len(own) else 0.0
    words = sum(len((text or "").split()) for column_texts in texts for text in column_texts)
    kept = 1.0 - _share_cut(texts, tokeniser)
    return float(is_token.sum(axis=1).mean()), unknown, len(own) / max(words * kept, 1.0)


def _share_cut(texts: Sequence[Texts], tokeniser: Tokeniser) -> float:
    counts = tokeniser.encode(*texts).counts
    return counts.cut_tokens / max(counts.tokens, 1)
