"""EC2's quotas on instances: virtual cores that run at once, per region and kind.

G and P types each draw on one quota, all sizes together; the general ones draw on a third. Spot has
quotas of its own. New accounts have 0 of those for GPUs, and what already runs counts too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.emr.instances.catalogue import InstanceType


@dataclass(frozen=True)
class Quota:
    """One quota of the service `ec2`.

    Parameters
    ----------
    code, name : str
        As Service Quotas has them.
    """

    code: str
    name: str


# AWS documents no list of the codes. These are what `aws service-quotas` prints in public reports,
# and what public projects that ask for quotas use.
_ON_DEMAND = {
    "g": Quota("L-DB2E81BA", "Running On-Demand G and VT instances"),
    "p": Quota("L-417A185B", "Running On-Demand P instances"),
    "standard": Quota("L-1216C47A", "Running On-Demand Standard instances"),
}
_SPOT = {
    "g": Quota("L-3819A6DF", "All G and VT Spot Instance Requests"),
    "p": Quota("L-7212CCBC", "All P Spot Instance Requests"),
    "standard": Quota("L-34B43A08", "All Standard Spot Instance Requests"),
}
# A, C, D, H, I, M, R, T and Z; families of other kinds begin with several letters: inf, trn, hpc.
_STANDARD = re.compile(r"([acdhimrtz]|im|is)\d.*")


def quota_of_name(name: str, *, spot: bool) -> Quota | None:
    """The quota that instances of any type draw on; None where that is not known."""
    kind = name[0] if re.match(r"(g|gr|p)\d", name) else "standard"
    if kind == "standard" and not _STANDARD.fullmatch(name):
        return None
    return (_SPOT if spot else _ON_DEMAND)[kind]


def quota_of(instance: InstanceType, *, spot: bool) -> Quota:
    """The quota that instances of a type draw on."""
    return (_SPOT if spot else _ON_DEMAND)[instance.name[0]]
