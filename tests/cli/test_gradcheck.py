"""`emr-ensembles gradcheck`."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
FLIGHTS = ("gradcheck", "--config", str(ROOT / "conf" / "flights.yaml"), "--entries", "3")


def test_right_gradients_are_told_and_the_exit_code_is_0(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*FLIGHTS, "--set", "deep.hidden=[4]"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].split() == ["parameter", "entries", "backpropagated", "numeric", "difference"]
    assert told[-1] == "gradients of all 8 parameters are right"
    assert len(told) == 10


def test_wrong_ones_are_named_and_the_exit_code_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    own = "deep.network=tests.deep.own_networks.WrongGradient"
    assert main([*FLIGHTS, "--set", own, "--set", "deep.hidden=[4]", "--classes", "2"]) == 2
    found = capsys.readouterr()
    assert "  wrong" in found.out
    assert "gradients of " in found.err
    assert "dense1_bias" in found.err


def test_a_network_of_texts_is_not_that_of_the_section_deep(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "job.yaml"
    text = "text: {checkpoint: s3://bucket/minilm}\ncolumns: {label: y, text: note}\n"
    path.write_text(f"name: small\noutput: out\nsource: {{kind: flights}}\n{text}")
    given = ["--config", str(path), "--set", "deep=null"]
    assert main(["gradcheck", *given]) == 2
    assert "gradcheck looks at the network of the section deep" in capsys.readouterr().err
    for tool in ("lr-range", "batch-sweep"):
        assert main([tool, *given, "--master", "local[1]"]) == 2
        assert f"{tool} looks at the network of the section deep" in capsys.readouterr().err
    assert main(["gradcheck", *given, "--set", "text=null", "--set", "deep.hidden=[4]"]) == 0


def test_arguments_that_make_no_sense_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*FLIGHTS, "--classes", "1"]) == 2
    assert "--classes is 0 or 2 and more" in capsys.readouterr().err
