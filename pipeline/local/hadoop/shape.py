"""How large a cluster of HDFS and YARN is."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.local.state import counted, offer


@dataclass(frozen=True)
class HadoopShape:
    """What is asked for.

    Parameters
    ----------
    nodes : int
        NodeManagers.
    cores_per_node, memory_per_node_mb, gpus_per_node : int
        What YARN may give away on each; the GPUs are counted, not looked for.
    """

    nodes: int
    cores_per_node: int
    memory_per_node_mb: int
    gpus_per_node: int

    def __str__(self) -> str:
        """For example: 2 nodes, each of 2 cores, 4096 MiB, 1 GPU."""
        each = offer(self.cores_per_node, self.memory_per_node_mb, self.gpus_per_node)
        return f"{counted(self.nodes, 'node')}, each of {each}"
