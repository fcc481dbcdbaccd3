import pytest

from pipeline.cli.init.params import param_groups


def params(rows):
    return {group.section: group.params for group in param_groups(rows)}


@pytest.mark.parametrize("rows", [30, 150, 900, 6_000, 50_000, 10**7])
def test_every_epoch_has_steps_and_two_workers_have_rows_for_each(rows):
    found = params(rows)
    train = rows * found["split"]["train"]
    assert found["deep"]["batch_size"] <= train / 2
    assert found["deep"]["batch_size"] <= 1_024


def test_small_tables_get_larger_shares_to_judge_by_and_more_epochs():
    assert params(300)["split"] == {"train": 0.6, "validation": 0.2, "test": 0.2}
    assert params(300)["deep"]["epochs"] > params(5_000)["deep"]["epochs"]
    assert params(5_000)["deep"]["epochs"] > params(50_000)["deep"]["epochs"]
