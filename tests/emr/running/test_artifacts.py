"""Staging with the real bundle.sh, which needs GNU tar, and a small archive as environment."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

import pytest

from pipeline import files
from pipeline.emr.environment.publishing import publish
from pipeline.emr.running import artifacts
from pipeline.emr.running.artifacts import prepare_artifacts
from pipeline.errors import UserError
from tests.emr.clusters.samples import ROOT
from tests.emr.running.fake_environment import packed

BOOTSTRAP = ROOT / "bootstrap"


@pytest.fixture
def base(s3: str) -> str:
    return f"{s3}/{uuid.uuid4().hex}"


def test_what_is_brought_is_what_the_artifacts_name(base: str, tmp_path: Path) -> None:
    environment = packed(tmp_path)
    prepared = prepare_artifacts(f"{base}/", str(environment.path), BOOTSTRAP)
    assert files.names(base) == []  # nothing before it is asked for
    prepared.bring()
    found = prepared.artifacts
    for uri, sha256 in (
        (found.bundle, found.bundle_sha256),
        (found.environment, found.environment_sha256),
    ):
        assert hashlib.sha256(files.read_bytes(uri)).hexdigest() == sha256
    assert files.read_bytes(found.node_script) == (BOOTSTRAP / "node.sh").read_bytes()
    assert found.environment == f"{base}/environments/{environment.path.name}"
    assert files.exists(f"{found.environment}.sha256")
    assert (found.logs, found.verdicts) == (f"{base}/logs", f"{base}/verdicts")


def test_names_say_what_is_in_them_so_nothing_is_written_twice(base: str, tmp_path: Path) -> None:
    environment = str(packed(tmp_path).path)
    first = prepare_artifacts(base, environment, BOOTSTRAP)
    first.bring()
    stamps = files.stamps(base)
    second = prepare_artifacts(base, environment, BOOTSTRAP)
    second.bring()
    assert second.artifacts == first.artifacts
    assert files.stamps(base) == stamps


def test_another_node_script_has_another_name(base: str, tmp_path: Path) -> None:
    environment = str(packed(tmp_path).path)
    ours = prepare_artifacts(base, environment, BOOTSTRAP).artifacts
    other = tmp_path / "bootstrap"
    other.mkdir()
    for file in BOOTSTRAP.iterdir():
        if file.is_file():
            (other / file.name).write_bytes(file.read_bytes())
            (other / file.name).chmod(file.stat().st_mode)
    with (other / "node.sh").open("a") as script:
        script.write("# changed\n")
    theirs = prepare_artifacts(base, environment, other).artifacts
    assert theirs.node_script != ours.node_script
    assert theirs.bundle != ours.bundle


def test_an_environment_on_s3_is_taken_by_its_checksum_and_stays_there(
    base: str, tmp_path: Path
) -> None:
    archive = packed(tmp_path)
    uri, _ = publish(archive, f"{base}-elsewhere")
    prepared = prepare_artifacts(base, uri, BOOTSTRAP, logs="s3://bucket/own-logs")
    prepared.bring()
    assert prepared.artifacts.environment == uri
    assert prepared.artifacts.environment_sha256 == archive.sha256
    assert prepared.artifacts.logs == "s3://bucket/own-logs"
    assert not [name for name in files.names(base) if name.startswith("environments")]


@pytest.mark.parametrize(("missing", "said"), [(".sha256", "there is no "), ("", "is not there")])
def test_an_environment_on_s3_that_is_not_whole_is_refused(
    base: str, tmp_path: Path, missing: str, said: str
) -> None:
    uri, _ = publish(packed(tmp_path), f"{base}-elsewhere")
    files.delete(f"{uri}{missing}")
    with pytest.raises(UserError, match=f"{said}.*emr-ensembles env publish"):
        prepare_artifacts(base, uri, BOOTSTRAP)


def test_an_environment_elsewhere_is_refused(base: str) -> None:
    with pytest.raises(UserError, match="neither on S3 nor on this machine"):
        prepare_artifacts(base, "hdfs://host/emr-ensembles-gpu-0123456789ab.tar.gz", BOOTSTRAP)


def test_a_missing_local_environment_is_told(base: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.tar.gz: no such file; make it by emr-ensembles env"):
        prepare_artifacts(base, str(tmp_path / "none.tar.gz"), BOOTSTRAP)


@pytest.mark.parametrize("base", ["/tmp/base", "hdfs://host/base", "s3://"])
def test_a_base_that_is_not_on_s3_is_refused_first(base: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not on S3, where nodes read"):
        prepare_artifacts(base, str(tmp_path / "none"), tmp_path / "none")


@pytest.mark.usefixtures("s3")
def test_a_base_where_nothing_can_be_written_is_refused_first(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"base: s3://none/x: cannot be written: there is no such"):
        prepare_artifacts("s3://none/x", str(tmp_path / "none"), tmp_path / "none")


def test_a_machine_without_gnu_tar_is_told_so(base: str, tmp_path: Path) -> None:
    (tmp_path / "node.sh").write_text("")
    script = tmp_path / "bundle.sh"
    script.write_text("#!/bin/sh\necho 'tar: Option --mtime is not supported' >&2\nexit 1\n")
    script.chmod(0o755)
    said = r"bundle.sh: tar: Option --mtime is not supported; it needs bash and GNU tar"
    with pytest.raises(UserError, match=said):
        prepare_artifacts(base, str(packed(tmp_path).path), tmp_path)


def test_an_object_that_another_writer_was_faster_with_is_kept(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = prepare_artifacts(base, str(packed(tmp_path).path), BOOTSTRAP)
    prepared.bring()
    monkeypatch.setattr(artifacts.files, "write_bytes", None)  # nothing is overwritten
    prepared.bring()
