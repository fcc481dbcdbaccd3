"""Places and problems as a user reads them."""

from __future__ import annotations

from pipeline.config.problems import Place, Problem, dotted, refusal


def test_a_problem_reads_place_key_sentence() -> None:
    place = Place(0, 12, "conf/x.yaml:12")
    assert (
        str(Problem(place, ("boosting", "eta"), "wrong")) == "conf/x.yaml:12: boosting.eta: wrong"
    )
    assert str(Problem(place, (), "wrong")) == "conf/x.yaml:12: wrong"


def test_an_item_of_a_list_is_named_by_its_position() -> None:
    assert dotted(("deep", "hidden", 1)) == "deep.hidden[1]"
    assert dotted(("spark", "spark.a.b")) == "spark.spark.a.b"


def test_problems_are_in_the_order_of_their_lines_then_of_the_overrides_each_once() -> None:
    places = [Place(2, 0, "--set b=1"), Place(1, 0, "--set a=1"), Place(0, 10, "x:10")]
    places += [Place(0, 9, "x:9"), Place(0, 0, "x"), Place(0, 9, "x:9")]
    refused = refusal(Problem(place, (), "wrong") for place in places)
    assert refused.problems == [
        "x: wrong",
        "x:9: wrong",
        "x:10: wrong",
        "--set a=1: wrong",
        "--set b=1: wrong",
    ]
    assert [place.origin for place in places[:3]] == ["--set", "--set", "x:10"]
