from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.local import s3
from pipeline.local.s3 import credentials, s3_settings, uses_s3


@pytest.fixture(autouse=True)
def jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(s3, "resolved", lambda *_: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("uris", "expected"),
    [
        (["s3://bucket/x", None], True),
        (["/out", "s3a://bucket"], True),
        (["hdfs://host/s3", "file:///s3", None], False),
    ],
)
def test_s3_is_needed_where_a_uri_lies_there(uris: list[str | None], expected: bool) -> None:
    assert uses_s3(uris) is expected


def test_spark_gets_the_jars_and_leaves_credentials_to_the_chain(jars: Path) -> None:
    found = s3_settings("java", {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "hush"})
    assert found["spark.driver.extraClassPath"] == f"{jars}/*"
    assert found["spark.hadoop.fs.s3.impl"].endswith("S3AFileSystem")
    assert "hush" not in str(found)
    assert "spark.hadoop.fs.s3a.endpoint" not in found


def test_credentials_are_those_that_boto3_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "credentials"
    file.write_text("[mine]\naws_access_key_id = id\naws_secret_access_key = hush\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert credentials() == {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "hush"}
    monkeypatch.setenv("AWS_PROFILE", "nobodys")
    with pytest.raises(UserError, match="the AWS credentials cannot be had"):
        credentials()


def test_an_endpoint_of_ones_own_is_taken_from_the_usual_variables() -> None:
    found = s3_settings("java", {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"})
    assert found["spark.hadoop.fs.s3a.endpoint"] == "http://127.0.0.1:5000"
    assert found["spark.hadoop.fs.s3a.connection.ssl.enabled"] == "false"
    both = {"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": "https://b"}
    assert s3_settings("java", both)["spark.hadoop.fs.s3a.endpoint"] == "https://b"
