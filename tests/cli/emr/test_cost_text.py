from __future__ import annotations

from pipeline.cli.emr.cost_text import bound_text, idle_text
from tests.emr.clusters import samples


def test_the_bound_is_that_of_all_nodes() -> None:
    priced = samples.cluster(prices={"m6i.xlarge": 0.25, "g5.2xlarge": 1.5})
    said = "at most 3.25 an hour for instances (volumes, S3 and network come on top)"
    assert bound_text(priced) == said


def test_without_all_prices_no_number_is_made_up() -> None:
    priced = samples.cluster(prices={"m6i.xlarge": 0.25})
    said = "an unknown sum an hour (the cluster file has no price for g5.2xlarge)"
    assert bound_text(priced) == said


def test_the_idle_time_is_the_files() -> None:
    assert idle_text(samples.cluster(limits={"idle_minutes": 7})) == (
        "ends by itself after 7 minutes idle"
    )
