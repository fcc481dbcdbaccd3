"""What estimators of texts share: tokenise, train a network of pipeline.deep, make one model.

Nothing is trained here: a fit is that of a `DeepClassifier` or `DeepRegressor` on the rows of
tokens, whose network is the checkpoint's encoder.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from pyspark.ml.base import Estimator
from pyspark.ml.param import Param
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable

from pipeline.data.encoding import FeatureSchema, LabelSchema
from pipeline.data.names import column, require
from pipeline.deep.choices import to_schedule
from pipeline.deep.estimator import DeepEstimator
from pipeline.deep.handing_over import HandedOver, hand_over
from pipeline.deep.params.fit import FitParams
from pipeline.deep.params.steps import PenaltyParams, RateParams, StepParams
from pipeline.deep.predictor import FACTS
from pipeline.errors import ModelError, UserError
from pipeline.estimators.params import GangParams, TableParams
from pipeline.estimators.profile import describe
from pipeline.estimators.resumable import HoldoutParams
from pipeline.spark.causes import executors_speak
from pipeline.spark.memory import require_memory_of_task, warn_of_drivers_memory
from pipeline.spark.resources import plan_gang
from pipeline.spark.scratch import Scratch, require_visible
from pipeline.spark.told import heard, telling
from pipeline.store.installed import installed
from pipeline.transfer.advice import Advice, advise
from pipeline.transfer.as_is import AsIs, label_without_rows, nearest, own_outputs
from pipeline.transfer.checkpoint_place import CheckpointPlace, find_checkpoint
from pipeline.transfer.memory import as_is_mb, driver_mb
from pipeline.transfer.model import TextModel
from pipeline.transfer.predictor import FOLDER, TEXT
from pipeline.transfer.strategies import ADVISE, AS_IS, FINE_TUNE, FROZEN, PLANS
from pipeline.transfer.table_facts import table_facts
from pipeline.transfer.text_options import NETWORK, TextOptions
from pipeline.transfer.text_params import StrategyParams, TextColumnParams, TokenParams
from pipeline.transfer.text_tokeniser import TextTokeniser

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=TextModel)

TOKENS = "__tokens"
"""The column of tokens, while a fit lasts."""
_OF_TRAINING = tuple(
    name
    for own in (PenaltyParams, StepParams, RateParams, FitParams, HoldoutParams)
    for name in dir(own)
    # Where checkpoints would lie is no wish that could be disappointed.
    if isinstance(getattr(own, name), Param) and name != "checkpoint_dir"
)
# What the network's own estimator is told in another way.
_OTHERWISE = ("featuresCol", "featuresCols", "learning_rate", "epochs", "warmup_epochs")


class TextEstimator(
    Estimator[M],
    TextColumnParams,
    TokenParams,
    StrategyParams,
    PenaltyParams,
    StepParams,
    RateParams,
    FitParams,
    HoldoutParams,
    GangParams,
    TableParams,
    DefaultParamsReadable[Any],
    DefaultParamsWritable,
    Generic[M],
):
    """Base class of the estimators of texts.

    Parameters
    ----------
    **params
        Any param by name; `explainParams()` lists them with their defaults.
    """

    trainer: ClassVar[type[DeepEstimator[Any]]]
    """What trains the network; its model's class is that of the texts' models."""

    def __init__(self, **params: Any) -> None:
        super().__init__()
        self._setDefault(
            optimiser="adamw",
            weight_decay=0.01,
            clip_norm=1.0,
            batch_size=32,
            learning_rate_schedule=to_schedule("cosine"),
        )
        self.setParams(**params)

    def require_valid(self) -> None:
        """Raise a `UserError` that lists params that are missing or not allowed."""
        problems = []
        for check in (super().require_valid, self._require_named):
            try:
                check()
            except UserError as error:
                problems.append(str(error).removeprefix(f"{type(self).__name__}: "))
        if problems:
            raise UserError(f"{type(self).__name__}: " + "; ".join(problems))

    def advise(self, dataset: DataFrame) -> Advice:
        """The strategy that suits a table and this cluster, with its reasons.

        Parameters
        ----------
        dataset : DataFrame
            The table: its rows and classes are counted, and a thousand of its texts are looked at.

        Returns
        -------
        Advice
            `strategy`, `reasons` (sentences), `hours` and `facts`.

        Raises
        ------
        UserError, DataError, ModelError
            When columns are missing, or the checkpoint cannot be used.
        """
        self.require_valid()
        tokeniser, place = self._tokeniser(), self._place()
        require(dataset, [*self._text_columns, self.value("labelCol")], "columns")
        facts = table_facts(
            dataset,
            self._text_columns,
            self.value("labelCol"),
            tokeniser.tokeniser,
            plan_gang(dataset.sparkSession, self.value("numWorkers"), self.gpus_per_worker),
            is_number=self.trainer.predicts_numbers,
            place=place,
        )
        return advise(facts, place.config)

    def _fit(self, dataset: DataFrame) -> M:
        began = time.monotonic()
        self.require_valid()
        place, tokeniser = self._place(), self._tokeniser()
        name = self.trainer.model_class.kind
        warn_of_drivers_memory(dataset.sparkSession, driver_mb(place.config), name)
        strategy = str(self.value("strategy"))
        reasons: tuple[str, ...] = ()
        if strategy == ADVISE:
            advice = self.advise(dataset)
            strategy, reasons = advice.strategy, advice.reasons
            # Not info: whoever has set up no logging is to see it, too.
            logger.warning("%s: %s", type(self).__name__, advice)
        self._tell_unused(strategy)
        with self._tokenised(dataset, tokeniser, place) as tokens:
            if strategy == AS_IS:
                metadata, natives = self._as_it_is(tokens, tokeniser, place)
            else:
                trainer = self._trainer(strategy, place, tokeniser)
                found = trainer.fit(tokens)
                metadata, natives = found.metadata, found.natives
        known = {
            "strategy": strategy,
            "reasons": list(reasons),
            "params": self.used(strategy),
            "checkpoint": {"uri": place.uri, "digest": place.digest},
            "shape": [self.value(name) for name in ("max_length", "windows", "stride")],
            "pooling": self.value("pooling"),
            "trained_parameters": metadata.get(FACTS, {}).get("trained_parameters", 0),
            "counts": _counts(tokeniser),
        }
        seconds = {"fit_seconds": round(time.monotonic() - began, 3)}
        metadata = {
            **metadata,
            "class": f"{type(self).__module__}.{type(self).__name__}",
            "params": {param.name: self.value(param.name) for param in self.params},
            "metrics": {**metadata["metrics"], **seconds},
            "versions": {**metadata["versions"], "tokenizers": version("tokenizers")},
            TEXT: known,
        }
        files = {f"{FOLDER}{name}": data for name, data in tokeniser.files_to_save().items()}
        return self._model(metadata, {**natives, **files})

    def _tell_unused(self, strategy: str) -> None:
        """Params that are set in vain: a surprise, and no reason to fail."""
        names = self.unused(strategy)
        if strategy == AS_IS:
            names += [name for name in _OF_TRAINING if self.isSet(name) and name not in names]
        if names:
            logger.warning(
                "%s: strategy %s does not use %s",
                *(type(self).__name__, strategy, ", ".join(names)),
            )

    def _require_named(self) -> None:
        """Refuse what is not named, or named in another way than texts are."""
        problems = [
            f"{name} must be set" for name in ("textCol", "checkpoint") if not self.value(name)
        ]
        if self.isSet("featuresCol") or self.isSet("featuresCols"):
            problems.append(
                "featuresCol and featuresCols are for tables: textCol names the text; TextEmbedder "
                "makes features of it that stand beside those of a table"
            )
        if problems:
            raise UserError("; ".join(problems))

    @property
    def _text_columns(self) -> list[str]:
        named = (self.value("textCol"), self.value("pairCol"))
        return [name for name in named if name]

    def _place(self) -> CheckpointPlace:
        """The checkpoint, looked at once; refuses a pooling that it cannot have."""
        found = find_checkpoint(self.value("checkpoint"))
        found.require_pooling(self.value("pooling"), type(self).__name__)
        is_own = self.value("strategy") == AS_IS and not self.value("descriptions")
        if is_own and found.head_problem:
            raise ModelError(f"{found.head_problem}; or set descriptions, to do without its head")
        return found

    def _tokeniser(self) -> TextTokeniser:
        found = TextTokeniser.of(self, TOKENS)
        found.tokeniser  # noqa: B018 - refuses what cannot be tokenised, before any Spark job
        return found

    @contextmanager
    def _tokenised(
        self, dataset: DataFrame, tokeniser: TextTokeniser, place: CheckpointPlace
    ) -> Iterator[DataFrame]:
        """The rows' tokens, made once however often a fit passes over them."""
        kept = dict.fromkeys(self._other_columns(dataset, place))
        tokens = tokeniser.transform(dataset).select(*map(column, [*kept, TOKENS]))
        tokens.persist()
        try:
            yield tokens
            if tokeniser.counts.texts:
                tokeniser.log_counts()
        finally:
            tokens.unpersist()

    def _other_columns(self, dataset: DataFrame, place: CheckpointPlace) -> list[str]:
        """What a fit reads besides texts; refuses columns that are not there."""
        params = ["weightCol", "validationIndicatorCol", "rowIdCol"]
        if self._known_label(dataset, place) is None:
            params.append("labelCol")
        named = [(param, self.value(param)) for param in params if self.value(param)]
        named += [("keyCols", name) for name in self.value("keyCols") or ()]
        for param, name in named:
            require(dataset, [name], param)
        return [name for _, name in named]

    def _trainer(
        self, strategy: str, place: CheckpointPlace, tokeniser: TextTokeniser
    ) -> DeepEstimator[Any]:
        """The estimator of the network, with the params of a strategy."""
        trainer = self.trainer()
        shared = {param.name for param in trainer.params}.difference(_OTHERWISE)
        if self.isSet("batch_size_per_worker"):
            shared.discard("batch_size")
        given = {name: self.value(name) for name in shared if self.hasParam(name)}
        is_new = PLANS[strategy].trains == "new"
        values = self._head_values() if is_new else self._all_values(strategy)
        options = self._options(strategy, place)
        made = trainer.setParams(
            **{**given, **values},
            featuresCol=TOKENS,
            network=NETWORK,
            network_options=options.to_json(),
            stage_epochs=self.value("head_epochs"),
        )
        made.require_valid()
        return made

    def _all_values(self, strategy: str) -> dict[str, Any]:
        """Params of the training of all weights."""
        names = ("learning_rate", "epochs", "warmup_epochs")
        return {name: self.of_strategy(strategy, name) for name in names}

    def _head_values(self) -> dict[str, Any]:
        """Params of the training of new layers alone."""
        rate, epochs = self.value("head_learning_rate"), self.value("head_epochs")
        return {"learning_rate": rate, "epochs": epochs, "warmup_epochs": 0.0}

    def _options(self, strategy: str, place: CheckpointPlace) -> TextOptions:
        plan = PLANS[strategy]
        rate = self.of_strategy(strategy, "learning_rate")
        head = self._head_values()
        return TextOptions(
            checkpoint=place.uri,
            digest=place.digest,
            names=list(place.names),
            config=place.config,
            max_length=self.value("max_length"),
            windows=self.value("windows"),
            pooling=self.value("pooling"),
            start=plan.start,
            trains=plan.trains,
            layer_decay=self.of_strategy(strategy, "layer_decay"),
            new_rate=head["learning_rate"] / rate if strategy == FINE_TUNE else 1.0,
            first=(
                {name: head[name] for name in ("learning_rate", "warmup_epochs")}
                if plan.trains == "new_then_all"
                else None
            ),
        )

    def _as_it_is(
        self, tokens: DataFrame, tokeniser: TextTokeniser, place: CheckpointPlace
    ) -> tuple[dict[str, Any], dict[str, bytes]]:
        """A model without training."""
        trainer = self._trainer(FROZEN, place, tokeniser)
        given = self.value("descriptions") or {}
        label = self._known_label(tokens, place)
        if label is None:
            label = describe(tokens, trainer._columns(tokens)).label
        base = AsIs(place, self.value("max_length"), self.value("windows"), self.value("pooling"))
        outputs = () if given else own_outputs(place, label)
        wanted = (
            replace(base, outputs=outputs)
            if outputs
            else nearest(base, label, given, tokeniser.tokeniser)
        )
        return self._untrained(label), _written(tokens.sparkSession, wanted, trainer)

    def _known_label(self, dataset: DataFrame, place: CheckpointPlace) -> LabelSchema | None:
        """The classes of texts that nobody has labelled, where the strategy needs no labels."""
        name = self.value("labelCol")
        if self.value("strategy") != AS_IS or name in dataset.columns:
            return None
        given = self.value("descriptions") or {}
        return label_without_rows(name, place, given, is_number=self.trainer.predicts_numbers)

    def _untrained(self, label: LabelSchema) -> dict[str, Any]:
        """The manifest of a model that was not trained."""
        padded = {"steps": self.value("max_length"), "windows": self.value("windows")}
        target = {"target": {"mean": 0.0, "scale": 1.0}} if label.is_number else {}
        width = self.value("max_length") * self.value("windows")
        return {
            "kind": self.trainer.model_class.kind,
            "seed": self.value("seed"),
            "features": FeatureSchema(vector=TOKENS, size=width).to_json(),
            "label": label.to_json(),
            "data_fingerprint": "",
            "rows": {"train": 0, "validation": 0},
            "versions": installed(),
            "metrics": {},
            "history": [],
            FACTS: {"padded": padded, **target},
        }

    def _model(self, metadata: Mapping[str, Any], natives: Mapping[str, bytes]) -> M:
        model: Any = self.trainer.model_class(metadata, natives)
        model._resetUid(self.uid)
        for param in model.params:
            if self.hasParam(param.name) and self.isSet(param.name):
                model._set(**{param.name: self.value(param.name)})
        return cast(M, model)


def _written(spark: SparkSession, wanted: AsIs, trainer: DeepEstimator[Any]) -> dict[str, bytes]:
    """The files of a network that is not trained, which an executor makes."""
    kind = trainer.model_class.kind
    require_memory_of_task(spark, as_is_mb(wanted.place.config), kind)
    with Scratch(trainer._scratch(spark), kind) as scratch:
        tasks = spark.sparkContext.parallelize([wanted], 1)
        with executors_speak():
            found = tasks.mapPartitions(telling(partial(_files_of, scratch.uri))).collect()
        return heard(found)[0].read()


def _files_of(scratch: str, wanted: Iterable[AsIs]) -> Iterator[HandedOver]:
    """On an executor: MXNet is loaded there."""
    from pipeline.transfer.as_is_network import as_is_files

    require_visible(scratch)
    for each in wanted:
        yield hand_over(as_is_files(each), scratch)


def _counts(tokeniser: TextTokeniser) -> dict[str, Any]:
    """For JSON, whose keys are texts."""
    counts = asdict(tokeniser.counts)
    return {**counts, "lengths": {str(length): rows for length, rows in counts["lengths"].items()}}
