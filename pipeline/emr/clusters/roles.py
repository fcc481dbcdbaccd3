"""The roles of nodes, and what EMR's API calls them."""

from __future__ import annotations

API_NAMES = {"primary": "MASTER", "core": "CORE", "task": "TASK"}
"""By role, the API's name of it; the primary node comes first."""

ROLES = {name: role for role, name in API_NAMES.items()}
"""By the API's name, the role."""
