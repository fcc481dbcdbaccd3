"""A checkpoint of the Hugging Face model zoo, brought to a directory or URI.

Only the files that are read here are fetched. The config comes last: a directory that has one is
whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import files
from pipeline.errors import StoreError, UserError
from pipeline.files.filesystems import failure
from pipeline.files.local_directory import spool_directory

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

CONFIG = "config.json"
ORIGIN = "origin.json"
"""Says where the other files came from: name, revision, commit, and the hash of each."""

_WEIGHTS = "model.safetensors"
_PICKLED = "pytorch_model.bin"
# The best first; several files have an index.
_SHARDS = {
    _WEIGHTS: re.compile(r"model-\d+-of-\d+\.safetensors"),
    _PICKLED: re.compile(r"pytorch_model-\d+-of-\d+\.bin"),
}
_TOKENISERS = ("tokenizer.json", "vocab.txt")
_BESIDES = ("tokenizer_config.json", "special_tokens_map.json")
_TIMEOUT_S = 30.0
_BY_HAND = (
    f"bring the files by hand: on a machine with access, download {CONFIG}, {_WEIGHTS} (or "
    f"{_PICKLED}) and tokenizer.json (or vocab.txt, with tokenizer_config.json) of the model, and "
    "copy them into one directory or URI; that is the checkpoint"
)


@dataclass(frozen=True)
class Pulled:
    """A checkpoint that was fetched.

    Parameters
    ----------
    uri : str
        Where it is.
    name, commit : str
        Which model, and which of its versions.
    sizes : mapping of str to int
        Its files, and their bytes.
    """

    uri: str
    name: str
    commit: str
    sizes: Mapping[str, int]


def pull(name: str, to: str, revision: str | None = None) -> Pulled:
    """Fetch a checkpoint; it is there whole, or not at all.

    `HF_ENDPOINT` names another server, `HF_TOKEN` gives access to what is not public.

    Parameters
    ----------
    name : str
        As in the model zoo: `distilbert-base-uncased`, `sentence-transformers/all-MiniLM-L6-v2`.
    to : str
        A path or URI where nothing is yet.
    revision : str, optional
        Branch, tag or commit; default: the newest version.

    Raises
    ------
    UserError
        When something is at `to`, or there is no such model that can be used.
    StoreError
        When the server cannot be reached, or the files cannot be written.
    """
    uri = files.absolute(to)
    with _told(name, revision):
        commit, hashes = _listed(name, revision)
    wanted = chosen(name, sorted(hashes))
    _require_free(uri, [*wanted, ORIGIN])
    with _staging(uri) as directory:
        with _told(name, revision):
            _download(name, commit, wanted, directory)
        found = {each: _sha256(directory / each) for each in wanted}
        _require_same(name, found, hashes)
        origin = {"name": name, "revision": revision, "commit": commit, "sha256": found}
        (directory / ORIGIN).write_text(json.dumps(origin, indent=2) + "\n", encoding="utf-8")
        sizes = {each: (directory / each).stat().st_size for each in [*wanted, ORIGIN]}
        _put(directory, uri, list(sizes))
    return Pulled(uri, name, commit, sizes)


def chosen(name: str, names: Sequence[str]) -> list[str]:
    """Which of a model's files are fetched.

    Raises
    ------
    UserError
        When config, weights or tokeniser are missing, or are of a kind that is not read.
    """
    weights = _weights(names)
    tokenisers = [each for each in _TOKENISERS if each in names]
    lacking = [
        *([] if CONFIG in names else [CONFIG]),
        *([] if weights else [f"{_WEIGHTS} or {_PICKLED}"]),
        *([] if tokenisers else [" or ".join(_TOKENISERS)]),
    ]
    if lacking:
        raise UserError(
            f"{name}: has no {', no '.join(lacking)}; choose a model of the BERT family that has "
            f"them (this one has: {', '.join(names) or 'no files'})"
        )
    return [CONFIG, *weights, *tokenisers, *(each for each in _BESIDES if each in names)]


def _weights(names: Sequence[str]) -> list[str]:
    """The files with the weights, in one form only."""
    for whole, shard in _SHARDS.items():
        if whole in names:
            return [whole]
        index = f"{whole}.index.json"
        if index in names:
            return [index, *(each for each in names if shard.fullmatch(each))]
    return []


def _listed(name: str, revision: str | None) -> tuple[str, dict[str, str | None]]:
    """The commit, and its files with their hashes, where the server knows them."""
    from huggingface_hub import HfApi

    info: ModelInfo = HfApi(endpoint=_endpoint()).model_info(
        name, revision=revision, timeout=_TIMEOUT_S, files_metadata=True
    )
    hashes = {
        each.rfilename: None if each.lfs is None else each.lfs.sha256
        for each in info.siblings or ()
    }
    return str(info.sha), hashes


def _download(name: str, commit: str, wanted: list[str], directory: Path) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    from pipeline.progress import terminal

    if terminal() is None:
        disable_progress_bars()
    snapshot_download(
        name,
        revision=commit,
        local_dir=directory,
        allow_patterns=wanted,
        endpoint=_endpoint(),
        etag_timeout=_TIMEOUT_S,
    )
    shutil.rmtree(directory / ".cache", ignore_errors=True)  # the library's notes


def _endpoint() -> str | None:
    # The library reads it when it is imported, which may be long ago.
    return os.environ.get("HF_ENDPOINT")


@contextmanager
def _told(name: str, revision: str | None) -> Iterator[None]:
    """The library's errors as ours, with what to do."""
    import httpx2
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except HFValidationError as error:
        raise UserError(f"{name}: not a model's name: {_line(error)}") from None
    except GatedRepoError:
        raise UserError(
            f"{name}: its owner gives it to those who ask: accept the terms on the model's page "
            f"and set HF_TOKEN, or {_BY_HAND}"
        ) from None
    except RepositoryNotFoundError:
        raise UserError(
            f"{name}: no such model, or one that is not public: correct the name, set HF_TOKEN, or "
            f"{_BY_HAND}"
        ) from None
    except RevisionNotFoundError:
        raise UserError(
            f"{name}: has no revision {revision}; name a branch, tag or commit"
        ) from None
    except OfflineModeIsEnabled:
        raise UserError(
            f"{name}: cannot be fetched while HF_HUB_OFFLINE is set: unset it, or {_BY_HAND}"
        ) from None
    except (httpx2.HTTPError, OSError, RuntimeError) as error:
        raise StoreError(f"{name}: cannot be fetched: {_line(error)}; or {_BY_HAND}") from None


def _line(error: BaseException) -> str:
    """What an error says first."""
    said = str(error).strip().splitlines()
    return said[0].rstrip(".") if said else type(error).__name__


def _require_free(uri: str, ours: list[str]) -> None:
    """Nothing may be there but what an interrupted pull has left."""
    there = files.names(uri)
    if CONFIG in there or not set(there) <= set(ours):
        raise UserError(f"{uri}: something is there already; delete it, or choose another place")


@contextmanager
def _staging(uri: str) -> Iterator[Path]:
    """A directory to download into: beside the target on this disk, where it can be renamed."""
    beside = files.local_path(uri).parent if files.is_local(uri) else spool_directory()
    try:
        if beside is not None:
            beside.mkdir(parents=True, exist_ok=True)
        made = tempfile.mkdtemp(prefix=".pull-", dir=beside)
    except OSError as error:
        raise failure(uri, "written", error) from error
    try:
        yield Path(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _require_same(name: str, found: Mapping[str, str], expected: Mapping[str, str | None]) -> None:
    wrong = [each for each, sha256 in found.items() if expected[each] not in (None, sha256)]
    if wrong:
        raise StoreError(
            f"{name}: {', '.join(wrong)} came damaged: the hash is not the one that the server "
            "names; run it again"
        )


def _put(directory: Path, uri: str, names: list[str]) -> None:
    """Rename on this disk; elsewhere upload, the config last."""
    if files.is_local(uri):
        target = files.local_path(uri)
        try:
            shutil.rmtree(target, ignore_errors=True)  # what an interrupted upload has left
            directory.chmod(0o755)
            directory.rename(target)
        except OSError as error:
            raise failure(uri, "written", error) from error
        return
    try:
        for name in sorted(names, key=lambda each: each == CONFIG):
            files.upload(directory / name, files.join(uri, name))
    except StoreError:
        for name in names:
            files.delete(files.join(uri, name))
        raise


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
