"""Hadoop's files: what each node offers, and where clients find the daemons."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipeline.local.hadoop import settings
from pipeline.local.hadoop.settings import Ports
from pipeline.local.hadoop.shape import HadoopShape

PORTS = Ports(1, 2, 3, 4, 5, 6, 7)


def _read(conf: Path, name: str) -> dict[str, str]:
    found = ElementTree.parse(conf / f"{name}.xml").getroot()
    return {
        each.findtext("name", ""): each.findtext("value", "") for each in found.iter("property")
    }


def test_clients_find_hdfs_and_yarn(tmp_path: Path) -> None:
    conf = settings.write(tmp_path, "client", HadoopShape(2, 2, 4096, 0), PORTS)
    assert _read(conf, "core-site")["fs.defaultFS"] == "hdfs://127.0.0.1:1"
    yarn = _read(conf, "yarn-site")
    assert yarn["yarn.resourcemanager.address"] == "127.0.0.1:5"
    assert yarn["yarn.resourcemanager.webapp.address"] == "127.0.0.1:7"
    assert yarn["yarn.log-aggregation-enable"] == "true"


@pytest.mark.parametrize("gpus", [0, 2])
def test_a_node_offers_what_was_asked_for(gpus: int, tmp_path: Path) -> None:
    conf = settings.write(tmp_path, "node-0", HadoopShape(1, 3, 5000, gpus), PORTS)
    yarn = _read(conf, "yarn-site")
    assert yarn["yarn.nodemanager.resource.cpu-vcores"] == "3"
    assert yarn["yarn.nodemanager.resource.memory-mb"] == "5000"
    own = _read(conf, "node-resources")
    assert own == ({"yarn.nodemanager.resource-type.yarn.io/gpu": "2"} if gpus else {})
    kinds = _read(conf, "resource-types")
    assert kinds == ({"yarn.resource-types": "yarn.io/gpu"} if gpus else {})
    # Else cores and GPUs are not counted.
    calculator = _read(conf, "capacity-scheduler")["yarn.scheduler.capacity.resource-calculator"]
    assert calculator.endswith("DominantResourceCalculator")


def test_nodes_share_no_directories(tmp_path: Path) -> None:
    shape = HadoopShape(2, 2, 4096, 0)
    found = [
        _read(settings.write(tmp_path, name, shape, PORTS), "yarn-site")
        for name in ("node-0", "node-1")
    ]
    for name in ("local-dirs", "log-dirs"):
        assert len({each[f"yarn.nodemanager.{name}"] for each in found}) == 2
