"""Starting the daemons of Hadoop: their directories, their command lines, their order."""

from __future__ import annotations

import dataclasses
import os
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pyspark

from pipeline.errors import UserError
from pipeline.local import daemons
from pipeline.local.hadoop import settings, spark_defaults
from pipeline.local.hadoop import state as states
from pipeline.local.hadoop.settings import LOOPBACK, Ports
from pipeline.local.hadoop.shape import HadoopShape
from pipeline.local.hadoop.state import HadoopState

_HDFS = "org.apache.hadoop.hdfs.server"
_YARN = "org.apache.hadoop.yarn.server"
_NAMENODE = f"{_HDFS}.namenode.NameNode"
_DATANODE = f"{_HDFS}.datanode.DataNode"
_RESOURCEMANAGER = f"{_YARN}.resourcemanager.ResourceManager"
_NODEMANAGER = f"{_YARN}.nodemanager.NodeManager"
# Small processes that soon are up; Java 17 hides what Hadoop looks into.
_JAVA_OPTIONS = (
    *("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *("--add-opens", "java.base/java.lang=ALL-UNNAMED"),
)
_FORMAT_PATIENCE_S = 60.0
# These two look for pages of theirs, which the jars lack.
_PAGES = ("hdfs", "datanode")


def prepare(directory: Path, shape: HadoopShape, java_home: str) -> HadoopState:
    """Empty directories, and the files of a new cluster."""
    for name in ("conf", "data", "logs", "tmp", "pages"):
        shutil.rmtree(directory / name, ignore_errors=True)
        (directory / name).mkdir()
    for name in _PAGES:
        page = directory / "pages" / "webapps" / name / "WEB-INF"
        page.mkdir(parents=True)
        (page / "web.xml").write_text("<web-app/>\n", encoding="utf-8")
    ports = _free_ports()
    client = settings.write(directory, "client", shape, ports)
    spark_home = str(Path(pyspark.__file__).parent)
    spark_configuration = spark_defaults.write(directory, shape, spark_home)
    for number in range(shape.nodes):
        settings.write(directory, node_name(number), shape, ports)
    state = HadoopState(
        directory=str(directory),
        ready=False,
        namenode=f"hdfs://{LOOPBACK}:{ports.namenode}",
        webhdfs=f"http://{LOOPBACK}:{ports.namenode_web}",
        resourcemanager=f"{LOOPBACK}:{ports.resourcemanager}",
        webapp=f"http://{LOOPBACK}:{ports.yarn_web}",
        configuration=str(client),
        spark_configuration=str(spark_configuration),
        daemons=(),
        shape=shape,
        java_home=java_home,
        python=sys.executable,
        spark_home=spark_home,
    )
    states.save(state)
    return state


def node_name(number: int) -> str:
    """What a node's files are called."""
    return f"node-{number}"


def start(state: HadoopState, jars: Path) -> HadoopState:
    """Start all daemons, noting each before the next: a failed start can be cleaned up."""
    _format(state, jars)
    client = Path(state.configuration)
    wanted = [
        ("NameNode", _NAMENODE, client),
        ("DataNode", _DATANODE, client),
        ("ResourceManager", _RESOURCEMANAGER, client),
        *(
            (f"NodeManager {number}", _NODEMANAGER, client.parent / node_name(number))
            for number in range(state.shape.nodes)
        ),
    ]
    for name, main, conf in wanted:
        log = Path(state.directory) / "logs" / f"{name.lower().replace(' ', '-')}.log"
        daemon = daemons.start(
            name, _command(state, jars, conf, main), _environment(state, conf), log
        )
        state = dataclasses.replace(state, daemons=(*state.daemons, daemon))
        states.save(state)
    return state


def _format(state: HadoopState, jars: Path) -> None:
    """Make HDFS empty."""
    conf = Path(state.configuration)
    command = [*_command(state, jars, conf, _NAMENODE), "-format", "-force", "-nonInteractive"]
    done = subprocess.run(
        command,
        env=_environment(state, conf),
        cwd=state.directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=_FORMAT_PATIENCE_S,
    )
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise UserError(f"HDFS cannot be made in {state.directory}: {' '.join(last)}")


def _command(state: HadoopState, jars: Path, conf: Path, main: str) -> list[str]:
    pages = Path(state.directory) / "pages"
    classpath = os.pathsep.join([str(conf), str(pages), f"{jars}/*"])
    return [f"{state.java_home}/bin/java", *_JAVA_OPTIONS, "-cp", classpath, main]


def _environment(state: HadoopState, conf: Path) -> dict[str, str]:
    """The caller's variables, less those of other Hadoops and Sparks, plus ours."""
    others = ("HADOOP_", "YARN_", "HDFS_", "SPARK_", "PYSPARK_")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(others) and name not in ("PYTHONPATH", "PYTHONHOME", "CLASSPATH")
    }
    path = f"{Path(state.python).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {
        **kept,
        "PATH": path,
        "JAVA_HOME": state.java_home,
        "HADOOP_CONF_DIR": str(conf),
        "HADOOP_HOME": state.directory,
    }


def _free_ports() -> Ports:
    """Ports that nobody has now, all different."""
    with ExitStack() as stack:
        found = []
        for _ in dataclasses.fields(Ports):
            probe = stack.enter_context(socket.socket())
            probe.bind((LOOPBACK, 0))
            found.append(int(probe.getsockname()[1]))
    return Ports(*found)
