import pytest
import yaml

from pipeline.cli.init.look import Look
from pipeline.cli.init.text import comment, config_text, scalar
from pipeline.cli.job_config import FREE_KEYS, JobConfig
from pipeline.config import load, validate
from pipeline.data.guess.columns import guess_roles
from pipeline.data.guess.label import guess_label
from pipeline.data.settings import SourceSettings
from tests.data.guess.fact_samples import number, other, row_number, text

ODD = [
    "a: b",
    "- c",
    "#d",
    "e\nf: 1",
    "yes",
    "007",
    "null",
    "ü '\"",
    "{g}",
    "\x1b[31m",
    " h ",
    "${i}",
]


def look(facts, **changes):
    source = SourceSettings(kind="csv", uri="a b.csv", options={"sep": ";", "header": False})
    label = guess_label(facts, changes.pop("label", None))
    given = {"source": source, "notes": ("sep: why.",), "rarest": ("a", 300), "is_all": True}
    return Look(
        facts=tuple(facts), label=label, guesses=guess_roles(facts, label), **(given | changes)
    )


@pytest.fixture
def loaded(tmp_path):
    def load_text(found, name="job"):
        content = config_text(found, name, "out/job")
        (tmp_path / "job.yaml").write_text(content, encoding="utf-8")
        return content, load(JobConfig, tmp_path / "job.yaml", (), FREE_KEYS)

    return load_text


def test_columns_of_any_name_survive(loaded):
    facts = [number("n"), *[text(name, 1) for name in ODD], text("label")]
    content, config = loaded(look(facts), name="2024")
    assert config.columns.drop == ODD
    assert config.columns.label == "label"
    assert config.name == "2024"
    assert content.replace("\n", "").isprintable()


def test_roles_and_reader_options_are_written_and_features_are_not(loaded):
    day = other("day", "date", "time", least="2024-01-01", greatest="2024-02-01")
    facts = [row_number("id"), day, number("sample_weight"), number("n"), text("y")]
    _, config = loaded(look(facts))
    columns = config.columns
    assert (columns.key, columns.time, columns.weight) == (["id"], "day", "sample_weight")
    assert columns.features is None
    assert config.source.options == {"sep": ";", "header": False}


def test_a_guessed_label_asks_to_be_checked_and_a_given_one_does_not(loaded):
    facts = [number("n"), text("a"), text("y")]
    assert "# Check this guess: a usual name" in loaded(look(facts))[0]
    assert "Others that could be it: a." in loaded(look(facts))[0]
    assert "Check this" not in loaded(look(facts, label="a"))[0]


def test_every_column_has_a_line_with_its_role_and_the_reason(loaded):
    content, _ = loaded(look([number("n"), text("y")]))
    assert "#   n       double  feature  numbers from 0.5 to 99.5\n" in content


def test_a_class_of_few_rows_is_told(loaded):
    content, _ = loaded(look([number("n"), text("y")], rarest=("b", 1)))
    assert "Class b has 1 row only" in content.replace("\n# ", " ")


def test_it_says_when_not_all_rows_were_looked_at(loaded):
    partly = loaded(look([number("n"), text("y")], is_all=False))[0]
    assert "the first 1,000 rows of a b.csv" in partly.replace("\n# ", " ")


def test_a_label_of_another_name_is_the_only_edit_and_the_old_one_is_a_feature():
    facts = [number("n"), text("a"), text("y")]
    content = config_text(look(facts), "job", "out").replace("label: y", "label: a")
    assert validate(JobConfig, yaml.safe_load(content), "file").columns.label == "a"


def test_comments_stay_comments_whatever_they_hold():
    lines = comment("a\nkey: value " + "long " * 50)
    assert all(line.startswith("# ") and len(line) <= 100 for line in lines)


def test_values_that_look_like_others_are_quoted():
    for value in [*ODD, True, 1, 2.5, [64, 32], "x" * 300]:
        assert yaml.safe_load(f"key: {scalar(value)}")["key"] == value
