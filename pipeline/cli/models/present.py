"""The champion of a config's name, where there is a registry."""

from __future__ import annotations

from pipeline.cli.models.settings import PromotionSettings
from pipeline.errors import UserError
from pipeline.store import champions
from pipeline.store.champions import Champion

CHAMPION = "champion"
"""By this name `--model` takes the champion."""


def present(promotion: PromotionSettings, config_name: str) -> Champion | None:
    """The champion; None where there is no registry, or nothing has been promoted.

    Raises
    ------
    ModelError
        When its record is damaged.
    """
    if promotion.registry is None:
        return None
    return champions.find(promotion.champions_uri(config_name))


def require_present(promotion: PromotionSettings, config_name: str) -> Champion:
    """The champion, which must be there.

    Raises
    ------
    UserError
        When there is no registry, or no champion yet.
    """
    uri = promotion.champions_uri(config_name)
    found = champions.find(uri)
    if found is None:
        raise UserError(
            f"{uri}: no champion yet; run jobs/report.py, then emr-ensembles models promote"
        )
    return found
