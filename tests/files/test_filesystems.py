import errno

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from pipeline import files
from pipeline.errors import AccessError, StoreError, UserError
from pipeline.files.filesystems import failure


@pytest.mark.parametrize("call", [files.read_bytes, files.exists, files.names, files.delete])
def test_an_unknown_scheme_lists_the_known_ones(call) -> None:
    with pytest.raises(UserError, match=r"gs://x/y: unknown scheme gs; use one of file, s3, "):
        call("gs://x/y")


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (OSError(errno.ENOSPC, "no space"), StoreError, "the disk is full; free space"),
        (OSError(errno.EDQUOT, "quota"), StoreError, "the disk is full; free space"),
        (OSError(errno.EACCES, "denied"), AccessError, "permission denied; give this user"),
        (OSError(errno.EROFS, "read-only"), AccessError, "permission denied; give this user"),
        (OSError("AWS Error NO_SUCH_BUCKET during X"), AccessError, "there is no such bucket"),
        (OSError("AWS Error ACCESS_DENIED during X"), AccessError, "access is denied"),
        (OSError("AWS Error SLOW_DOWN"), StoreError, "AWS Error SLOW_DOWN"),
    ],
)
def test_what_a_filesystem_says_becomes_what_to_do(
    error: OSError, kind: type[StoreError], told: str
) -> None:
    found = failure("s3://bucket/x", "written", error)
    assert type(found) is kind
    assert str(found).startswith(f"s3://bucket/x: cannot be written: {told}")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("NoSuchBucket", "there is no such bucket"),
        ("AccessDenied", "access is denied"),
        ("ExpiredToken", "the AWS credentials have expired"),
        ("InvalidAccessKeyId", "the AWS credentials are not valid"),
        ("SignatureDoesNotMatch", "the AWS credentials are not valid"),
    ],
)
def test_what_botocore_says_becomes_what_to_do(code: str, told: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "Mind your credentials"}}, "PutObject")
    found = failure("s3://bucket/x", "written", error)
    assert type(found) is AccessError
    assert str(found).startswith(f"s3://bucket/x: cannot be written: {told}")


def test_missing_credentials_are_told_from_a_file_of_that_name() -> None:
    told = str(failure("s3://bucket/x", "written", NoCredentialsError()))
    assert "no AWS credentials were found; give the instance a role" in told
    slow = OSError("When reading information for key 'credentials/x': AWS Error SLOW_DOWN")
    assert type(failure("s3://bucket/credentials/x", "read", slow)) is StoreError


def test_whose_fault_it_is_decides_the_exit_code() -> None:
    assert failure("x", "read", OSError(errno.ENOSPC, "")).exit_code == 1
    assert failure("x", "read", OSError(errno.EACCES, "")).exit_code == 2
    assert issubclass(AccessError, UserError)
