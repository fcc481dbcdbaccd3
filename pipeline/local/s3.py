"""`s3://` for Spark on this machine: S3A of Spark's own Hadoop version; EMR has its own client.

Where S3 is, and who asks, comes from the variables that boto3 and pyarrow read as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import UserError
from pipeline.local.ivy import Module, resolved

_HADOOP = "3.3.4"  # that of Spark 3.5's client jars
_MODULES = (
    Module("org.apache.hadoop", "hadoop-aws", _HADOOP, is_alone=True),
    Module("com.amazonaws", "aws-java-sdk-bundle", "1.12.262", is_alone=True),
    Module("org.wildfly.openssl", "wildfly-openssl", "1.0.7.Final", is_alone=True),
)
_SCHEMES = ("s3", "s3a")
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
OPEN_VARIABLES = (*_ENDPOINTS, "AWS_REGION", "AWS_DEFAULT_REGION")
"""Where S3 is: what processes on other nodes must be told too."""


def uses_s3(uris: Iterable[str | None]) -> bool:
    """Whether one of the URIs lies on S3."""
    return any(uri is not None and urlsplit(uri).scheme in _SCHEMES for uri in uris)


def credentials() -> dict[str, str]:
    """This user's credentials as variables, wherever boto3 finds them; empty where it finds none.

    Raises
    ------
    UserError
        When they are named and cannot be had: a session that has ended, say.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        found = boto3.Session().get_credentials()
        frozen = None if found is None else found.get_frozen_credentials()
    except BotoCoreError as error:
        raise UserError(f"the AWS credentials cannot be had: {error}") from None
    if frozen is None:
        return {}
    given = {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token,
    }
    return {name: value for name, value in given.items() if value}


def s3_settings(java_home: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Spark's settings for `s3://` and `s3a://`; the first time its jars are resolved (280 MB).

    Parameters
    ----------
    java_home : str
        What Ivy runs on.
    environment : mapping of str to str
        Holds the variables of AWS. Credentials are left to S3A's own chain, which reads them in
        each process.

    Raises
    ------
    UserError
        When the jars cannot be resolved.
    """
    jars = _jars(java_home)
    implementation = "org.apache.hadoop.fs.s3a.S3AFileSystem"
    found = {
        "spark.driver.extraClassPath": f"{jars}/*",
        "spark.executor.extraClassPath": f"{jars}/*",
        "spark.hadoop.fs.s3.impl": implementation,
        "spark.hadoop.fs.s3a.impl": implementation,
        "spark.hadoop.fs.s3a.aws.credentials.provider": (
            "com.amazonaws.auth.DefaultAWSCredentialsProviderChain"
        ),
    }
    endpoint = next((environment[name] for name in _ENDPOINTS if environment.get(name)), None)
    if endpoint is not None:
        is_safe = urlsplit(endpoint).scheme == "https"
        found["spark.hadoop.fs.s3a.endpoint"] = endpoint
        found["spark.hadoop.fs.s3a.path.style.access"] = "true"
        found["spark.hadoop.fs.s3a.connection.ssl.enabled"] = str(is_safe).lower()
    return found


def _jars(java_home: str) -> Path:
    return resolved(f"s3a-{_HADOOP}", f"hadoop-aws {_HADOOP}", _MODULES, java_home)
