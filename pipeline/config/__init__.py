"""A job's configuration: one YAML file, overrides, and all problems reported at once.

Each trainer declares its own `Section`; `pipeline.cli.job_config` puts the sections together.
"""

from pipeline.config.interpolation import DATE_VARIABLE
from pipeline.config.loading import load, read
from pipeline.config.overrides import apply_override, shown
from pipeline.config.provenance import Entry, Loaded
from pipeline.config.redaction import HIDDEN, is_secret, redacted
from pipeline.config.section import Section
from pipeline.config.validation import validate

__all__ = [
    "DATE_VARIABLE",
    "HIDDEN",
    "Entry",
    "Loaded",
    "Section",
    "apply_override",
    "is_secret",
    "load",
    "read",
    "redacted",
    "shown",
    "validate",
]
