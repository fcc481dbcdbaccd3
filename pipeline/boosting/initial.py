"""Going on from an earlier model: what it must have in common with the table, and its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipeline import files
from pipeline.boosting import ubjson
from pipeline.boosting.booster_file import trees_of, without_categories
from pipeline.boosting.matrix_names import accepted_names
from pipeline.boosting.predictor import BOOSTER
from pipeline.data.encoding import Feature, FeatureSchema, LabelSchema
from pipeline.errors import ModelError, StoreError, UserError
from pipeline.store import model_directory

_SUFFIXES = (".ubj", ".json")


@dataclass(frozen=True)
class Initial:
    """An earlier model.

    Parameters
    ----------
    uri : str
        Where it is.
    booster : bytes
        Its file (UBJSON), without categories.
    features, label : FeatureSchema, LabelSchema or None
        What it was trained on, where that is known.
    """

    uri: str
    booster: bytes
    features: FeatureSchema | None = None
    label: LabelSchema | None = None

    @property
    def digest(self) -> str:
        """Tells it from others."""
        return hashlib.sha256(self.booster).hexdigest()[:16]

    def require_features(self, found: FeatureSchema) -> FeatureSchema:
        """The table's schema, with categories coded as the earlier model knows them.

        Raises
        ------
        UserError
            When the columns are not the same.
        """
        if self.features is None:
            self._require_names(found)
            return found
        if found.names != self.features.names:
            raise UserError(
                f"initial_model {self.uri}: it was trained on other columns: "
                f"{', '.join(self.features.names[:20])}, not {', '.join(found.names[:20])}"
            )
        pairs = zip(found.features, self.features.features, strict=True)
        features = tuple(self._merged(now, before) for now, before in pairs)
        return replace(found, features=features)

    def require_label(self, found: LabelSchema) -> None:
        """Raise a `UserError` when the classes are not the same."""
        if self.label is not None and self.label.classes != found.classes:
            raise UserError(
                f"initial_model {self.uri}: it knows the classes {list(self.label.classes)[:20]}, "
                f"the table has {list(found.classes)[:20]}"
            )

    def require_params(self, params: Mapping[str, Any], outputs: int) -> None:
        """Raise a `UserError` when XGBoost could not go on with the model under these params.

        Parameters
        ----------
        params : mapping
            XGBoost's params of the new rounds.
        outputs : int
            Margins of a row.
        """
        import xgboost as xgb

        xgb.Booster(model_file=bytearray(self.booster))  # refuses what is no model
        document = ubjson.read(self.booster)
        learner, trees = document["learner"], trees_of(document)
        counts = learner["learner_model_param"]
        before = {
            "objective": learner["objective"]["name"],
            "booster": learner["gradient_booster"]["name"],
            "num_parallel_tree": int(trees["gbtree_model_param"]["num_parallel_tree"]),
            "outputs": max(int(counts["num_class"]), int(counts["num_target"]), 1),
        }
        now = {
            "objective": params["objective"],
            "booster": params.get("booster", "gbtree"),
            "num_parallel_tree": params.get("num_parallel_tree", 1),
            "outputs": outputs,
        }
        differing = [
            f"{name} {before[name]}, and this is {now[name]}"
            for name in now
            if before[name] != now[name]
        ]
        if differing:
            raise UserError(f"initial_model {self.uri}: it was trained with {'; '.join(differing)}")
        if "base_score" in params:
            raise UserError(
                f"initial_model {self.uri}: it has a base score of its own; leave out base_score"
            )

    def _merged(self, now: Feature, before: Feature) -> Feature:
        """Categories keep their codes; new ones come after them."""
        if now.kind != before.kind:
            raise UserError(
                f"initial_model {self.uri}: column {now.name} was {before.kind}, is {now.kind}"
            )
        new = tuple(each for each in now.categories if each not in set(before.categories))
        return replace(now, categories=before.categories + new)

    def _require_names(self, found: FeatureSchema) -> None:
        import xgboost as xgb

        booster = xgb.Booster(model_file=bytearray(self.booster))
        names = booster.feature_names or []
        if booster.num_features() != found.width:
            raise UserError(
                f"initial_model {self.uri}: it has {booster.num_features()} columns, the table "
                f"{found.width}"
            )
        if names and names != accepted_names(found.names):
            raise UserError(
                f"initial_model {self.uri}: it was trained on other columns: "
                f"{', '.join(names[:20])}, not {', '.join(found.names[:20])}"
            )
        if found.categorical:
            raise UserError(
                f"initial_model {self.uri}: an XGBoost file does not say how we coded its "
                "categories; name the directory of a model of ours, or make numbers of the columns "
                f"{', '.join(found.names[place] for place in found.categorical[:5])}"
            )


def open_initial(uri: str) -> Initial:
    """Read an earlier model.

    Raises
    ------
    UserError
        When there is none that can be read.
    """
    uri = files.absolute(uri)
    if uri.endswith(_SUFFIXES):
        return Initial(uri, without_categories(_booster_file(uri)))
    metadata, natives = model_directory.read(uri)
    if metadata["kind"] != "boosting" or BOOSTER not in natives:
        raise ModelError(f"initial_model {uri}: a model of kind {metadata['kind']}, not a booster")
    return Initial(
        uri,
        without_categories(natives[BOOSTER]),
        FeatureSchema.from_json(metadata["features"]),
        LabelSchema.from_json(metadata["label"]),
    )


def _booster_file(uri: str) -> bytes:
    import xgboost as xgb

    try:
        data = files.read_bytes(uri)
        # XGBoost may end the process on what is no model.
        document = json.loads(data) if uri.endswith(".json") else ubjson.read(data)
        if "learner" not in document:
            raise ModelError("it has no learner")
        booster = xgb.Booster(model_file=bytearray(data))
    except (FileNotFoundError, StoreError, ModelError, ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"initial_model {uri}: cannot be read as a booster: {reason}") from error
    return bytes(booster.save_raw("ubj"))
