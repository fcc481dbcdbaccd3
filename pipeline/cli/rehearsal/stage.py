"""What a rehearsal brings onto the cluster, and where its jobs write."""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pipeline
from pipeline import files
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.cli.runs.submit import in_clone
from pipeline.config import load
from pipeline.emr.staging import stage_code, stage_config
from pipeline.emr.steps import Places
from pipeline.errors import UserError

_DIGITS = 12


@dataclass(frozen=True)
class Staged:
    """A config whose places the cluster reaches.

    Attributes
    ----------
    config : JobConfig
        With those places.
    overrides : tuple of str
        What `--set` of each job says: the user's own, then the places.
    """

    config: JobConfig
    overrides: tuple[str, ...]


def default_base(namenode: str) -> str:
    """Where a rehearsal puts everything when nobody says: in the user's directory on HDFS."""
    return f"{namenode}/user/{getpass.getuser()}/emr-ensembles"


def move_places(config: JobConfig, file: str, overrides: Sequence[str], base: str) -> Staged:
    """The config with its local places moved below `base`; local input is brought there.

    Raises
    ------
    UserError
        When the input is not there.
    """
    own = list(overrides)
    if files.is_local(config.output):
        own.append(f"output={files.join(base, config.name, 'output')}")
    if config.scratch is not None and files.is_local(config.scratch):
        own.append(f"scratch={files.join(base, config.name, 'scratch')}")
    if config.source.uri is not None and files.is_local(config.source.uri):
        place = files.join(base, config.name, "input")
        own.append(f"source.uri={bring(config.source.uri, place)}")
    return Staged(load(JobConfig, file, own, FREE_KEYS), tuple(own))


def bring(source: str, target: str) -> str:
    """Copy a local file or directory below `target`, unless the same is there; its URI there.

    Raises
    ------
    UserError
        When nothing is at `source`.
    """
    path = files.local_path(source)
    found = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    if not found:
        raise UserError(f"source.uri: {source}: there is no file; correct the path")
    digest = hashlib.sha256()
    for file in found:
        digest.update(str(file.relative_to(path.parent)).encode())
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    place = files.join(target, digest.hexdigest()[:_DIGITS])
    mark = files.join(place, "_SUCCESS")
    if not files.exists(mark):
        for file in found:
            files.upload(file, files.join(place, str(file.relative_to(path.parent))))
        files.write_bytes(mark, b"")
    return files.join(place, path.name)


def stage(
    config_file: str,
    base: str,
    *,
    python: str,
    archive: str | None,
    environment: Mapping[str, str],
) -> Places:
    """Bring code and config onto the cluster."""
    place = files.join(base, "staging")
    code, entry_points = stage_code(
        Path(pipeline.__file__).parent, in_clone("jobs/boost.py").parent, place
    )
    return Places(
        code=code,
        entry_points=entry_points,
        config=stage_config(config_file, place),
        python=python,
        archive=archive,
        environment=environment,
    )
