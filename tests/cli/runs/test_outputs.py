import argparse
from pathlib import Path

import pytest

from pipeline.cli.output_places import JOBS
from pipeline.cli.runs.outputs import output_uris, require_free
from pipeline.errors import UserError
from tests.cli.runs.made import config_of, make


def arguments(**given: str) -> argparse.Namespace:
    return argparse.Namespace(
        **{"model": None, "input": None, "output": None, "fresh": False, **given}
    )


@pytest.mark.parametrize("job", JOBS)
def test_refuse_means_the_same_for_every_job(tmp_path: Path, job: str) -> None:
    config = config_of(tmp_path, if_exists="refuse")
    require_free(job, config, arguments())
    for made in ("prepare", "bag", "boost", "deep", "score", "report"):
        make(made, config)
    anew = arguments(fresh="yes")
    with pytest.raises(UserError, match=f"the output of {job} is there already, and if_exists is"):
        require_free(job, config, anew)


def test_refuse_lets_a_run_go_on_that_broke_off_between_scores(tmp_path: Path) -> None:
    config = config_of(tmp_path, if_exists="refuse")
    for made in ("prepare", "bag", "score", "boost"):
        make(made, config)
    require_free("score", config, arguments())


@pytest.mark.parametrize("if_exists", ["overwrite", "version"])
def test_the_others_let_a_job_work(tmp_path: Path, if_exists: str) -> None:
    config = config_of(tmp_path, if_exists=if_exists)
    make("prepare", config)
    require_free("prepare", config, arguments())


def test_a_place_that_the_user_names_is_looked_at(tmp_path: Path) -> None:
    config = config_of(tmp_path, if_exists="refuse")
    (tmp_path / "scores").mkdir()
    given = arguments(output=str(tmp_path / "scores"), input="x", model="deep")
    assert output_uris("score", config, given) == [(tmp_path / "scores").as_uri()]
    with pytest.raises(UserError, match="the output of score is there already"):
        require_free("score", config, given)


def test_scores_of_one_model_have_one_place(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    found = output_uris("score", config, arguments(model="deep"))
    assert found == [config.scores_uri("deep")]
    assert len(output_uris("score", config, arguments())) == 3
