"""What DAGs tell each other of: a DAG may have one of these as its schedule."""

from __future__ import annotations

from airflow.sdk import Asset

PUBLISHED_MODEL = Asset("emr_ensembles_published_model")
"""A model was promoted. The event's `extra` says which, and of which date."""
