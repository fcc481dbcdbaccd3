"""What a column's name says about its use."""

from __future__ import annotations

import re

from pipeline.data.prepare import RESERVED

LABELS = (
    "label",
    "labels",
    "target",
    "class",
    "outcome",
    "y",
    "response",
    "category",
    "species",
    "diagnosis",
    "survived",
    "churn",
    "churned",
    "default",
    "fraud",
    "is_fraud",
)
"""Usual names of a label, the surest first."""

_WEIGHTS = ("sample_weight", "instance_weight", "case_weight", "sampleweight", "caseweight")
_ROW_NUMBERS = re.compile(
    r"|_c\d+|unnamed: ?\d+|index|row|rownum|row_?number|row_?no|row_?index", re.IGNORECASE
)
_IDENTIFIERS = re.compile(
    r"(?i:(?:.*[_ .-])?(?:id|key|uuid|guid|index|rownum|row_?number))|.*[a-z0-9](?:Id|ID|Key)"
)


def is_weight(name: str) -> bool:
    """Whether it names the weight of a row; `weight` alone may as well be something's weight."""
    return name.strip().lower().replace(" ", "_") in _WEIGHTS


def is_row_number(name: str) -> bool:
    """Whether it is a usual name of a row's number, or one that a reader made up."""
    return _ROW_NUMBERS.fullmatch(name.strip()) is not None


def is_identifier(name: str) -> bool:
    """Whether it names a row or a thing, as `id`, `user_id`, `userId` and `uuid` do."""
    return _IDENTIFIERS.fullmatch(name.strip()) is not None


def is_reserved(name: str) -> bool:
    """Whether the jobs need this name for a column of their own."""
    return name.lower() in RESERVED
