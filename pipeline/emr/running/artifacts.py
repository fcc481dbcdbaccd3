"""What a cluster's nodes read, brought below a base on S3 under names that say what is in it."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline import files
from pipeline.emr.clusters.request import Artifacts
from pipeline.emr.environment.archive import Archive, checksum_path, read_archive
from pipeline.emr.environment.publishing import publish
from pipeline.errors import UserError

_DIGITS = 12


@dataclass(frozen=True)
class Prepared:
    """What will be brought, under which names; nothing has been written yet.

    Parameters
    ----------
    artifacts : Artifacts
        As the request names them.
    small : mapping of str to bytes
        By URI, what is held in memory.
    environment : Archive or None
        A packed environment that is on this machine.
    """

    artifacts: Artifacts
    small: Mapping[str, bytes]
    environment: Archive | None

    def bring(self) -> None:
        """Write what is not there yet.

        Raises
        ------
        StoreError
            When it cannot be written.
        """
        for uri, content in self.small.items():
            with contextlib.suppress(FileExistsError):  # its name says that it is the same
                files.create_bytes(uri, content)
        if self.environment is not None:
            publish(self.environment, self.artifacts.environment.rpartition("/")[0])


def prepare_artifacts(
    base: str, environment: str, bootstrap: Path, logs: str | None = None
) -> Prepared:
    """Find out what there is to bring, and that it can be brought.

    Parameters
    ----------
    base : str
        URI on S3 below which everything goes.
    environment : str
        URI on S3 of what `emr-ensembles env pack` made, with its `.sha256` beside it; or its file
        on this machine.
    bootstrap : Path
        The directory of `node.sh` and `bundle.sh`.
    logs : str, optional
        URI below which EMR writes logs; default: `logs` below the base.

    Raises
    ------
    UserError
        When the base is not a place on S3 where we can write, or one of the sources is not there.
    """
    require_base(base)
    node_script = (bootstrap / "node.sh").read_bytes()
    script = files.join(base, "bootstrap", f"node-{_sha256(node_script)[:_DIGITS]}.sh")
    name, bundle = _bundle(bootstrap / "bundle.sh")
    bundle_uri = files.join(base, "bootstrap", name)
    uri, sha256, archive = _environment(environment, base)
    artifacts = Artifacts(
        node_script=script,
        bundle=bundle_uri,
        bundle_sha256=_sha256(bundle),
        environment=uri,
        environment_sha256=sha256,
        logs=logs or files.join(base, "logs"),
        verdicts=files.join(base, "verdicts"),
    )
    return Prepared(artifacts, {script: node_script, bundle_uri: bundle}, archive)


def require_base(base: str) -> None:
    """Refuse a base that is not on S3, or where nothing can be written.

    Raises
    ------
    UserError
        With the reason.
    """
    if not base.startswith("s3://") or not base.removeprefix("s3://").strip("/"):
        raise UserError(f"base: {base}: is not on S3, where nodes read: give s3://BUCKET/PREFIX")
    files.require_writable(base, "base")


def _bundle(script: Path) -> tuple[str, bytes]:
    """The name and the bytes of what bundle.sh makes."""
    with tempfile.TemporaryDirectory(prefix="emr-ensembles-bundle-") as directory:
        try:
            subprocess.run([str(script), directory], check=True, capture_output=True, text=True)
        except OSError as error:
            raise UserError(f"{script}: cannot be run: {error}; it needs bash") from error
        except subprocess.CalledProcessError as error:
            said = (error.stderr.strip().splitlines() or [f"exit code {error.returncode}"])[-1]
            raise UserError(f"{script}: {said}; it needs bash and GNU tar") from error
        (made,) = Path(directory).glob("*.tar.gz")
        return made.name, made.read_bytes()


def _environment(environment: str, base: str) -> tuple[str, str, Archive | None]:
    """Its URI, its sha256, and the archive where it is on this machine."""
    if not files.is_local(environment):
        if not environment.startswith("s3://"):
            raise UserError(f"environment: {environment}: is neither on S3 nor on this machine")
        return environment, _told_sha256(environment), None
    archive = read_archive(files.local_path(environment))
    return files.join(base, "environments", archive.path.name), archive.sha256, archive


def _told_sha256(uri: str) -> str:
    told = f"{uri}.sha256"
    publish_it = "publish it by emr-ensembles env publish"
    try:
        content = files.read_bytes(told)
    except FileNotFoundError:
        name = checksum_path(Path(uri)).name
        raise UserError(f"environment: there is no {name} beside {uri}; {publish_it}") from None
    if not files.exists(uri):
        raise UserError(f"environment: {uri} is not there, only its .sha256; {publish_it}")
    return (content.decode("utf-8", "replace").split() or [""])[0]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
