from __future__ import annotations

import socket
from pathlib import Path

import pytest
from botocore.exceptions import (
    ClientError,
    NoCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from pipeline.emr.aws import aws_client, aws_errors
from pipeline.errors import EnsemblesError, UserError


def answer(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "because"}}, "Operation")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (answer("UnauthorizedOperation"), "not allowed (UnauthorizedOperation)"),
        (answer("AccessDeniedException"), "not allowed (AccessDeniedException)"),
        (answer("ExpiredTokenException"), "credentials were refused (ExpiredTokenException)"),
        (answer("AuthFailure"), "credentials were refused (AuthFailure)"),
        (NoCredentialsError(), "no credentials that can be used (Unable to locate credentials)"),
        (ProfileNotFound(profile="gone"), "The config profile (gone) could not be found"),
        (UnauthorizedSSOTokenError(), "aws sso login"),
    ],
)
def test_rights_and_credentials_are_the_users_to_mend(error: Exception, said: str) -> None:
    with pytest.raises(UserError) as told, aws_errors("ec2:Thing", "eu-west-1"):
        raise error
    assert str(told.value).startswith("AWS: ec2:Thing in eu-west-1: ")
    assert said in str(told.value)


def test_a_missing_right_is_told_in_awss_own_words_which_name_what_was_refused() -> None:
    message = "User: arn:aws:sts::1:user/a is not authorized to perform: iam:PassRole on role/b."
    error = ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "RunJobFlow")
    with pytest.raises(UserError) as told, aws_errors("elasticmapreduce:RunJobFlow", "eu-west-1"):
        raise error
    assert "iam:PassRole on role/b: have that allowed to your role" in str(told.value)


def test_what_nobody_can_read_of_a_missing_right_is_left_out() -> None:
    message = "You are not authorized. Encoded authorization failure message: " + "x" * 2_000
    error = ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": message}}, "Thing")
    with pytest.raises(UserError) as told, aws_errors("ec2:Thing", "eu-west-1"):
        raise error
    assert "You are not authorized: have that allowed" in str(told.value)
    assert "xxx" not in str(told.value)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (answer("RequestLimitExceeded"), "throttled, each time it was asked"),
        (answer("TooManyRequestsException"), "throttled, each time it was asked"),
        (ReadTimeoutError(endpoint_url="https://ec2"), "no answer (Read timeout"),
        (answer("InternalError"), "InternalError: because"),
        (ResponseParserError("no XML"), "an answer that cannot be read (no XML)"),
    ],
)
def test_what_may_pass_is_not_called_the_users_fault(error: Exception, said: str) -> None:
    with pytest.raises(EnsemblesError) as told, aws_errors("ec2:Thing", "eu-west-1"):
        raise error
    assert not isinstance(told.value, UserError)
    assert said in str(told.value)


def test_errors_that_are_not_of_aws_pass_as_they_are() -> None:
    with pytest.raises(ZeroDivisionError), aws_errors("ec2:Thing", None):
        raise ZeroDivisionError


def test_without_a_region_the_option_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(UserError, match="no region is set: give --region or set AWS_DEFAULT_REG"):
        aws_client("ec2")


def test_a_region_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(UserError, match="us_east"):
        aws_client("ec2", "us_east")


def test_a_region_that_does_not_answer_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # nobody listens
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{bound.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        client = aws_client("ec2", "eu-west-1")
        with (
            pytest.raises(EnsemblesError, match=r"no answer .*see that the region's name is right"),
            aws_errors("ec2:DescribeRegions", "eu-west-1"),
        ):
            client.describe_regions()
