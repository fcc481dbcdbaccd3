from __future__ import annotations

import pytest

from pipeline.emr.instances.release import TARGET, Release, parse_release, unsupported
from pipeline.errors import UserError


def test_releases_are_compared_by_number_and_written_as_emr_writes_them() -> None:
    assert parse_release("emr-7.14.0") > parse_release("emr-7.2.0")
    assert str(parse_release("emr-7.14.0")) == "emr-7.14.0"


@pytest.mark.parametrize("label", ["7.14.0", "emr-7.14", "emr-7.14.0-latest", "EMR-7.14.0", ""])
def test_what_is_no_label_is_refused_with_an_example(label: str) -> None:
    with pytest.raises(UserError, match=r"not a label of EMR; write it as emr-7\.14\.0"):
        parse_release(label)


def test_the_spark_only_line_is_refused_for_spark_4() -> None:
    with pytest.raises(UserError, match=r"emr-spark-8\.1\.0: Spark 4"):
        parse_release("emr-spark-8.1.0")


@pytest.mark.parametrize("label", ["emr-5.36.1", "emr-6.15.0", "emr-7.0.0"])
def test_releases_without_python_3_11_are_not_supported(label: str) -> None:
    assert "no Python 3.11" in (unsupported(parse_release(label)) or "")


def test_releases_with_python_3_11_are_supported() -> None:
    assert unsupported(Release(7, 1, 0)) is None
    assert unsupported(TARGET) is None


def test_a_release_after_emr_7_is_not_supported() -> None:
    assert "written for EMR 7" in (unsupported(Release(8, 0, 0)) or "")
