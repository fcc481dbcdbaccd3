"""CloudFormation templates for tests: read as cfn-lint reads them, and what is in them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfnlint.decode import decode

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted((ROOT / "infra" / "cloudformation").glob("*.yaml"))
NAMES = [path.stem for path in TEMPLATES]
# Where a resource has a policy, and whether its resource * is the resource itself.
_POLICIES = {
    "AssumeRolePolicyDocument": True,
    "PolicyDocument": False,
    "KeyPolicy": True,
}


@dataclass(frozen=True)
class Statement:
    """A statement of a policy, and whose it is."""

    template: str
    resource: str
    kind: str
    sid: str
    content: dict[str, Any]
    of_itself: bool

    @property
    def allows(self) -> bool:
        return bool(self.content["Effect"] == "Allow")

    @property
    def actions(self) -> list[str]:
        return [str(each) for each in listed(self.content["Action"])]

    @property
    def resources(self) -> list[Any]:
        return listed(self.content.get("Resource", []))

    @property
    def conditions(self) -> dict[str, Any]:
        """Condition keys, whatever they are compared by."""
        return {
            key: value
            for compared in self.content.get("Condition", {}).values()
            for key, value in compared.items()
        }

    def __str__(self) -> str:
        return f"{self.template}.yaml: {self.resource}: {self.sid}"


@functools.cache
def load(name: str) -> dict[str, Any]:
    """A template; tags such as !Sub become {"Fn::Sub": ...}."""
    path = ROOT / "infra" / "cloudformation" / f"{name}.yaml"
    template, problems = decode(str(path))
    assert not problems, problems
    assert template is not None
    return dict(template)


def resources(name: str, kind: str) -> dict[str, dict[str, Any]]:
    """A template's resources of a type, by name."""
    found = load(name)["Resources"]
    return {key: each for key, each in found.items() if each["Type"] == f"AWS::{kind}"}


def statements(*names: str) -> list[Statement]:
    """All statements of policies in these templates; of all templates, without a name."""
    return [each for name in names or NAMES for each in _statements_of(name)]


def listed(value: Any) -> list[Any]:
    """A list of what may be one thing or several; both ways of an Fn::If."""
    if isinstance(value, dict) and "Fn::If" in value:
        return [each for way in value["Fn::If"][1:] for each in listed(way)]
    if isinstance(value, list):
        return [each for item in value for each in listed(item)]
    return [] if value == {"Ref": "AWS::NoValue"} else [value]


def text(value: Any) -> str:
    """A value as it is written: what !Sub holds, or the name that is referred to."""
    if isinstance(value, dict):
        ((function, inside),) = value.items()
        return text(inside) if function == "Fn::Sub" else f"{function}:{text(inside)}"
    if isinstance(value, list):
        return ".".join(text(each) for each in value)
    return str(value)


def _statements_of(name: str) -> Iterator[Statement]:
    for resource, body in load(name)["Resources"].items():
        for key, policy in _policies(body.get("Properties", {})):
            for number, content in enumerate(listed(policy["Statement"])):
                sid = str(content.get("Sid", number))
                yield Statement(name, resource, body["Type"], sid, content, _POLICIES[key])


def _policies(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        for key, inside in value.items():
            if key in _POLICIES:
                yield key, inside
            else:
                yield from _policies(inside)
    elif isinstance(value, list):
        for each in value:
            yield from _policies(each)
