"""Nodes as bootstrap's tests have them: what an image is made by runs on one."""

from tests.bootstrap.conftest import needs_namespaces, node, programs

__all__ = ["needs_namespaces", "node", "programs"]
