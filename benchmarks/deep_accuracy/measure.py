"""Both sides over some seeds, in turn; a table, and whether means differ by more than chance."""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import common
from benchmarks.bagging.results import Goal
from benchmarks.deep_accuracy.tables import LABEL, TABLES, Table
from pipeline.deep import DeepClassifier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PATH = common.RESULTS / "deep_accuracy.csv"
FIELDS = (
    *common.ORIGIN,
    *(
        "table",
        "normalisation",
        "seeds",
        "ours",
        "ours_sd",
        "plain",
        "plain_sd",
        "difference",
        "standard_error",
    ),
)
# Batch norm is over a worker's own rows, half a batch: not the same network. Layer norm is.
NORMALISATIONS = ("batch", "layer")
_MOST_ERRORS = 2.0
_PARTITIONS = 4


@dataclass(frozen=True)
class Comparison:
    """Test accuracies of one table.

    Parameters
    ----------
    table, normalisation : str
        Its name; of the hidden layers.
    ours, plain : list of float
        Of each seed.
    """

    table: str
    normalisation: str
    ours: list[float]
    plain: list[float]

    @property
    def difference(self) -> float:
        """Of the means."""
        return statistics.mean(self.ours) - statistics.mean(self.plain)

    @property
    def standard_error(self) -> float:
        """Of the difference."""
        variances = (statistics.variance(each) / len(each) for each in (self.ours, self.plain))
        return float(sum(variances) ** 0.5)

    @property
    def goal(self) -> Goal:
        """Ours is as good, as far as these seeds can tell."""
        limit = _MOST_ERRORS * self.standard_error
        return Goal(
            f"{self.table}, {self.normalisation} norm: |ours - plain| ≤ 2 standard errors: "
            f"{self.difference:+.4f}, 2 x {self.standard_error:.4f}",
            abs(self.difference) <= limit,
        )

    def row(self) -> dict[str, Any]:
        """A row of the results."""
        sides = {"ours": self.ours, "plain": self.plain}
        return {
            **common.origin(),
            "table": self.table,
            "normalisation": self.normalisation,
            "seeds": len(self.ours),
            **{name: round(statistics.mean(each), 4) for name, each in sides.items()},
            **{f"{name}_sd": round(statistics.stdev(each), 4) for name, each in sides.items()},
            "difference": round(self.difference, 4),
            "standard_error": round(self.standard_error, 4),
        }


def run(seeds: int, *, is_strict: bool) -> int:
    """Measure; 1 when goals are to be checked and one is missed."""
    if seeds < 2:
        sys.stderr.write("deep-accuracy: --seeds must be at least 2\n")
        return 1
    with common.cluster(2, 1, settings={"spark.executor.memory": "1500m"}) as cluster:
        found = [
            each
            for make in TABLES.values()
            for each in _compare(cluster.spark, make(cluster.spark), seeds)
        ]
    rows = [each.row() for each in found]
    common.append(PATH, FIELDS, rows)
    sys.stdout.write(f"\n{markdown(rows)}\n\n")
    sys.stdout.writelines(f"{each.goal}\n" for each in found)
    return int(is_strict and not all(each.goal.is_met for each in found))


def markdown(rows: list[dict[str, Any]]) -> str:
    """A table of the results."""
    lines = [
        ["table", "normalisation", "ours, 2 workers", "plain MXNet", "difference", "standard error"]
    ]
    lines.append(["---"] * len(lines[0]))
    for row in rows:
        sides = [f"{row[name]:.4f} ± {row[f'{name}_sd']:.4f}" for name in ("ours", "plain")]
        lines.append(
            [
                row["table"],
                row["normalisation"],
                *sides,
                f"{row['difference']:+.4f}",
                f"{row['standard_error']:.4f}",
            ]
        )
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _compare(spark: SparkSession, table: Table, seeds: int) -> list[Comparison]:
    from benchmarks.deep_accuracy import plain

    train, test = (
        spark.createDataFrame(part).repartition(_PARTITIONS).cache() for part in table.parts
    )
    found = [Comparison(table.name, kind, [], []) for kind in NORMALISATIONS]
    for seed in range(seeds):
        for each in found:
            each.plain.append(plain.accuracy(table, each.normalisation, seed))
            each.ours.append(_accuracy(table, each.normalisation, train, test, seed))
            sys.stderr.write(
                f"{table.name}, {each.normalisation} norm, seed {seed}: ours {each.ours[-1]:.4f}, "
                f"plain {each.plain[-1]:.4f}\n"
            )
    train.unpersist()
    test.unpersist()
    return found


def _accuracy(
    table: Table, normalisation: str, train: DataFrame, test: DataFrame, seed: int
) -> float:
    from benchmarks.deep_accuracy.plain import DROPOUT, LEARNING_RATE

    model = DeepClassifier(
        featuresCols=table.features,
        labelCol=LABEL,
        hidden=list(table.hidden),
        normalisation=normalisation,
        dropout=DROPOUT,
        learning_rate=LEARNING_RATE,
        epochs=table.epochs,
        batch_size=table.batch,
        checkpoint_epochs=0,
        numWorkers=2,
        seed=seed,
    ).fit(train)
    scored = model.transform(test)
    right = scored.where(scored["prediction"] == scored[LABEL]).count()
    return right / int((table.is_test).sum())
