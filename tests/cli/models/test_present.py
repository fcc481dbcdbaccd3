"""The champion that jobs take."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.cli.models.present import present, require_present
from pipeline.cli.models.settings import PromotionSettings
from pipeline.errors import UserError
from tests.cli.models.made import first_champion


def test_without_a_registry_there_is_none(tmp_path: Path) -> None:
    assert present(PromotionSettings(), "any name at all") is None
    with pytest.raises(UserError, match=r"promotion\.registry is not set"):
        require_present(PromotionSettings(), "churn")


def test_before_the_first_promotion_what_to_do_is_said(tmp_path: Path) -> None:
    settings = PromotionSettings(registry=str(tmp_path))
    assert present(settings, "churn") is None
    with pytest.raises(
        UserError, match=r"no champion yet; run jobs/report\.py, then emr-ensembles"
    ):
        require_present(settings, "churn")


def test_it_is_found_by_the_configs_name_or_by_its_own(tmp_path: Path) -> None:
    day = first_champion(str(tmp_path))
    registry = str(day.job.promotion.registry)
    assert require_present(day.job.promotion, "churn").number == 1
    assert require_present(PromotionSettings(registry=registry, name="churn"), "x").number == 1
    assert present(PromotionSettings(registry=registry), "other") is None
