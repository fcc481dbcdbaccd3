"""A cluster file's sections; what they may not say together is in `rules`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from pipeline.config import Section
from pipeline.emr.clusters.rules import Problem, problems_of
from pipeline.emr.instances.release import Release, parse_release, unsupported
from pipeline.errors import UserError


def _subnet(value: str) -> str:
    if not value.startswith("subnet-"):
        raise ValueError("expected the id of a subnet, subnet-…")
    return value


def _image(value: str) -> str:
    if not _IMAGE.fullmatch(value):
        raise ValueError("expected the id of an image, ami-… with hex digits")
    return value


Trainer = Literal["bag", "boost", "deep"]
Subnet = Annotated[str, AfterValidator(_subnet)]
Image = Annotated[str, AfterValidator(_image)]
Price = Annotated[float, Field(gt=0, allow_inf_nan=False)]

FREE_KEYS = ("prices", "tags", "cpu_types")
"""Sections whose keys are names with dots in them."""

_MOST_TYPES = 30
_IMAGE = re.compile(r"ami-[0-9a-f]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def _errors(problems: Iterable[Problem]) -> list[InitErrorDetails]:
    """Problems as pydantic's errors: one for each key, for only one of a key is shown."""
    said: dict[tuple[str | int, ...], list[str]] = defaultdict(list)
    for each in problems:
        said[each.path].append(each.sentence)
    return [
        InitErrorDetails(
            type=PydanticCustomError("cluster", "{said}", {"said": "; and ".join(sentences)}),
            loc=path,
            input={},  # an empty section: the sentences repeat what was given
        )
        for path, sentences in said.items()
    ]


class CpuTypeSettings(Section):
    """The size of a CPU type that this package does not know.

    Attributes
    ----------
    vcpus : int
        Its virtual cores.
    memory_gib : float
        GiB of memory as EMR counts them, which for newer types is a little less than EC2 does.
    """

    vcpus: int = Field(ge=1)
    memory_gib: float = Field(gt=0)


class FleetSettings(Section):
    """The nodes of one role.

    Attributes
    ----------
    types : list of str
        Instance types, of which EC2 gives any; On-Demand, the first one that it has.
    count : int
        How many nodes.
    market : str
        `on_demand` or `spot`; Spot is for task nodes, and for bagging alone.
    disk_gb : int, optional
        GB of a gp3 volume for data on each node; unset: what EMR gives the type.
    """

    types: list[str]
    count: int = Field(default=1, ge=1)
    market: Literal["on_demand", "spot"] = "on_demand"
    disk_gb: int | None = Field(default=None, ge=10, le=1_024)

    @field_validator("types")
    @classmethod
    def _are_some(cls, value: list[str]) -> list[str]:
        if not 1 <= len(value) <= _MOST_TYPES:
            raise ValueError(f"name 1 to {_MOST_TYPES} instance types")
        return value


class RoleSettings(Section):
    """Whose rights are used.

    Attributes
    ----------
    service : str
        The role with which EMR launches and ends instances.
    instances : str
        The instance profile with which nodes read and write S3.
    """

    service: str = Field(min_length=1)
    instances: str = Field(min_length=1)


class LimitSettings(Section):
    """How long what costs money may wait.

    Attributes
    ----------
    idle_minutes : int
        A cluster that does nothing for so long ends by itself.
    spot_minutes : int
        So long EC2 may look for Spot capacity when the cluster starts.
    spot_timeout : str
        What happens then: `terminate` the cluster, or take `on_demand` nodes instead.
    """

    idle_minutes: int = Field(default=30, ge=1, le=10_080)
    spot_minutes: int = Field(default=30, ge=5, le=1_440)
    spot_timeout: Literal["terminate", "on_demand"] = "terminate"


class ClusterSettings(Section):
    """A cluster of EMR on EC2.

    Attributes
    ----------
    name : str
        Begins the cluster's name.
    release : str
        EMR's label.
    os_release : str, optional
        A release of Amazon Linux 2023 to stay with; unset: the newest that EMR has tried.
    image : str, optional
        A custom AMI of all nodes, made from Amazon Linux 2023 with kernel 6.1, in the cluster's
        region; it is not updated when it boots. Unset: EMR's own.
    trainers : list of str
        What shall train on it: `bag`, `boost`, `deep`. The file is held against all of them.
    subnets : list of str
        EMR takes the one whose zone has the instances.
    roles : RoleSettings
        Whose rights are used.
    security_configuration : str, optional
        The name of one in EMR: encryption, IMDSv2.
    primary, core, task : FleetSettings
        The node that leads; those that keep HDFS and train; further ones that train.
    root_volume_gb : int
        GB of each node's root volume, which holds the environment.
    step_concurrency : int
        How many steps run at once.
    limits : LimitSettings
        How long what costs money may wait.
    prices : dict of str to float
        By type, what an hour costs you On-Demand, EMR's fee included; Spot costs no more.
    cpu_types : dict of str to CpuTypeSettings
        Sizes of CPU types that this package does not know.
    tags : dict of str to str
        Of the cluster and its instances.
    """

    name: str
    release: str
    os_release: str | None = Field(default=None, min_length=1)
    image: Image | None = None
    trainers: list[Trainer] = Field(default=["bag", "boost", "deep"])
    subnets: list[Subnet]
    roles: RoleSettings
    security_configuration: str | None = Field(default=None, min_length=1)
    primary: FleetSettings
    core: FleetSettings
    task: FleetSettings | None = None
    root_volume_gb: int = Field(default=40, ge=15, le=100)
    step_concurrency: int = Field(default=1, ge=1, le=256)
    limits: LimitSettings = LimitSettings()
    prices: dict[str, Price] = Field(default_factory=dict)
    cpu_types: dict[str, CpuTypeSettings] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _can_be_a_tag(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("use up to 100 letters, digits, _, . and -, a letter or digit first")
        return value

    @field_validator("trainers")
    @classmethod
    def _train(cls, value: list[Trainer]) -> list[Trainer]:
        if not value:
            raise ValueError("name one at least of bag, boost, deep")
        return value

    @field_validator("release")
    @classmethod
    def _runs_the_jobs(cls, value: str) -> str:
        try:
            problem = unsupported(parse_release(value))
        except UserError as error:
            problem = str(error)
        if problem is not None:
            raise ValueError(problem)
        return value

    @field_validator("subnets")
    @classmethod
    def _is_somewhere(cls, value: list[str]) -> list[str]:
        if not value:
            raise ValueError("name a subnet at least")
        return value

    @model_validator(mode="after")
    def _can_be_had(self) -> ClusterSettings:
        found = problems_of(self, self.trainers)
        if found:
            raise ValidationError.from_exception_data("cluster", _errors(found))
        return self

    @property
    def emr_release(self) -> Release:
        """The release, to be compared."""
        return parse_release(self.release)

    @property
    def workers(self) -> dict[str, FleetSettings]:
        """By role, the fleets whose nodes hold executors."""
        return {"core": self.core} | ({"task": self.task} if self.task is not None else {})

    @property
    def fleets(self) -> dict[str, FleetSettings]:
        """All fleets by role."""
        return {"primary": self.primary} | self.workers
