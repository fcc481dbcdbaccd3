"""Gradients that vanish or explode are told once, with the remedy."""

from __future__ import annotations

from pipeline.deep.health import GradientHealth


def _measures(*layers: float, whole: float = 1.0) -> dict[str, float]:
    return {
        "gradient": whole,
        **{f"gradient.dense{place}": value for place, value in enumerate(layers)},
        "gradient.batchnorm0": 1e-12,
        "learning_rate": 1e-9,
    }


def test_sound_gradients_are_nothing_to_speak_of() -> None:
    health = GradientHealth()
    for whole in (1.0, 5.0, 0.001):
        assert health.note(_measures(0.5, 0.01, 0.9, whole=whole)) == ""
    assert health.note({"train.logloss": 0.5}) == ""
    assert health.note(_measures(1e-9)) == ""  # one layer has none to be compared with


def test_vanishing_gradients_are_told_once_with_the_layer_and_the_remedy() -> None:
    health = GradientHealth()
    told = health.note(_measures(3e-8, 1e-3, 0.5))
    assert told.startswith("gradients vanish: those of dense0 are 3.0e-08 where others are 5.0e-01")
    assert "network=residual" in told
    assert health.note(_measures(1e-8, 1e-3, 0.5)) == ""


def test_exploding_gradients_are_told_once_beside_what_they_were() -> None:
    health = GradientHealth()
    assert health.note(_measures(1.0, 1.0, whole=0.5)) == ""
    told = health.note(_measures(1.0, 1.0, whole=100.0))
    assert told.startswith("gradients explode: their norm is 100, 200 times that of the fi")
    assert "clip_norm" in told
    assert health.note(_measures(1.0, 1.0, whole=1e9)) == ""
