from __future__ import annotations

import pytest

from pipeline.emr.instances.catalogue import instance_types
from pipeline.emr.instances.quotas import quota_of, quota_of_name


@pytest.mark.parametrize("spot", [False, True])
def test_a_gpu_type_has_the_same_quota_by_its_name(spot: bool) -> None:
    for name, instance in instance_types().items():
        assert quota_of_name(name, spot=spot) == quota_of(instance, spot=spot)


@pytest.mark.parametrize(
    ("name", "spot", "code"),
    [
        ("m6i.xlarge", False, "L-1216C47A"),
        ("m6i.xlarge", True, "L-34B43A08"),
        ("c7gn.large", False, "L-1216C47A"),
        ("im4gn.large", False, "L-1216C47A"),
        ("inf1.xlarge", False, None),
        ("trn1.2xlarge", False, None),
        ("hpc6a.48xlarge", False, None),
        ("x2idn.16xlarge", False, None),
    ],
)
def test_general_types_share_a_quota_and_of_others_it_is_not_known(
    name: str, spot: bool, code: str | None
) -> None:
    found = quota_of_name(name, spot=spot)
    assert (None if found is None else found.code) == code
