from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.emr.environment.locks import requirements_directory
from pipeline.emr.environment.setup_script import horovod_recipe, setup_script
from pipeline.errors import UserError


def test_an_incomplete_checkout_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"install\.py: is not there; .*a whole checkout"):
        setup_script(tmp_path)


def test_the_recipe_holds_every_option_of_horovod_s_build() -> None:
    recipe = horovod_recipe(requirements_directory())
    for option in ("HOROVOD_WITH_MXNET", "HOROVOD_CPU_OPERATIONS", "gloo_iface_"):
        assert option in recipe
