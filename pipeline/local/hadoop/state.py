"""What `local up --yarn` started, as a file that `local down` and `local status` read."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.local.hadoop.shape import HadoopShape
from pipeline.local.state import Daemon

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
    configuration : str
        What `HADOOP_CONF_DIR` of clients is.
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
    daemons: tuple[Daemon, ...]
    shape: HadoopShape
    java_home: str
    python: str
    spark_home: str


def save(state: HadoopState) -> None:
    """Write the file whole, readable by its owner only."""
    path = Path(state.directory, FILE)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(state), file, indent=2)
    part.replace(path)


def load(directory: Path) -> HadoopState | None:
    """The state that is saved in a directory; None when there is none.

    Raises
    ------
    UserError
        When the file is not one of ours.
    """
    path = directory / FILE
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        parts = {
            "daemons": tuple(Daemon(**each) for each in data["daemons"]),
            "shape": HadoopShape(**data["shape"]),
        }
        return HadoopState(**{**data, **parts})
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{path}: cannot be understood ({error}); stop the processes that it names, "
            "then delete it"
        ) from None


def forget(directory: Path) -> None:
    """Delete the saved state."""
    (directory / FILE).unlink(missing_ok=True)
