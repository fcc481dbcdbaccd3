"""Clients of AWS, and what its errors mean to the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.errors import EnsemblesError, UserError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "OptInRequired",
    "UnauthorizedOperation",
}
_BAD_CREDENTIALS = {
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
THROTTLED = {
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
}
# What follows is thousands of characters that only a further right makes readable.
_ENCODED = "Encoded authorization failure message"
CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
"""So long an answer may take; what was asked may be done all the same."""

# botocore's classes that tell of credentials which cannot be had, rather than of the network.
_CREDENTIALS = (
    "CredentialRetrievalError",
    "InvalidConfigError",
    "NoCredentialsError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "SSOError",
    "SSOTokenLoadError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
)


def aws_client(service: str, region: str | None = None, *, retries: bool = True) -> Any:
    """A client of one of AWS's services.

    Parameters
    ----------
    service : str
        As boto3 names it.
    region : str, optional
        Default: the user's own.
    retries : bool
        Whether what is throttled or times out is asked again. Never for what must not be done
        twice: a question whose answer was lost may have been heard.

    Raises
    ------
    UserError
        When there is no region, or the credentials' profile does not exist.
    """
    import boto3
    from botocore.config import Config

    # AWS_MAX_ATTEMPTS, three by default, says how often.
    how = {"mode": "standard"} if retries else {"total_max_attempts": 1}
    config = Config(retries=how, connect_timeout=CONNECT_TIMEOUT_S, read_timeout=READ_TIMEOUT_S)
    with aws_errors(service, region):
        return boto3.Session().client(service, region_name=region, config=config)


@contextmanager
def aws_errors(action: str, region: str | None) -> Iterator[None]:
    """Turn errors of AWS into one sentence each.

    Parameters
    ----------
    action : str
        What is asked for, as policies name it: `ec2:DescribeInstanceTypeOfferings`.
    region : str or None
        Where.

    Raises
    ------
    UserError
        For a missing right, region or credential.
    EnsemblesError
        For everything that may pass: throttling, no answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    where = f"AWS: {action}" + (f" in {region}" if region else "")
    try:
        yield
    except ClientError as error:
        raise _of_answer(where, error) from error
    except BotoCoreError as error:
        raise _of_client(where, error) from error
    except ResponseParserError as error:  # none of botocore's own errors
        raise EnsemblesError(
            f"{where}: an answer that cannot be read ({error}): see what is between this machine "
            "and AWS, and run it again"
        ) from error


def _of_answer(where: str, error: ClientError) -> EnsemblesError:
    """What AWS answered."""
    said = error.response.get("Error", {})
    code, message = str(said.get("Code", "")), str(said.get("Message", "")).strip()
    if code in _DENIED:
        # AWS names the action that was refused, which may be another one, and on what.
        said_why = message.partition(_ENCODED)[0].strip() or "AWS does not say why"
        return UserError(
            f"{where}: not allowed ({code}): {said_why.rstrip('.')}: have that allowed to your role"
        )
    if code in _BAD_CREDENTIALS:
        return UserError(
            f"{where}: the credentials were refused ({code}): renew them, for example by aws sso "
            "login, and see that AWS_PROFILE names the right ones"
        )
    if code in THROTTLED:
        return EnsemblesError(
            f"{where}: throttled, each time it was asked ({code}): wait a minute and run it again"
        )
    return EnsemblesError(f"{where}: {code}: {message}")


def _of_client(where: str, error: BotoCoreError) -> EnsemblesError:
    """What kept the question from AWS, or its answer from us."""
    kind = {each.__name__ for each in type(error).__mro__}
    if "NoRegionError" in kind:
        return UserError(f"{where}: no region is set: give --region or set AWS_DEFAULT_REGION")
    if kind.intersection(_CREDENTIALS):
        return UserError(
            f"{where}: there are no credentials that can be used ({error}): log in by aws sso "
            "login or aws configure, or set AWS_PROFILE"
        )
    if "InvalidRegionError" in kind:
        return UserError(f"{where}: {error}")
    return EnsemblesError(
        f"{where}: no answer ({error}): see that the region's name is right and the network is up"
    )
