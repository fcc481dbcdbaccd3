"""What `local up --yarn` started, as a file that `local down` and `local status` read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.local.hadoop.shape import HadoopShape
from pipeline.local.state import Daemon, read, write_private

FILE = "hadoop.json"


@dataclass(frozen=True)
class HadoopState:
    """A cluster of HDFS and YARN on this machine.

    Parameters
    ----------
    directory : str
        Where its files and logs are.
    ready : bool
        Whether all nodes have registered; until then `up` is at work, or was killed.
    namenode, webhdfs, resourcemanager, webapp : str
        `hdfs://…`, `http://…` (WebHDFS), `host:port` of the ResourceManager, `http://…` (its page).
    configuration, spark_configuration : str
        What `HADOOP_CONF_DIR` and `SPARK_CONF_DIR` of clients are.
    daemons : tuple of Daemon
        The processes started so far.
    shape : HadoopShape
        What was asked for.
    java_home, python, spark_home : str
        What the daemons, jobs and their containers run with.
    """

    directory: str
    ready: bool
    namenode: str
    webhdfs: str
    resourcemanager: str
    webapp: str
    configuration: str
    spark_configuration: str
    daemons: tuple[Daemon, ...]
    shape: HadoopShape
    java_home: str
    python: str
    spark_home: str


def save(state: HadoopState) -> None:
    """Write the file whole, readable by its owner only."""
    write_private(Path(state.directory, FILE), asdict(state))


def load(directory: Path) -> HadoopState | None:
    """The state that is saved in a directory; None when there is none.

    Raises
    ------
    UserError
        When the file is not one of ours.
    """
    return read(directory / FILE, _from_dict)


def forget(directory: Path) -> None:
    """Delete the saved state."""
    (directory / FILE).unlink(missing_ok=True)


def _from_dict(data: dict[str, Any]) -> HadoopState:
    parts = {
        "daemons": tuple(Daemon(**each) for each in data["daemons"]),
        "shape": HadoopShape(**data["shape"]),
    }
    return HadoopState(**{**data, **parts})
