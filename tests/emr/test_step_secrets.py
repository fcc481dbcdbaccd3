from __future__ import annotations

import pytest

from pipeline.emr.step_secrets import (
    hidden_override,
    is_secret_setting,
    is_secret_variable,
    require_no_secrets,
)
from pipeline.errors import UserError


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASS", "PGPASS", "dbPass", "MYSQL_PWD", "SSH_PASSPHRASE", "PASSWD", "pass"),
        *("API_KEY", "APIKEY", "AWS_ACCESS_KEY_ID", "ACCOUNT_KEY", "PRIVATE_KEY", "apiKey"),
        *("CREDENTIALS", "GCP_CREDENTIAL", "DB_CREDS", "HTTP_AUTHORIZATION", "BASIC_AUTH"),
        *("AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "GITHUB_TOKEN"),
    ],
)
def test_a_variable_is_a_secret_by_its_name(name: str) -> None:
    assert is_secret_variable(name, "x")


@pytest.mark.parametrize(
    "name",
    [
        *("BUCKET", "PASSENGERS", "COMPASS", "BYPASS", "SORT_KEY", "KEY_COLUMN", "AUTHOR"),
        *("MONKEY", "AWS_REGION", "AWS_PROFILE", "PARTITION_KEYS", "ACCREDITATION"),
    ],
)
def test_a_name_that_only_looks_like_one_is_harmless(name: str) -> None:
    assert not is_secret_variable(name, "x")


@pytest.mark.parametrize(
    "value",
    [
        "-Djavax.net.ssl.trustStorePassword=hunter2",
        "-Dmy.pwd=hunter2",
        "-DtrustStorePwd=hunter2",
        "jdbc:postgresql://host/db?user=me&pass=hunter2",
        "https://me:hunter2@host/x",
        "--api-key=hunter2",
    ],
)
def test_a_variable_is_a_secret_by_its_value(value: str) -> None:
    assert is_secret_variable("MINE", value)
    assert is_secret_setting("spark.executor.extraJavaOptions", value)


@pytest.mark.parametrize(
    "value",
    [
        "s3://bucket/table",
        "hdfs://host:8020/table",
        "abfss://container@account.dfs.core.windows.net/x",
        "-Djava.security.auth.login.config=/etc/jaas.conf -Xss4m",
        "-Dfs.s3a.aws.credentials.provider=org.example.Provider",
    ],
)
def test_options_and_places_without_a_password_are_harmless(value: str) -> None:
    assert not is_secret_variable("MINE", value)
    assert not is_secret_setting("spark.executor.extraJavaOptions", value)


def test_where_a_shell_stands_and_where_a_file_lies_are_no_secrets() -> None:
    assert not is_secret_variable("PWD", "/home/me/token-service")
    assert not is_secret_variable("GOOGLE_CREDENTIALS_FILE", "/etc/google.json")
    assert is_secret_variable("PWD", "hunter2")
    assert is_secret_variable("CREDENTIALS_FILE", "hunter2")


def test_a_setting_that_sets_a_variable_is_judged_as_one() -> None:
    for prefix in ("spark.yarn.appMasterEnv", "spark.executorEnv"):
        assert is_secret_setting(f"{prefix}.DB_PASS", "hunter2")
        assert not is_secret_setting(f"{prefix}.PWD", "/tmp")
    assert is_secret_setting("spark.my.token", "hunter2")
    assert not is_secret_setting("spark.hadoop.fs.s3a.aws.credentials.provider", "org.example.X")


@pytest.mark.parametrize(
    ("override", "hidden"),
    [
        ("spark.spark.hadoop.fs.s3a.secret.key=hunter2", True),
        ("spark.spark.executorEnv.DB_PASS=hunter2", True),
        ("source.options.fs.s3a.secret.key=hunter2", True),
        ("source.options.url=jdbc:mysql://host/db?password=hunter2", True),
        ("source.uri=https://me:hunter2@host/x", True),
        ("spark={spark.my.token: hunter2}", True),
        ("columns.features=[token_count, passes]", False),
        ("spark.spark.executor.memory=4g", False),
        ("seed=3", False),
    ],
)
def test_a_secret_in_set_is_hidden(override: str, hidden: bool) -> None:
    key = override.partition("=")[0]
    assert hidden_override(override) == (f"{key}=********" if hidden else None)


def test_a_step_with_secrets_is_refused_with_all_of_them_and_no_value() -> None:
    arguments = ["--set", "seed=2", "--set", "spark.spark.my.token=hunter2", "--fresh"]
    with pytest.raises(UserError) as refused:
        require_no_secrets({"DB_PASS": "hunter2", "BUCKET": "b"}, arguments)
    said = str(refused.value)
    assert said.startswith("the variable DB_PASS, --set spark.spark.my.token=********: a secret")
    assert "hunter2" not in said
    require_no_secrets({"BUCKET": "b"}, ["--set", "seed=2", "--fresh"])
