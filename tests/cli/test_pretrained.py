"""`emr-ensembles pretrained pull`."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.main import main
from tests.transfer.hub import COMMIT, Hub, serving

FILES = {"config.json": b"{}", "model.safetensors": b"0" * 500_000, "tokenizer.json": b"{}"}


def test_a_pulled_checkpoint_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with serving(Hub({"owner/model": FILES})) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        assert main(["pretrained", "pull", "owner/model"]) == 0
        assert main(["pretrained", "pull", "owner/model", "--to", "other", "--revision", "v1"]) == 0
        first, second = capsys.readouterr().out.splitlines()
        assert first == (
            f"owner/model at {COMMIT[:12]}: 4 files, 0.5 MB, in "
            f"{(tmp_path / 'pretrained' / 'model').as_uri()}"
        )
        assert second.endswith((tmp_path / "other").as_uri())
        assert main(["pretrained", "pull", "owner/model"]) == 2
    assert "error: " in (said := capsys.readouterr().err)
    assert "something is there already" in said


def test_the_help_says_what_to_do_without_a_network(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["pretrained", "pull", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    for option in ("NAME", "--to URI", "--revision R", "HF_TOKEN", "Without a network, copy"):
        assert option in told
