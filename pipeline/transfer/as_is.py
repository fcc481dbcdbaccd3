"""A checkpoint that is used without training: which of two ways, and what each needs.

Without MXNet: the network is made by `as_is_network`, on an executor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.data.encoding import LabelSchema
from pipeline.errors import UserError
from pipeline.transfer.checkpoint_place import CheckpointPlace
from pipeline.transfer.token_rows import Floats
from pipeline.transfer.tokenising import Tokeniser

_SEVERAL = "multi_label_classification"


@dataclass(frozen=True)
class AsIs:
    """What is made of a checkpoint.

    Parameters
    ----------
    place : CheckpointPlace
        The checkpoint.
    windows, max_length : int
        Of each row.
    pooling : str
        How the vectors of tokens become one; an own head does that itself.
    outputs : tuple of int
        Which outputs of the checkpoint's own head are the label's classes, in their order; empty:
        the head is not used.
    texts : ndarray of float32, shape (texts, windows x max_length), or None
        Tokens of the descriptions, where these are compared.
    sizes : tuple of int
        How many of them each class has.
    """

    place: CheckpointPlace
    max_length: int
    windows: int
    pooling: str
    outputs: tuple[int, ...] = ()
    texts: Floats | None = None
    sizes: tuple[int, ...] = ()


def own_outputs(place: CheckpointPlace, label: LabelSchema) -> tuple[int, ...]:
    """Which outputs of a checkpoint's own head are a label's classes; empty: it does not fit.

    Classes are compared with the outputs' names, whatever their case; numbers with the outputs'
    places where these have no names but `LABEL_0`, `LABEL_1`, ….
    """
    if not place.labels or place.problem == _SEVERAL:
        return ()
    if label.is_number:
        return (0,) if len(place.labels) == 1 else ()
    names = [name.lower() for name in place.labels]
    wanted = [_name(each, names) for each in label.classes]
    if len(set(names)) != len(names) or not set(wanted) <= set(names):
        return ()
    return tuple(names.index(each) for each in wanted)


def label_without_rows(
    name: str, place: CheckpointPlace, given: Mapping[str, Sequence[str]], *, is_number: bool
) -> LabelSchema | None:
    """The label of a table that has none, from what is known besides; None: nothing is.

    Parameters
    ----------
    name : str
        What the label would be called.
    place : CheckpointPlace
        The checkpoint: its own head may have classes.
    given : mapping
        Descriptions of classes.
    is_number : bool
        Whether a number is predicted.
    """
    if is_number:
        return LabelSchema(name, ()) if len(place.labels) == 1 else None
    classes = tuple(sorted(given or place.labels))
    return LabelSchema(name, classes) if len(classes) > 1 else None


def _name(value: float | str, names: Sequence[str]) -> str:
    """A class as an output's name may say it."""
    if isinstance(value, str):
        return value.lower()
    placed = f"label_{value:g}"
    return placed if placed in names else f"{value:g}"


def descriptions_of(label: LabelSchema, given: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The texts that each class is compared by, in the order of the classes.

    Raises
    ------
    UserError
        When a description is of no class, or a class that is a number has none.
    """
    names = [each if isinstance(each, str) else f"{each:g}" for each in label.classes]
    if unknown := sorted(set(given) - set(names)):
        raise UserError(
            f"descriptions: {', '.join(unknown)} are no classes of {label.name}, which has "
            f"{', '.join(names)}"
        )
    lacking = [name for name in names if name not in given]
    if lacking and not label.is_text:
        raise UserError(
            f"strategy as_is compares texts with descriptions of the classes, and {label.name} has "
            f"numbers: set descriptions for {', '.join(lacking)}"
        )
    return [list(given.get(name, [name])) for name in names]


def nearest(
    base: AsIs, label: LabelSchema, given: Mapping[str, Sequence[str]], tokeniser: Tokeniser
) -> AsIs:
    """With the descriptions of all classes as tokens.

    Raises
    ------
    UserError
        When a number is to be predicted, or descriptions do not fit the classes.
    """
    if label.is_number:
        raise UserError(
            f"strategy as_is: {label.name} is a number, and {base.place.uri} has no head with one "
            "output for it; choose a strategy that trains"
        )
    texts = descriptions_of(label, given)
    rows = tokeniser.encode([text for own in texts for text in own]).rows
    sizes = tuple(map(len, texts))
    return AsIs(base.place, base.max_length, base.windows, base.pooling, (), rows, sizes)
