"""Docstrings as descriptions."""

from __future__ import annotations

from pipeline.config.docstrings import attributes, summary


class Base:
    """What is common.

    Attributes
    ----------
    first : int
        Of the base.
    second : int, optional
        Two
        lines, with `code`.

    Notes
    -----
    third : int
        Is no attribute.
    """


class Child(Base):
    """A first
    paragraph about `Child`.

    Attributes
    ----------
    first : str
        Of the child.
    a, b : float
        One text for both.
    low, high : float
        the least; the greatest.
    """


class Bare:
    pass


def test_attributes_are_those_of_the_class_and_of_its_bases() -> None:
    assert attributes(Child) == {
        "first": "Of the child.",
        "second": "Two lines, with code.",
        "a": "One text for both.",
        "b": "One text for both.",
        "low": "The least.",
        "high": "The greatest.",
    }
    assert attributes(Bare) == {}


def test_the_summary_is_the_first_paragraph() -> None:
    assert summary(Child) == "A first paragraph about Child."
    assert summary(Bare) == ""
