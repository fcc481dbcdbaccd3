"""What Spark is told on this cluster before anybody says anything: EMR's own defaults that matter.

EMR turns dynamic allocation on and serves shuffles from the NodeManagers. The jar of that service
is in no repository, so Spark tracks shuffles itself. The rest is this machine's.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.local.gpus import write_discovery_script
from pipeline.local.hadoop.shape import HadoopShape

DIRECTORY = "spark"
_EMR = {
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.shuffleTracking.enabled": "true",
}
# Many JVMs share a few cores: they compile less, and collect garbage in one thread.
_SMALL_JVMS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def write(directory: Path, shape: HadoopShape, spark_home: str) -> Path:
    """Write `spark-defaults.conf`, and the discovery script of pretended GPUs.

    Returns
    -------
    Path
        The directory: what `SPARK_CONF_DIR` of clients is.
    """
    conf = directory / "conf" / DIRECTORY
    conf.mkdir()
    settings = {
        **_EMR,
        "spark.yarn.jars": f"local:{spark_home}/jars/*",
        "spark.driver.extraJavaOptions": _SMALL_JVMS,
        "spark.executor.extraJavaOptions": _SMALL_JVMS,
        "spark.yarn.am.extraJavaOptions": _SMALL_JVMS,
        "spark.ui.enabled": "false",
    }
    if shape.gpus_per_node:
        script = conf / "discover-gpus"
        write_discovery_script(script, 1)  # a container sees the GPUs that it was given
        settings["spark.executor.resource.gpu.amount"] = "1"
        settings["spark.executor.resource.gpu.discoveryScript"] = str(script)
    lines = [f"{name} {value}\n" for name, value in settings.items()]
    (conf / "spark-defaults.conf").write_text("".join(lines), encoding="utf-8")
    return conf
